"""Lesson 02: CBAM's channel attention, the mean and the maximum through one shared MLP."""
