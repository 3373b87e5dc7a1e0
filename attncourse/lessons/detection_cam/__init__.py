"""Lesson 09: CAM for a detector. Which box does the picture explain?"""
