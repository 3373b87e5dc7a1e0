"""Lesson 08: the lab. Does it help, and how would one know?"""
