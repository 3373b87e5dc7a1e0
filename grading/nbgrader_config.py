"""nbgrader's settings for a course folder; ``grading/gradebook.py`` copies this file into it."""

from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
)


class DropEmptyMetadata(NbGraderPreprocessor):
    """Takes away what DeduplicateIds leaves on a doubled cell; the checks after it would stop the whole class."""

    def preprocess_cell(self, cell, resources, index):  # type: ignore[no-untyped-def]
        """Drop empty nbgrader metadata of one cell."""
        if not cell.metadata.get("nbgrader", True):
            del cell.metadata["nbgrader"]
        return cell, resources


c = get_config()  # type: ignore[name-defined]  # noqa: F821

c.CourseDirectory.course_id = "attncourse"
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    DeduplicateIds,
    DropEmptyMetadata,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
# A check cell that was deleted comes back, and scores what the answer is worth.
c.OverwriteCells.add_missing_cells = True
# One cell may take a minute; a loop without end then scores 0, and the cells after it still run.
c.Execute.timeout = 60
c.ClearSolutions.code_stub = {"python": "..."}
# Its own default, grades.csv, is the table that `python -m grading grade` writes.
c.CsvExportPlugin.to = "nbgrader_grades.csv"
