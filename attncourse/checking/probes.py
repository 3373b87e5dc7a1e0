"""The second layer of judging modules: one property each, in the learner's words, in the order of the subgoals.

A probe is a function of a ``Subject`` that raises ``Violation`` where its property fails. Probes say which subgoal
failed and show the witness, and they alone judge an answer whose parameters do not fit the reference's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from attncourse.checking.candidate import Candidate
from attncourse.checking.draw import Draw
from attncourse.checking.observation import UNUSABLE, AnswerError, Outcome
from attncourse.checking.report import Witness

Found = TypeVar("Found")


class Violation(Exception):
    """A property that does not hold: the sentence about it, and what shows it."""

    def __init__(self, sentence: str, witness: Witness | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.witness = witness


@dataclass(frozen=True)
class Probe:
    """One property: the subgoal in the learner's words, the test, and the step to take where it fails."""

    subgoal: str
    holds: Callable[[Subject], None]
    next_step: str = ""


@dataclass(frozen=True)
class Failure:
    """The first property that failed."""

    subgoal: str
    sentence: str
    next_step: str
    witness: Witness | None


class Subject:
    """A candidate as probes use it: build, fill, run, with errors of the learner's code as AnswerError."""

    def __init__(self, candidate: Candidate, seed: int) -> None:
        self.candidate = candidate
        self.seed = seed
        self.draw = Draw(seed + 77)
        self._found: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What ``find`` gave when ``key`` was asked for first: for what several probes need and is dear to find."""
        if key not in self._found:
            self._found[key] = find()
        return cast(Found, self._found[key])

    def build(self, *arguments: Any, warm: tuple[int, ...] | None = None, dtype: str = "float64") -> Built:
        """Build one module; ``warm`` is the shape ``(B, C, H, W)`` of a first float32 call, for lazy layers."""
        built = Built(self.candidate, self.candidate.build(arguments), self.seed)
        if warm is not None:
            built.run(self.draw.normal(*warm))
            if any(-1 in shape for shape in built.shapes):
                raise AnswerError("LazyError", "a lazy layer has no shape after the first call: it was not used")
        self.candidate.cast(built.handle, dtype)
        return built


class Built:
    """One built module of the candidate."""

    def __init__(self, candidate: Candidate, handle: int, seed: int) -> None:
        self.candidate = candidate
        self.handle = handle
        self.seed = seed

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each parameter."""
        return self.candidate.shapes(self.handle)

    def fill(self, values: Sequence[Tensor]) -> None:
        """Overwrite the parameters, in order."""
        self.candidate.fill(self.handle, values)

    def run(self, x: Tensor, train: bool = False) -> Tensor:
        """The output for ``x``, as a tensor; AnswerError where the code raises or returns something else."""
        seen = self.candidate.run(self.handle, x, self.seed, train, gradients=False, twice=False)
        if seen.raised:
            raise seen.raised
        value = seen.value
        if not isinstance(value, Tensor):
            raise AnswerError(UNUSABLE, f"forward returned {type(value).__name__}, not a tensor")
        return value

    def outcome(self, x: Tensor, train: bool = False, gradients: bool = False) -> Outcome:
        """What was seen: with gradients in one run, without them in two, which tell whether it is stable.

        AnswerError where the code raises.
        """
        seen = self.candidate.run(self.handle, x, self.seed, train, gradients, twice=not gradients)
        if seen.raised:
            raise seen.raised
        return seen


def learns_while_training(arguments: tuple[Any, ...], shape: tuple[int, ...]) -> Probe:
    """The probe that a module built of ``arguments`` passes gradients on to as many parameters in either mode.

    Every exercise's last one: whoever cuts them in training mode alone computes all that is right, and never learns.
    """

    def holds(subject: Subject) -> None:
        built = subject.build(*arguments, warm=shape)
        x = subject.draw.normal(*shape, dtype=torch.float64)
        runs = (built.outcome(x, train, gradients=True).gradients for train in (False, True))
        reached, trained = (sum(one is not None for one in (run or ())[1:]) for run in runs)
        if trained < reached:
            raise Violation(f"In training mode gradients reach {trained} of its {reached} parameters.")

    return Probe(
        "gradients flow back through the answer, in training mode as well",
        holds,
        "What does forward do while self.training is True? .detach(), .data and torch.no_grad() cut the gradient.",
    )


def first_violation(probes: Sequence[Probe], subject: Subject) -> Failure | None:
    """The first property that fails; an exception in the learner's code fails the property that met it."""
    for probe in probes:
        try:
            probe.holds(subject)
        except Violation as found:
            return Failure(probe.subgoal, found.sentence, probe.next_step, found.witness)
        except AnswerError as error:
            sentence = error.told[:1].upper() + error.told[1:]
            where = Witness("where it happened", note=error.where) if error.where else None
            return Failure(probe.subgoal, sentence, probe.next_step, where)
    return None
