"""Lesson 04: CBAM, both halves in a row."""
