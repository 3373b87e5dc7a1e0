"""Lesson 06: coordinate attention."""
