"""One exercise a file; the notebook itself is ``lesson.py``."""
