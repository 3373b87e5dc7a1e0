"""The command ``attncourse``: one verb, one function. Errors are one line with the next step, and exit code 2."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from attncourse import workspace
from attncourse.workspace import Change, Workspace, WorkspaceError

if TYPE_CHECKING:
    from attncourse.course import Lesson
    from attncourse.progress import Standing

DEFAULT_FOLDER = "work"
MARKS = {"correct": "✓", "incorrect": "✗", "not attempted": "○"}


class CommandError(Exception):
    """What is wrong with the command, and the next step, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Exit codes: 0 done, 1 an answer is not right or the doctor found a fault, 2 an error."""
    from attncourse.jupyter import JupyterError
    from attncourse.lab.errors import LabError

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ?, and no traceback
    options = _parser().parse_args(arguments)
    try:
        code = VERBS[options.verb](options)
        sys.stdout.flush()
        return code
    except (CommandError, JupyterError, LabError, WorkspaceError) as error:
        print(f"attncourse: {error}", file=sys.stderr)
    except ImportError as error:
        print(f"attncourse: {error}. What is missing, and the remedy: attncourse doctor", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read the output has enough, as `head` does; Python must not complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return 2


def start(options: argparse.Namespace) -> int:
    """Copy the missing lessons and open JupyterLab on the first unfinished one."""
    from attncourse import jupyter

    here = workspace.find()
    folder = Path(options.folder).absolute() if options.folder else here.folder if here else Path.cwd() / DEFAULT_FOLDER
    space = Workspace(folder)
    _say(space.start())
    lesson = space.first_unfinished() or next(iter(space.lessons()), None)
    if lesson is None:
        raise CommandError("No lesson is released yet. In a checkout: python -m grading release")
    try:
        jupyter.serve(folder, space.notebook(lesson), browser=not options.no_browser)
    except OSError as error:
        raise CommandError(f"JupyterLab cannot run in {folder} ({error.strerror}). Run: attncourse doctor") from error
    except KeyboardInterrupt:
        print("\nStopped. To go on: attncourse start", flush=True)
    return 0


def update(options: argparse.Namespace) -> int:
    """Bring new prose and code into the copies; answers are kept."""
    _say(_folder().update())
    return 0


def reset(options: argparse.Namespace) -> int:
    """Begin a lesson anew; the old copy is set aside."""
    space = _folder()
    _say([space.reset(_lesson(options.lesson))])
    return 0


def progress(options: argparse.Namespace) -> int:
    """Show what was passed."""
    space = _folder()
    standings = space.progress()
    for lesson in space.lessons():
        ids = lesson.exercise_ids
        print(f"{lesson.stem}: {sum(standings[one].passed for one in ids)} of {len(ids)} passed")
        for one in ids:
            print(f"  {MARKS[standings[one].state]} {one:<28} {_words(standings[one])}".rstrip())
    return 0


def check(options: argparse.Namespace) -> int:
    """Run the answers of a notebook and check them."""
    space = _folder()
    wanted: list[str] = []
    if options.what is None:
        lesson = space.first_unfinished() or space.lessons()[-1]
        path = space.notebook(lesson)
    elif options.what.endswith(".ipynb"):
        path = Path(options.what).absolute()
        lesson = _lesson_of_notebook(path)
    elif "-" in options.what:
        lesson, wanted = _lesson_of_exercise(options.what), [options.what]
        path = space.notebook(lesson)
    else:
        lesson = _lesson(options.what)
        path = space.notebook(lesson)
    if not path.exists():
        raise CommandError(f"There is no {path}. To copy the missing lessons: attncourse start")
    command = [sys.executable, "-P", "-m", "attncourse.check_notebook", str(path), lesson.stem, *wanted]
    return subprocess.run(command, cwd=space.folder).returncode


def hint(options: argparse.Namespace) -> int:
    """Show the next rung of an exercise's hint ladder."""
    from attncourse import selfcheck

    _lesson_of_exercise(options.exercise)
    space = _find_folder()
    if space:
        os.chdir(space.folder)
    selfcheck.hint(options.exercise)
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Say what is missing and how to mend it."""
    from attncourse import doctor

    space = _find_folder()
    bad = 0
    for finding in doctor.examine(space.folder if space else None):
        print(finding, flush=True)
        bad += finding.grade == doctor.BAD
    print("All is well." if not bad else f"{bad} to mend: see the arrows above.")
    return 1 if bad else 0


def costs(options: argparse.Namespace) -> int:
    """Show the papers' parameters and multiply-adds beside ours."""
    from attncourse.costs import command

    return command.main([*(f"--table={name}" for name in options.table), *["--all"] * options.all])


def train(options: argparse.Namespace) -> int:
    """Train one network, with attention or without, and write its record."""
    from attncourse.lab import train_command

    return train_command.run(options)


def compare(options: argparse.Namespace) -> int:
    """Train variants with several seeds, and say which differences the data show."""
    from attncourse.lab import compare_command

    return compare_command.run(options)


