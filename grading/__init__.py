"""Staff only: release the course, audit it, grade a class. Run as ``python -m grading``."""
