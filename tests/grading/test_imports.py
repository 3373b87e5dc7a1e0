"""What a lesson stands on: files that its text leads to, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from attncourse import course
from grading.imports import ROOT, Imports


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A package that hands names on, one that does not, and files that nobody imports."""
    texts = {
        "attncourse/__init__.py": "",
        "attncourse/figures/__init__.py": (
            "from attncourse.figures.bars import bars\nfrom attncourse.figures.maps import maps\n"
        ),
        "attncourse/figures/bars.py": "from attncourse import scale\nbars = scale.of\n",
        "attncourse/figures/maps.py": "import torch\nmaps = 1\n",
        "attncourse/scale.py": "def of(): from attncourse.deep import further\n",
        "attncourse/deep/__init__.py": "further = 2\n",
        "attncourse/deep/unused.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def stands_on(root: Path, text: str) -> set[str]:
    lesson = root / "lesson.py"
    lesson.write_text(text)
    return {str(path.relative_to(root)) for path in Imports(root).closure([lesson])} - {"lesson.py"}


@pytest.mark.parametrize(
    "text",
    [
        "from attncourse.figures import bars\nbars()",
        "from attncourse.figures.bars import bars",
        "from attncourse import figures\nfigures.bars()",
        "import attncourse\nattncourse.figures.bars()",
        "import attncourse.figures.bars\nprint(1)",
    ],
)
def test_a_package_that_hands_a_name_on_is_passed_through(small: Path, text: str) -> None:
    assert stands_on(small, text) == {
        "attncourse/figures/bars.py",
        "attncourse/scale.py",
        "attncourse/deep/__init__.py",
    }


def test_a_package_used_as_a_whole_counts_as_a_whole(small: Path) -> None:
    found = stands_on(small, "from attncourse import figures\nfigures.bars()\nprint(figures)")
    assert {"attncourse/figures/__init__.py", "attncourse/figures/maps.py"} <= found


def test_other_packages_are_not_followed(small: Path) -> None:
    assert stands_on(small, "import torch\nfrom numpy import array\nfrom . import here") == set()


def test_a_lesson_stands_on_its_own_probes_and_not_on_those_of_another() -> None:
    lesson = course.lesson("squeeze_excitation")
    found = {str(path.relative_to(ROOT)) for path in Imports().closure(lesson.folder.rglob("*.py"))}
    assert {"attncourse/checking/channel_probes.py", "attncourse/attention/squeeze_excitation.py"} <= found
    assert not any("bam" in path or "coordinate" in path or "electives" in path for path in found)