def explain(options: argparse.Namespace) -> int:
    """Show where a network looks in an image, with the numbers that say whether to believe it."""
    from attncourse.explain import command
    from attncourse.explain.errors import ExplainError

    try:
        return command.run(options)
    except ExplainError as error:
        raise CommandError(str(error)) from error


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "start": start,
    "update": update,
    "reset": reset,
    "progress": progress,
    "check": check,
    "hint": hint,
    "doctor": doctor,
    "costs": costs,
    "train": train,
    "compare": compare,
    "explain": explain,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. What there is: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    from attncourse.lab import compare_command, train_command

    parser = _Parser(prog="attncourse", description="Learn visual attention by building it.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    added: dict[str, Any] = {name: verbs.add_parser(name, help=_summary(verb)) for name, verb in VERBS.items()}
    added["start"].add_argument("folder", nargs="?", metavar="DIR", help=f"your folder (default: {DEFAULT_FOLDER}/)")
    added["start"].add_argument(
        "--no-browser",
        action="store_true",
        default=os.environ.get("NO_BROWSER", "0") not in ("", "0"),
        help="print the address only (as NO_BROWSER=1 does)",
    )
    added["reset"].add_argument("lesson", metavar="LESSON", help="a lesson's name or number: 1, squeeze_excitation")
    added["check"].add_argument(
        "what",
        nargs="?",
        metavar="ID|LESSON|NOTEBOOK",
        help="an exercise, a lesson, a notebook (default: where you are)",
    )
    added["hint"].add_argument("exercise", metavar="ID", help="an exercise: se-squeeze")
    added["costs"].add_argument("--table", action="append", default=[], metavar="NAME", help="cbam4; may be repeated")
    added["costs"].add_argument("--all", action="store_true", help="every table")
    train_command.add_options(added["train"])
    compare_command.add_options(added["compare"])
    _add_explain(added["explain"])
    return parser


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image",
        metavar="IMAGE",
        help="any image file, or a photograph that comes along: cat, whole_cat, grace_hopper",
    )
    for name, shown, said in (
        (
            "host",
            "NAME",
            "resnet50, ..., or module:function or FILE.py:function (default: from the record of --weights)",
        ),
        ("attention", "NAME", "what stands in the host: none, se, cbam, ... (default: from the record, or none)"),
        (
            "weights",
            "FILE",
            "a checkpoint: .safetensors, or a state dict that torch.save wrote; or a network that comes along: "
            "resnet20-none, resnet20-se, resnet20-cbam, resnet20-bam, resnet20-coordinate",
        ),
        ("layer", "NAME", "a layer's dotted name (default: the last one with height and width)"),
        (
            "target",
            "N",
            "a class (3, or its name where a record names it), or module:function or FILE.py:function, outputs -> (B,) "
            "(default: the predicted class)",
        ),
        ("size", "HxW", "of the image for the network (default: from the record, or the shorter side 224)"),
        ("mean", "R,G,B", "what is taken off each channel (default: from the record, or ImageNet's)"),
        ("deviation", "R,G,B", "what each channel is divided by (default: likewise)"),
    ):
        parser.add_argument(f"--{name}", metavar=shown, help=said)
    parser.add_argument("--method", default="grad_cam", help="grad_cam, grad_cam_plus_plus, x_grad_cam or layer_cam")
    parser.add_argument("--out", default="explain.png", metavar="FILE", help="the picture (default: explain.png)")


def _summary(verb: Callable[[argparse.Namespace], int]) -> str:
    return (verb.__doc__ or "").split("\n")[0].rstrip(".")


def _find_folder() -> Workspace | None:
    """The learner's folder around the current one, or the usual one below it."""
    usual = Path.cwd() / DEFAULT_FOLDER
    return workspace.find() or (Workspace(usual) if (usual / workspace.MARK).is_dir() else None)


def _folder() -> Workspace:
    found = _find_folder()
    if found is None:
        raise CommandError("There is no course folder here. To make one: attncourse start")
    return found


def _lesson(name: str) -> Lesson:
    from attncourse import course

    try:
        return course.lesson(name)
    except KeyError as error:
        raise CommandError(error.args[0]) from None


def _lesson_of_exercise(exercise_id: str) -> Lesson:
    from attncourse import course

    try:
        return course.lesson_of(exercise_id)
    except KeyError as error:
        raise CommandError(error.args[0]) from None


def _lesson_of_notebook(path: Path) -> Lesson:
    """By the beginning of its name, so that ``01_squeeze_excitation-Copy1.ipynb`` is known too."""
    from attncourse import course

    found = next((lesson for lesson in course.LESSONS if path.name.startswith(lesson.stem)), None)
    return found or _lesson(path.name)


def _words(standing: Standing) -> str:
    parts = []
    if standing.checks:
        parts.append(f"{standing.best.score:g} of {standing.best.max_score:g} points")
    if standing.hints_used:
        parts.append(f"{standing.hints_used} hints")
    if standing.passed and standing.last.state != "correct":
        parts.append("passed before; the last check did not")
    elif standing.last.diagnosis and not standing.passed:
        parts.append(standing.last.diagnosis)
    return ", ".join(parts)


def _say(changes: Sequence[Change]) -> None:
    for change in changes:
        print(f"{change.lesson}: {change.what}. {change.note}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
