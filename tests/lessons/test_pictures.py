"""Every picture of a lesson stands beside what says whether to believe it.

Three kinds. One shows the values themselves: its axis or its colour bar says all there is. One shows what a module does
whose weights nobody has trained: it must say so, lest it be taken for what attention learns. One is evidence: a number
that was measured in the same notebook stands in it. A new picture is sorted in here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from attncourse import course

VALUES, WEIGHTS, MEASURED = "values", "weights", "measured"
SAYS_WEIGHTS = re.compile(r"random|by hand|weights|parameters zero|gates shut|gates, from the logits")
# Whose maps are evidence; where the numbers stand among the arguments, in order or by name.
MAPS = {"heatmaps": (2, "numbers"), "box_maps": (3, "numbers")}
SORTED = {
    "feature_maps": {
        VALUES: "look-at-the-picture look-at-its-channels make-an-edge-filter see-your-channel stack-four-filters pool "
        "shuffle same-mean sigmoid-curve turn-one-knob-softmax turn-one-knob-sigmoid see-the-trap",
        WEIGHTS: "gate-the-photograph",
        MEASURED: "where-it-answers gallery",
    },
    "squeeze_excitation": {
        VALUES: "see-features see-squeeze shuffle-places see-reduction",
        WEIGHTS: "see-gate turn-the-picture see-scale see-zero-module see-shortcut see-repair",
    },
    "cbam_channel": {
        VALUES: "see-features see-descriptors see-twin",
        WEIGHTS: "see-gates before-after see-growing see-repair",
    },
    "cbam_spatial": {
        VALUES: "see-features see-descriptors see-share",
        WEIGHTS: "hand-made-kernel own-weights see-own see-impulse see-border see-repair",
    },
    "cbam": {VALUES: "see-shares", WEIGHTS: "two-maps see-gates see-places see-before-after see-repair"},
    "bam": {
        VALUES: "see-sum see-identity see-window sum-and-product-maps",
        WEIGHTS: "see-parts see-places see-impulse see-repair",
    },
    "coordinate_attention": {
        VALUES: "make-features see-descriptors see-columns",
        WEIGHTS: "see-product see-rows see-column-gate see-repair",
    },
    "cifar10_lab": {VALUES: "see-tasks", MEASURED: "run-near own-module"},
}

DRAWS = {"bars", "before_after", "curve", "feature_maps", "heatmaps", "image"}
NO_MEASUREMENT = {"len", "list", "str", "range", "zip"}


def cells(folder: str) -> dict[str, str]:
    """The code cells of a lesson by their ids."""
    found = re.split(r"(?m)^# %% ", course.lesson(folder).text)[1:]
    return {head: code for head, _, code in (cell.partition("\n") for cell in found) if "[markdown]" not in head}


def calls(code: str, names: set[str]) -> Iterator[ast.Call]:
    """``figures.NAME(...)`` in it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"figures.{name}" for name in names}:
            yield node


def assigned(code: str) -> dict[str, list[ast.expr]]:
    """What each name is given, anywhere in it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for name in (one.id for one in ast.walk(target) if isinstance(one, ast.Name)):
                    found.setdefault(name, []).append(node.value)
    return found


def is_measured(value: ast.expr, given: dict[str, list[ast.expr]], seen: frozenset[str] = frozenset()) -> bool:
    """Whether something is computed on the way to it, or it is written down as it stands."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in NO_MEASUREMENT):
            return True
        further = given.get(node.id, []) if isinstance(node, ast.Name) and node.id not in seen else []
        if any(is_measured(one, given, seen | {ast.unparse(node)}) for one in further):
            return True
    return False


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    by_name = [one.value for one in call.keywords if one.arg == name]
    return by_name[0] if by_name else call.args[place] if len(call.args) > place else None


def unfounded(code: str) -> list[str]:
    """The maps in it whose numbers were written by hand."""
    given, found = assigned(code), []
    for call in calls(code, set(MAPS)):
        place, name = MAPS[call.func.attr]  # type: ignore[attr-defined]
        maps, numbers = argument(call, place - 1, "maps"), argument(call, place, name)
        if isinstance(maps, ast.Constant) and maps.value is None:
            continue  # nothing is drawn
        if numbers is None or not is_measured(numbers, given):
            found.append(ast.unparse(call))
    return found


@pytest.mark.parametrize("folder", SORTED)
def test_every_picture_is_sorted(folder: str) -> None:
    drawn = {name for name, code in cells(folder).items() if any(calls(code, DRAWS))}
    kinds = [name for names in SORTED[folder].values() for name in names.split()]
    assert drawn == set(kinds) and len(kinds) == len(drawn), "sort the new one in, and say what its kind must say"


@pytest.mark.parametrize("folder", SORTED)
def test_a_picture_says_what_its_kind_must_say(folder: str) -> None:
    code_of = cells(folder)
    for kind, names in SORTED[folder].items():
        for name in names.split():
            given = assigned(code_of[name])
            for call in calls(code_of[name], DRAWS):
                title = next((one.value for one in call.keywords if one.arg == "title"), None)
                words = [title, *(given.get(title.id, []) if isinstance(title, ast.Name) else [])]
                said = " ".join(ast.unparse(one) for one in words if one is not None)
                if kind == WEIGHTS:
                    assert SAYS_WEIGHTS.search(said), f"{folder}, {name}: whose weights? {said}"
                if kind == MEASURED:
                    assert re.search(r"\d+ %|\{", said) or "ONE_SEED" in said, f"{folder}, {name}: no number in {said}"


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_the_numbers_below_maps_are_measured(lesson: course.Lesson) -> None:
    assert unfounded("\n".join(cells(lesson.name).values())) == []


@pytest.mark.parametrize(
    ("numbers", "founded"),
    [
        ('["deletion area 0.2"]', False),
        ('[f"deletion area {0.2}"] * len(maps)', False),
        ("said", False),
        ("mutual", False),
        ('[f"deletion area {area:.2f}"]', True),
        ("numbers=[lines[1]]", True),
        ("told(maps)", True),
    ],
)
def test_a_number_that_was_written_by_hand_is_found(numbers: str, founded: bool) -> None:
    code = """
said = ["area 0.2"]
mutual = other
other = mutual
area = explain.deletion(model, images, maps).areas[0]
lines = [f"{area}", f"{area}"]
figures.heatmaps(image, maps, NUMBERS)
figures.heatmaps(image, None, [])
"""
    assert (unfounded(code.replace("NUMBERS", numbers)) == []) == founded
