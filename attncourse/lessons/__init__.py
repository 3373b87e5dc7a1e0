"""The course: one folder a lesson, the only place where its text, answers, mistakes and hints are written."""
