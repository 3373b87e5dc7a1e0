"""A course of one tiny lesson, and the notebooks that students make of it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import nbgrader.api
import pytest
from nbformat import NotebookNode

import attncourse.lessons
from attncourse import course
from attncourse.course import Lesson
from grading.release import build

LESSONS = Path(__file__).parent / "tiny_course"
TINY = Lesson(1, "tiny", "tiny", "A tiny lesson")


@pytest.fixture(scope="session", autouse=True)
def one_question_to_alembic() -> Iterator[None]:
    """nbgrader starts a process for every new gradebook, to ask which version its tables have: seconds each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nbgrader.api, "get_alembic_version", functools.cache(nbgrader.api.get_alembic_version))
        yield


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Lesson:
    """The course has this one lesson for the time of a test."""
    monkeypatch.setattr(course, "LESSONS_FOLDER", LESSONS)
    monkeypatch.setattr(course, "LESSONS", (TINY,))
    monkeypatch.setattr(attncourse.lessons, "__path__", [*attncourse.lessons.__path__, str(LESSONS)])
    return TINY


@pytest.fixture
def solved(tiny: Lesson) -> NotebookNode:
    """The tiny lesson, solved."""
    return build(tiny).solved


@pytest.fixture
def blank(tiny: Lesson) -> NotebookNode:
    """The tiny lesson as it is handed out."""
    return build(tiny).blank


@pytest.fixture
def hand_in(tmp_path: Path) -> Callable[..., Path]:
    """Puts a notebook, or bytes, where a student hands it in; returns its path."""

    def put(content: NotebookNode | str | bytes, student: str = "ada", lesson: str = "01_tiny") -> Path:
        path = tmp_path / "submissions" / student / f"{lesson}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return put
