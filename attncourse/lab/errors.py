"""What the lab says when something is wrong."""

from __future__ import annotations


class LabError(Exception):
    """One line: what was expected, what came, the next step. The command prints it and ends with exit code 2."""
