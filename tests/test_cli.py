"""The command: what it says, and with which exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from attncourse import check_notebook, cli, doctor, jupyter, workspace
from attncourse.workspace import Workspace

ROOT = Path(cli.__file__).parent.parent
DOUBLE = "def double(x):\n    return 2 * x"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, small_course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test in a folder of its own, with the small course as the course."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "released_folder", lambda: small_course)
    monkeypatch.delenv("NO_BROWSER", raising=False)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Path, bool]]:
    """What JupyterLab was asked to open, in place of JupyterLab."""
    asked: list[tuple[Path, Path, bool]] = []
    monkeypatch.setattr(
        jupyter, "serve", lambda folder, notebook, *, browser: asked.append((folder, notebook, browser))
    )
    return asked


def answer(path: Path, sources: dict[str, str]) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
    nbformat.write(notebook, path)


def test_start_makes_the_folder_and_opens_the_first_lesson(
    served: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["start"]) == 0
    assert served == [(tmp_path / "work", tmp_path / "work" / "01_first.ipynb", True)]
    assert capsys.readouterr().out == "01_first: copied.\n02_second: copied.\n"


def test_start_opens_the_first_unfinished_lesson(space: Workspace, served: list[Any]) -> None:
    for exercise_id in ("one-double", "one-half"):
        space.record(cli_report(exercise_id, "correct"))
    cli.main(["start"])
    assert served[0][1].name == "02_second.ipynb"


def test_start_within_a_folder_stays_in_it(
    space: Workspace, served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (space.folder / "notes").mkdir()
    monkeypatch.chdir(space.folder / "notes")
    cli.main(["start"])
    assert served[0][0] == space.folder.resolve()


@pytest.mark.parametrize(("arguments", "value"), [(["--no-browser"], ""), ([], "1")])
def test_start_without_a_browser(
    served: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], value: str
) -> None:
    monkeypatch.setenv("NO_BROWSER", value)
    cli.main(["start", "mine", *arguments])
    assert served[0][::2] == (tmp_path / "mine", False)


def test_start_in_a_place_that_cannot_be_written(
    served: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main(["start", "file/work"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "attncourse start DIR" in said
    assert served == []


@pytest.mark.parametrize("arguments", [["update"], ["reset", "1"], ["progress"], ["check"], ["check", "one-double"]])
def test_without_a_folder_the_next_step_is_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == "attncourse: There is no course folder here. To make one: attncourse start\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reset", "7"], "No lesson is called '7'. There are: 01_first, 02_second."),
        (["check", "one-duoble"], "Did you mean 'one-double'?"),
        (["check", "other.ipynb"], "No lesson is called 'other.ipynb'"),
        (["check", "01_first-Copy1.ipynb"], "attncourse start"),
        (["hint", "one-duoble"], "Did you mean 'one-double'?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(
    space: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["strat"], ["reset"], ["progress", "more"]])
def test_a_wrong_command_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_update_and_reset_say_what_they_did(
    space: Workspace, small_course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(small_course / "01_first.ipynb", {"intro": "new"})
    assert cli.main(["update"]) == 0
    assert cli.main(["reset", "second"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("01_first: updated. Kept: 0 answers")
    assert lines[1] == "02_second: unchanged."
    assert lines[2].startswith("02_second: reset. Your old copy is ")


def test_progress_shows_states_points_hints_and_diagnosis(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    space.record(cli_report("one-double", "correct"))
    space.record(cli_report("one-double", "incorrect"))
    space.record(cli_report("one-half", "incorrect", "squares"))
    space.record_hint("one-half", 2)
    assert cli.main(["progress"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "01_first: 1 of 2 passed"
    shown = [" ".join(line.split()) for line in lines]
    assert shown[1] == "✓ one-double 2 of 2 points, passed before; the last check did not"
    assert shown[2] == "✗ one-half 0 of 2 points, 2 hints, squares"
    assert shown[4] == "○ two-same"


def test_hint_climbs_the_ladder(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [cli.main(["hint", "one-half"]) for _ in range(2)] == [0, 0]
    assert "Hint 2 of 4: second" in capsys.readouterr().out
    assert space.hints_used("one-half") == 2


def run_check(space: Workspace, monkeypatch: pytest.MonkeyPatch, *wanted: str) -> int:
    """The process that ``attncourse check`` starts, run here, where the small course is known."""
    monkeypatch.chdir(space.folder)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    return check_notebook.main(["01_first.ipynb", "01_first", *wanted])


def test_check_reports_each_exercise_and_records_it(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(space.folder / "01_first.ipynb", {"one-double": DOUBLE, "one-half": "def half(x):\n    return x * x"})
    assert run_check(space, monkeypatch) == 1
    said = capsys.readouterr().out
    assert "✓ one-double: correct" in said
    assert "Diagnosis (squares): You squared it." in said
    assert said.endswith("1 of 2 passed.\n")
    assert [space.progress()[one].state for one in ("one-double", "one-half")] == ["correct", "incorrect"]


def test_check_of_one_exercise(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(space.folder / "01_first.ipynb", {"one-double": DOUBLE})
    assert run_check(space, monkeypatch, "one-double") == 0
    assert "one-half" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "words"),
    [("def half(x)\n    return x", "SyntaxError"), ("raise ValueError('not yet')", "ValueError: not yet")],
)
def test_a_cell_that_fails_is_reported_and_the_others_are_checked(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], source: str, words: str
) -> None:
    answer(space.folder / "01_first.ipynb", {"one-double": DOUBLE, "one-half": source})
    assert run_check(space, monkeypatch) == 1
    said = capsys.readouterr().out
    assert words in said
    assert "Traceback" not in said
    assert "✓ one-double: correct" in said
    assert space.progress()["one-half"].state == "incorrect"


def test_check_of_a_broken_notebook(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (space.folder / "01_first.ipynb").write_text("{")
    assert run_check(space, monkeypatch) == 2
    assert "attncourse reset 01_first" in capsys.readouterr().err


def test_check_runs_in_a_process_of_its_own(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        commands.append((command, cwd))
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    for target in (["two-same"], ["2"], ["work/02_second.ipynb"], []):
        assert cli.main(["check", *target]) == 1
    ends = [command[-3:] for command, _ in commands]
    second = str(space.folder / "02_second.ipynb")
    assert ends == [
        [second, "02_second", "two-same"],
        ["attncourse.check_notebook", second, "02_second"],
        ["attncourse.check_notebook", second, "02_second"],
        ["attncourse.check_notebook", str(space.folder / "01_first.ipynb"), "01_first"],
    ]
    assert {cwd for _, cwd in commands} == {space.folder}


def test_the_doctor_finds_nothing_wrong_here(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "✗" not in said
    for words in (
        "Python 3.",
        "torch",
        "JupyterLab with a Python kernel",
        "Lessons: 2",
        "can be written",
        "Progress files",
    ):
        assert words in said


def test_the_doctor_names_what_is_missing(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (space.hidden / "progress" / "one-half.json").write_text("{")
    versions = {"torch": "2.3.1", "nbgrader": None}
    installed = doctor._installed
    monkeypatch.setattr(
        doctor, "_installed", lambda name: versions.get(name, "99") if name in versions else installed(name)
    )
    monkeypatch.setattr(workspace, "released_folder", lambda: Path("nowhere"))
    found = {finding.text: finding for finding in doctor.examine(space.folder)}
    text = next(text for text in found if "nbgrader is missing" in text)
    assert "torch is 2.3.1, needed is >=2.4" in text
    assert "make setup" in found[text].remedy
    assert any(text.startswith("A damaged progress file") for text in found)
    assert found["Lessons: 0"].grade == doctor.BAD


def test_the_doctor_runs_without_torch(tmp_path: Path) -> None:
    """A torch that cannot be imported is the doctor's case, and no traceback."""
    (tmp_path / "torch.py").write_text("raise ImportError('libc10.so is missing')")
    done = subprocess.run(
        [sys.executable, "-m", "attncourse.cli", "doctor"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 1
    assert "✗ torch cannot be imported: ImportError: libc10.so is missing" in done.stdout
    assert done.stderr == ""


def test_start_without_torch_sends_to_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libc10.so is missing')")
    done = subprocess.run(
        [sys.executable, "-m", "attncourse.cli", "start"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "NO_BROWSER": "1"},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "attncourse doctor" in done.stderr


def cli_report(exercise_id: str, state: str, diagnosis: str | None = None) -> Any:
    from attncourse.checking.report import Report

    return Report(exercise_id, "", state, 2.0 if state == "correct" else 0.0, 2.0, diagnosis=diagnosis)


def test_every_verb_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert all(f"    {verb} " in said for verb in cli.VERBS)


@pytest.mark.parametrize("name", ["torch.py", "random.py", "attncourse.py", "numpy/__init__.py"])
def test_the_doctor_finds_a_file_that_hides_a_library(space: Workspace, name: str) -> None:
    path = space.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x = 1")
    (space.folder / "my_notes.py").write_text("x = 1")
    found = list(doctor._hiding(space.folder))
    assert [finding.grade for finding in found] == [doctor.BAD]
    assert "Rename it" in found[0].remedy


def test_a_reader_who_has_enough_gets_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m attncourse.cli hint se-squeeze 2>err | true"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, timeout=60)
    assert (tmp_path / "err").read_text() == ""
