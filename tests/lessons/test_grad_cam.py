"""Lesson 07, the text: its answers hold on what the notebook shows; answers that no author listed are judged."""

from __future__ import annotations

import contextlib
import io
import statistics
from collections.abc import Callable
from typing import Any

import jupytext
import pytest
import torch

from attncourse import course, explain, figures, notebook, trained
from attncourse.checking import Exercise, Judge, Report, TestsExercise, ValueExercise, Workbench
from grading.release import build

LESSON = course.lesson("grad_cam")
OURS = ("cam-recall", "cam-breakages", "cam-tests", "cam-ear", "cam-conclusion")
CELLS = {cell.metadata["title"]: cell for cell in jupytext.reads(LESSON.text, fmt="py:percent").cells}

by_exercise = pytest.mark.parametrize("exercise", [pytest.param(course.exercise(one), id=one) for one in OURS])


def answer_of(exercise: Exercise, implementation: Callable[..., Any]) -> Workbench:
    return Workbench(implementation() if exercise.kind == "value" else implementation, trusted=True)


def verdict(exercise_id: str, answer: Any, seed: int = 0) -> Report:
    return Judge(course.exercise(exercise_id), seed).verdict(Workbench(answer))


def shown(*titles: str) -> tuple[dict[str, Any], str]:
    """The names after these cells of the solved notebook, and what they print."""
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for title in titles:
            exec(CELLS[title].source, names)
    return names, printed.getvalue()


@by_exercise
def test_every_answer_of_its_author_is_judged_as_meant(exercise: Exercise) -> None:
    judge = Judge(exercise, seed=1)
    assert judge.verdict(answer_of(exercise, exercise.right)).passed
    for style in exercise.styles:
        report = judge.verdict(answer_of(exercise, style.implementation))
        assert report.passed, (style.name, report.subgoal, report.why)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
    assert len(exercise.misconceptions) >= 3 and len(exercise.hints) >= 4


@by_exercise
def test_words_fit_on_a_screen(exercise: Exercise) -> None:
    for wrong in exercise.misconceptions:
        assert len(wrong.believed) <= 160, wrong.name
        assert len(wrong.why) <= 420, wrong.name
        assert len(wrong.next_step) <= 160, wrong.name


def test_the_notebook_keeps_to_its_measures() -> None:
    for title, cell in CELLS.items():
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 120, title
    assert statistics.median(len(c.source.splitlines()) for c in CELLS.values() if c.cell_type == "code") <= 6


def test_the_choices_before_the_learner_are_those_that_are_judged() -> None:
    for exercise_id, title in (("cam-conclusion", "conclusion-idea"), ("cam-ear", "ear-question")):
        exercise = course.exercise(exercise_id)
        assert isinstance(exercise, ValueExercise) and exercise.choices
        words = " ".join(CELLS[title].source.split())
        for letter, sentence in exercise.choices.items():
            assert f"**{letter}** {sentence}" in words, letter


def test_lesson_00_promised_what_is_quoted() -> None:
    said = " ".join(course.lesson("feature_maps").text.replace("\n#", "\n").split())
    quoted = " ".join(CELLS["ear-idea"].source.split()).split('"')
    assert any(part in said for part in quoted if part.startswith("So the cat ear is"))


def test_the_recalled_number_is_what_autograd_gives() -> None:
    channel = torch.rand(4, 6, requires_grad=True)
    (12 * channel.mean()).backward()
    gradient = channel.grad
    assert gradient is not None and gradient.unique().tolist() == [course.exercise("cam-recall").right()]


def test_the_evidence_tells_which_fault_made_which_map() -> None:
    """What the notebook prints is read as a learner reads it: one sign for each fault, and each found once."""
    _, printed = shown("imports", "load", "faulty", "wrong-maps", "evidence")
    found = {}
    for line in printed.splitlines()[1:]:
        letter, places, lowest, *words = line.replace("below 0", "below-0").split()
        company, cat, dog = words
        signs = {
            "no ReLU": lowest == "below-0",
            "train mode": company == "moves",
            "wrong class": float(dog) == 1.0 and float(cat) < 0.9,
            "wrong layer": places == "64x96",
        }
        assert sum(signs.values()) == 1, line
        found[letter] = next(name for name, sign in signs.items() if sign)
    assert tuple(found[letter] for letter in "ABCD") == course.exercise("cam-breakages").right()


def test_insertion_tells_the_two_maps_apart_and_deletion_does_not() -> None:
    names, _ = shown("imports", "load", "two-maps", "areas")
    random = torch.rand(9, 16, 24, generator=torch.Generator().manual_seed(0))
    deleted, inserted = (area.tolist() for area in names["areas"](names["network"], torch.cat([*names["two"], random])))
    noise, learnt, *chance = inserted
    # "About where the highest lies": 0.4131 beside 0.4136 with one CPU, 0.6042 for the network's.
    assert abs(noise - max(chance)) < 0.03 and learnt > max(chance) + 0.1
    noise, learnt, *chance = deleted
    assert all(min(chance) + 0.02 < own < max(chance) - 0.02 for own in (noise, learnt))


