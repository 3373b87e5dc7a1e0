"""The house: who may import whom, how long a file may be, and what no file may hold."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attncourse import course
from attncourse.checking.exercise import IDENTIFIER

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 250
# At 250 lines a file is asked whether it is two. These were asked, and are one.
ASKED = {
    "attncourse/checking/candidate.py": "one wall: what runs a learner's code, the same verbs on both sides",
    "attncourse/checking/judge.py": "one verdict: every branch of it is read together",
    "attncourse/cli.py": "one list: the verbs of the command",
    "attncourse/lessons/bam/_branch_mistakes.py": "one list: the mistakes inside the two branches",
    "attncourse/lessons/bam/_gate_mistakes.py": "one list: the mistakes in joining and applying them",
    "attncourse/lessons/cbam_channel/repair.py": "one exercise",
    "attncourse/lessons/grad_cam/_picture_mistakes.py": "one list: the mistakes between the map and the picture",
    "attncourse/lessons/grad_cam/map.py": "one exercise",
    "attncourse/lessons/squeeze_excitation/_module_mistakes.py": "one list: the mistakes of one exercise",
    "attncourse/notebook.py": "one search: every way in which an answer may have been moved",
}
# Package or module -> what of ours it may import. The first that fits counts.
ARROWS = {
    "attncourse/attention": ("attncourse.attention",),
    "attncourse/hosts": ("attncourse.hosts", "attncourse.attention"),
    "attncourse/detector": ("attncourse.detector", "attncourse.hosts", "attncourse.attention"),
    "attncourse/checking": ("attncourse.checking",),
    "attncourse/figures": ("attncourse.figures",),
    "attncourse/lessons": ("attncourse.lessons", "attncourse.checking", "attncourse.attention"),
    "attncourse/lab": (
        "attncourse.lab",
        "attncourse.hosts",
        "attncourse.attention",
        "attncourse.costs",
        "attncourse.figures",
        "attncourse.storage",
    ),
    "attncourse/trained": ("attncourse.trained", "attncourse.hosts", "attncourse.attention"),
    "attncourse/explain": (
        "attncourse.explain",
        "attncourse.trained",
        "attncourse.hosts",
        "attncourse.attention",
        "attncourse.figures",
        "attncourse.storage",
        # What an attention is called on the command line, the same for both.
        "attncourse.lab.variant",
        "attncourse.lab.errors",
    ),
    "attncourse/environment.py": (),
    "attncourse/storage.py": (),
    "attncourse": ("attncourse",),
    "grading": ("attncourse", "grading"),
}


HOME_FOLDERS = re.compile(r"(?<![\w.<>*])/(?:work|home|root|Users)/\w")
PACKAGE_INDEX = re.compile(r"[p]ypi\.|python[h]osted|whl/[c]pu")
TEXTS = ("*.py", "*.md", "*.toml", "*.txt", "*.yml", "*.ipynb", "Makefile", ".ci/*")


def files(*patterns: str) -> list[Path]:
    """What the project keeps, by pattern; nothing generated for one machine alone."""
    places = [
        ROOT / name for name in ("attncourse", "grading", "tests", "notebooks", "solutions", "benchmarks", "site")
    ]
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    found |= {path for place in places for pattern in patterns for path in place.rglob(pattern)}
    return sorted(path for path in found if path.is_file() and not {"__pycache__", "_build"} & set(path.parts))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules() -> list[Path]:
    """The code that is imported; ``lesson.py`` is a notebook's text and never is."""
    return [
        path for path in files("*.py") if path.name != "lesson.py" and name_of(path).startswith(("attnc", "grading"))
    ]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, those within functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively: write the full name"
            names = [node.module or ""]
            if node.module == "attncourse":
                names = [f"attncourse.{alias.name}" for alias in node.names]
            yield from names


def within(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(one + ".") for one in allowed)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_follow_the_arrows(path: Path) -> None:
    place = next(place for place in ARROWS if name_of(path) == place or name_of(path).startswith(place + "/"))
    ours = {module for module in imports(path) if within(module, ("attncourse", "grading", "tests"))}
    assert {module for module in ours if not within(module, ARROWS[place])} == set()


@pytest.mark.parametrize("path", [path for path in modules() if "attention" in path.parts], ids=name_of)
def test_the_references_need_torch_alone(path: Path) -> None:
    others = {module.split(".")[0] for module in imports(path)} - sys.stdlib_module_names
    assert others <= {"torch", "attncourse"}


def test_no_figure_is_made_by_pyplot() -> None:
    """pyplot keeps every figure, and a style, for the whole process."""
    assert [name_of(path) for path in modules() if "matplotlib.pyplot" in set(imports(path))] == []


def test_a_long_file_was_asked_whether_it_is_two() -> None:
    long = {name_of(path) for path in files("*.py") if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST}
    long = {name for name in long if not name.endswith("/lesson.py")}
    code = {name for name in long if not name.startswith("tests/")}
    assert code - set(ASKED) == set(), "split it, or say in ASKED why it is one"
    assert set(ASKED) - code == set(), "no longer long: take it off ASKED"


def test_every_file_has_a_name_that_says_something() -> None:
    vague = re.compile(r"(utils?|helpers?|misc|common|.*(?<!mobilenet)_v\d+|.*_(new|old))\.py")
    assert [name_of(path) for path in files("*.py") if vague.fullmatch(path.name)] == []


def test_no_file_names_one_machine_or_a_package_index() -> None:
    found = []
    for path in files(*TEXTS):
        text = path.read_text(encoding="utf-8")
        found += [f"{name_of(path)}: {match[0]}" for match in HOME_FOLDERS.finditer(text)]
        found += [f"{name_of(path)}: {match[0]}" for match in PACKAGE_INDEX.finditer(text)]
    assert found == []


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_every_exercise_is_one_file_and_one_cell(lesson: course.Lesson) -> None:
    written = {f"{lesson.prefix}-{path.stem.replace('_', '-')}" for path in lesson.folder.glob("[!_]*.py")}
    written -= {f"{lesson.prefix}-lesson"}
    assert sorted(lesson.exercise_ids) == sorted(written)
    for exercise_id in lesson.exercise_ids:
        assert IDENTIFIER.fullmatch(exercise_id)
        exercise = course.exercise(exercise_id)
        assert exercise.id == exercise_id
        assert exercise.answer.isidentifier()


def test_no_two_lessons_share_a_number_or_a_prefix() -> None:
    for key in ("number", "name", "prefix"):
        values = [getattr(lesson, key) for lesson in course.LESSONS]
        assert len(values) == len(set(values))
    assert [lesson.number for lesson in course.LESSONS] == sorted(lesson.number for lesson in course.LESSONS)
