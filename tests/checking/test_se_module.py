"""se-module judges answers that its author never saw: none of the right ones refused, none of the wrong ones accepted.

Measured over more seeds than run here: 38 right ones over 10 seeds, 293 wrong ones over 5 seeds, by the judge and by
the probes alone.
"""

from __future__ import annotations

import pytest

from attncourse.checking import Judge, Workbench
from attncourse.checking.channel_probes import MEAN_GATE_PROBES
from attncourse.checking.probes import Subject, first_violation
from attncourse.lessons.squeeze_excitation.module import exercise
from tests.checking import se_hold_out, se_right, se_wrong


def each_mistake_once(answers: dict[str, type]) -> dict[str, type]:
    """Each mistake in one of its two forms, in turn: two Linear layers, or all weights in one vector."""
    mistakes = list(dict.fromkeys(name.partition(", ")[0] for name in answers))
    forms = {mistake: ("layers", "vector")[number % 2] for number, mistake in enumerate(mistakes)}
    return {n: a for n, a in answers.items() if n.partition(", ")[2] in ("", forms[n.partition(", ")[0]])}


RIGHT = {**se_right.RIGHT, **se_hold_out.RIGHT}
WRONG = each_mistake_once({**se_wrong.WRONG, **se_hold_out.WRONG})
JUDGES = [Judge(exercise, seed) for seed in range(5)]


def test_there_are_many_of_each() -> None:
    assert len(RIGHT) >= 25
    assert len(WRONG) >= 60


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_in_another_style_is_accepted(name: str) -> None:
    seed = list(RIGHT).index(name) % 5
    report = JUDGES[seed].verdict(Workbench(RIGHT[name]))
    assert report.passed, f"{report.subgoal}: {report.why}"
    assert report.score == 4.0


@pytest.mark.parametrize("style", exercise.styles, ids=lambda style: style.name)
def test_the_probes_alone_accept_every_style(style) -> None:
    for seed in (11, 12):
        assert first_violation(MEAN_GATE_PROBES, Subject(Workbench(style.implementation, trusted=True), seed)) is None


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_refused_with_a_subgoal_and_a_next_step(name: str) -> None:
    seed = list(WRONG).index(name) % 5
    report = JUDGES[seed].verdict(Workbench(WRONG[name]))
    assert not report.passed
    assert report.score == 0.0
    assert report.subgoal
    assert report.why


@pytest.mark.parametrize("mistake", exercise.misconceptions, ids=lambda mistake: mistake.name)
def test_a_misconception_is_named_and_refused_by_the_probes_alone(mistake) -> None:
    report = JUDGES[0].verdict(Workbench(mistake.implementation, trusted=True))
    assert report.diagnosis == mistake.name
    assert first_violation(MEAN_GATE_PROBES, Subject(Workbench(mistake.implementation, trusted=True), 0)) is not None


def test_a_misconception_is_named_without_biases_too() -> None:
    import torch
    from torch import nn

    class LikeTheBlogs(nn.Module):
        def __init__(self, channel, reduction=16):
            super().__init__()
            hidden = max(1, channel // reduction)
            self.fc = nn.Sequential(
                nn.Linear(channel, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, channel, bias=False)
            )

        def forward(self, x):
            return x * torch.softmax(self.fc(x.mean((2, 3))), 1)[:, :, None, None]

    assert JUDGES[0].verdict(Workbench(LikeTheBlogs)).diagnosis == "softmax-gate"


def test_two_that_fail_in_other_words_are_one_mistake() -> None:
    """A Linear and a convolution complain differently of what H x H pooling leaves."""
    from torch import nn
    from torch.nn import functional

    class WithConvolutions(nn.Module):
        def __init__(self, channels, reduction=16):
            super().__init__()
            hidden = max(1, channels // reduction)
            self.one, self.two = nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)

        def forward(self, x):
            return x * self.two(self.one(functional.avg_pool2d(x, x.shape[2])).relu()).sigmoid()

    assert JUDGES[0].verdict(Workbench(WithConvolutions)).diagnosis == "square-pooling"


def test_no_two_misconceptions_share_a_name() -> None:
    names = [mistake.name for mistake in exercise.misconceptions]
    assert len(names) == len(set(names)) >= 12


def test_the_learner_sees_a_small_witness() -> None:
    report = JUDGES[0].verdict(Workbench(se_wrong.WRONG["median, vector"]))
    assert report.subgoal == "the gates depend on the mean of each channel, and on nothing else of it"
    assert report.witness is not None
    assert report.witness.expected.numel() == 4
