"""Lesson 07: Grad-CAM. Where does it look, and when to believe it?"""