def test_what_is_observed_of_the_five_networks_is_so() -> None:
    sure, covered = {}, {}
    photo = figures.photograph((64, 96), of="whole_cat")
    face = figures.places("face", (64, 96), of="whole_cat")
    for name in trained.TRAINED:
        network = trained.load(name)
        with explain.CAM(network.model, "stages.2") as cam:
            map = explain.scaled(cam(network.images(photo), target=3), (64, 96))
        sure[name] = float(cam.outputs.softmax(dim=1)[0, 3])
        covered[name] = float((map > 0.5)[face].float().mean())
    others = set(trained.TRAINED) - {"resnet20-coordinate"}
    assert sure["resnet20-cbam"] < sure["resnet20-none"] - 0.05
    assert sure["resnet20-coordinate"] > max(sure[name] for name in others) + 0.05
    assert 0 < covered["resnet20-cbam"] - covered["resnet20-none"] < 0.05
    assert covered["resnet20-coordinate"] > max(covered[name] for name in others) + 0.02


@pytest.mark.parametrize("number", [float("nan"), 0.0, 1])
def test_half_right_answers_stop_no_cell_below_them(number: float) -> None:
    """NaN is what a channel of zeros makes of cam-x-grad-cam's commonest mistake; 1 gives integers."""
    names, _ = shown("imports", "load", "two-maps", "areas")
    names |= {
        "capture": lambda *asked: (torch.full((1, 64, 16, 24), number), torch.full((1, 64, 16, 24), number)),
        "grad_cam_map": lambda *asked: torch.full((1, 16, 24), number, requires_grad=isinstance(number, float)),
        "grad_cam": lambda *asked: torch.full((1, 64, 96), number),
        "plus_plus_weights": lambda *asked: torch.full((1, 64), number),
        "x_weights": lambda *asked: torch.full((1, 64), number),
        "two_areas": ["P's", "Q's"],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        for title in ("stand-in", "see-captured", "same-gradient", "see-map", "compare-with-ours", "see-yours"):
            exec(CELLS[title].source, names)
        for title in ("kin", "compare-kin"):
            exec(CELLS[title].source, names)
    assert names["measured_of_it"] != "Q's", "a number of ours beside a map of another's"


def test_grad_cam_and_x_are_one_map_in_the_last_stage_alone() -> None:
    """What the notebook says of its two pictures of kin, from the course's own methods."""
    names, _ = shown("imports", "load")
    network, images = names["network"], names["images"]
    for layer, same in (("stages.2", True), ("stages.1", False)):
        with explain.CAM(network.model, layer) as cam:
            plain = explain.scaled(cam(images, target=3))
        x = explain.scaled(explain.x_grad_cam(cam.activations[0], cam.gradients[0]))
        assert torch.allclose(plain, x, atol=1e-4) is same


def test_the_conclusion_that_passes_is_the_one_that_the_records_allow() -> None:
    record = explain.recorded("localisation")
    names = tuple(name.removeprefix("resnet20-") for name in trained.TRAINED)
    last = record.select(measure="share_inside", method="grad_cam", layer="stages.2", variant=names)
    assert [row["variant"] for row in last] == list(names)
    for row in last:
        assert row.level == 0.25 and row.low is not None and row.low > 0.25, row
    # What the notebook says it observes.
    assert min(last, key=lambda row: row.mean)["variant"] == "cbam"
    assert max(last, key=lambda row: row.mean)["variant"] == "se"
    earlier = record.select(measure="share_inside", method="grad_cam", layer="stages.1", variant=names)
    assert all(0.3 < row.mean < 0.4 for row in earlier)
    assert all(0.65 < row.mean < 0.8 for row in last)
    (gain,) = record.select(measure="deletion_gain", variant="none", method="grad_cam", layer="stages.2")
    assert gain.n == 60 and gain.low is not None and gain.low > 0
    # "Noise draws them as well" is refused: with noise in place of the weights the maps are other maps.
    for row in record.select(measure="randomisation", method="grad_cam", layer="stages.2", variant=names):
        assert abs(row.mean) < 0.5


def test_the_seeds_show_no_attention_whose_maps_point_better() -> None:
    record = explain.recorded("localisation_seeds")
    rows = record.select(measure="share_inside_difference", layer="stages.2", method="grad_cam")
    assert len(rows) == len(trained.TRAINED) - 1
    assert all(row.n == 6 and row.mean < 0 and row.high is not None and row.high < 0 for row in rows)
    shares = record.values["share_inside"]
    # "A little below", and "clearly, in each of the six seeds".
    assert all(0 < none - se < 0.03 for none, se in zip(shares["none"], shares["se"], strict=True))
    assert all(none - cbam > 0.05 for none, cbam in zip(shares["none"], shares["cbam"], strict=True))
    assert record.values["recipe"]["epochs"] == 2


def test_the_classroom_computes_no_picture_of_the_lesson() -> None:
    """A computed value goes along as soon as an answer uses a name that is its, were it a name of its own."""
    solved = build(LESSON).solved
    for cell in solved.cells:
        if cell.get("id") == "cam-recall":
            cell.source += "\n(both, maps, pair, names, sizes, shares, lines, number, numbers, part, right)"
    kept = "\n".join(step.source for step in notebook.steps(solved, LESSON) if not step.exercises)
    assert "def built" in kept
    slow = ("[falls(at_ears)", "explain.around(", "{letter: faulty(", "built(capture,", "built(grad_cam", "load(f")
    assert [call for call in slow if call in kept] == []


def test_what_is_said_of_the_cat_ear_channel_is_what_was_counted() -> None:
    values = explain.recorded("channel").values
    rows = {(row["rule"], row["layer"]): row for row in values["networks"]["resnet20-none"]["channels"]}
    at_ears, for_cats = rows["ears", "stages.1"], rows["cats", "stages.2"]
    assert at_ears["strongest"]["classes"].get("cat", 0) <= 10, "A: no cat-ear detector"
    assert at_ears["strongest"]["classes"]["automobile"] == 78, "as is said"
    assert for_cats["strongest"]["classes"]["cat"] > 50, "B is tempting"
    assert for_cats["misses"]["interval"][0] > 0.15 and for_cats["fires"]["dog"] > 0.5, "B is wrong"
    assert for_cats["area"]["interval"][0] > 0.8, "C, and E is wrong"
    assert for_cats["occlusion"]["mean"]["share_inside_ears"] < for_cats["occlusion"]["chance"], "C"
    gates = {(g["network"], g["layer"]): g["difference"]["interval"] for g in values["gates"] if g["rule"] == "cats"}
    more = ("resnet20-cbam", "stages.2"), ("resnet20-coordinate", "stages.1")
    less = ("resnet20-se", "stages.2"), ("resnet20-coordinate", "stages.2")
    assert all(gates[one][0] > 0.01 for one in more) and all(gates[one][1] < -0.005 for one in less), "both ways"
    elsewhere = values["networks"]["resnet20-none"]["ears_elsewhere"]["stages.1"]
    assert (len(elsewhere), len(set(elsewhere.values()))) == (6, 3)
    assert -0.2 < for_cats["switched_off"]["cat"]["interval"][0] < 0, "D is wrong: some, and most are recognised"


def accepts_two_kinds_of_input(implementation):
    for batch, height, width in ((2, 3, 5), (3, 6, 2)):
        activations, gradients = torch.randn(2, batch, 4, height, width)
        copies = activations.clone(), gradients.clone()
        total = torch.zeros(batch, height, width)
        for k in range(4):
            total += copies[1][:, k].mean((1, 2))[:, None, None] * copies[0][:, k]
        torch.testing.assert_close(implementation(activations, gradients), total.relu(), atol=1e-4, rtol=1e-4)
        assert torch.equal(activations, copies[0]) and torch.equal(gradients, copies[1])
    return True


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("cam-recall", 1 / 2),
        ("cam-recall", torch.tensor(12 / 24)),
        ("cam-breakages", ["Train mode", "wrong class ", "wrong layer", "No ReLU"]),
        ("cam-conclusion", " c"),
        ("cam-tests", accepts_two_kinds_of_input),
    ],
)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_answers_that_no_author_listed_pass(exercise_id: str, answer: Any, seed: int) -> None:
    torch.manual_seed(seed)
    report = verdict(exercise_id, answer, seed)
    assert report.passed and report.score == report.max_score, (report.subgoal, report.why)


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("cam-recall", 0.05),
        ("cam-recall", (0.5, 0.5)),
        ("cam-breakages", ("no ReLU",) * 4),
        ("cam-breakages", ("train mode", "wrong class", "wrong layer")),
        ("cam-conclusion", "G"),
        ("cam-ear", "Z"),
        ("cam-tests", lambda implementation: implementation(*torch.ones(2, 1, 2, 3, 3)).shape == (1, 3, 3)),
        ("cam-tests", lambda implementation: implementation(*torch.ones(2, 1, 2, 3, 3)) is None),
    ],
)
def test_wrong_answers_that_no_author_listed_fail(exercise_id: str, answer: Any) -> None:
    report = verdict(exercise_id, answer)
    assert report.state == "incorrect" and report.score < report.max_score
    assert report.why and report.next_step


def test_a_test_that_calls_nothing_earns_nothing() -> None:
    for careless in (lambda implementation: True, lambda implementation: implementation.__name__ == "grad_cam_map"):
        assert verdict("cam-tests", careless).score == 0


def test_a_test_earns_points_for_what_it_catches() -> None:
    exercise = course.exercise("cam-tests")
    assert isinstance(exercise, TestsExercise)
    judge = Judge(exercise)
    scores = {m.name: judge.verdict(answer_of(exercise, m.implementation)).score for m in exercise.misconceptions}
    assert scores["checks-the-shape-only"] < scores["tests-one-gradient-for-all-places"] < exercise.points


def test_a_stub_is_not_attempted() -> None:
    for exercise_id in OURS:
        assert verdict(exercise_id, None).state == "not attempted"
