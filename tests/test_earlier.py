"""``attncourse.yours``: an answer of an earlier lesson, taken from the learner's folder."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import torch

import attncourse
from attncourse import course
from attncourse.workspace import Workspace
from grading.release import build

LESSON = course.LESSONS[1]


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with a solved lesson 01."""
    space = Workspace(tmp_path, tell=lambda words: None)
    space.start()
    monkeypatch.chdir(tmp_path)
    path = space.notebook(LESSON)
    nbformat.write(build(LESSON).solved, path)
    return path


def changed(path: Path, exercise_id: str, source: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.id == exercise_id).source = source
    nbformat.write(notebook, path)


def test_it_is_the_learners_own_class(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = attncourse.yours("se-module")
    assert found.__module__ == "answers_of_squeeze_excitation" and capsys.readouterr().out == ""
    x = torch.randn(2, 8, 3, 5)
    assert found(8, reduction=2)(x).shape == x.shape
    assert attncourse.yours("se-squeeze")(x).shape == (2, 8)


def test_a_wrong_one_is_not_handed_over(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(notebook, "se-squeeze", "def squeeze(x):\n    print('hello')\n    return x.mean(dim=1)")
    assert attncourse.yours("se-squeeze") is None
    assert capsys.readouterr().out.endswith(f"it is incorrect in {notebook.name}, as last saved.\n")


def test_a_missing_one_is_told(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(notebook, "se-squeeze", "def squeeze(x):\n    ...")
    assert attncourse.yours("se-squeeze") is None
    assert "it is not attempted" in capsys.readouterr().out


def test_one_that_raises_is_told_and_the_lesson_goes_on(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(notebook, "se-squeeze", "def squeeze(x):\n    return 1\n\nraise ValueError('no')")
    assert attncourse.yours("se-squeeze") is None
    assert "ValueError: no" in capsys.readouterr().out


def test_a_broken_notebook_is_told(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook.write_text("{", encoding="utf-8")
    assert attncourse.yours("se-module") is None
    assert f"{notebook.name} cannot be read" in capsys.readouterr().out


def test_without_a_folder_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert attncourse.yours("se-module") is None
    assert "there is no course folder here" in capsys.readouterr().out


def test_an_unknown_exercise_is_an_error() -> None:
    with pytest.raises(KeyError, match="se-module"):
        attncourse.yours("se-modul")
