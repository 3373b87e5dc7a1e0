"""The probe of what the module knows of itself: a layer in a plain list is used, and no optimiser ever sees it."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from attncourse.checking.observation import AnswerError
from attncourse.checking.probes import Subject, Violation
from attncourse.checking.report import Witness

LOW, HIGH = 0.2, 0.4
PRECISION = 1e-6


def knows_its_layers(subject: Subject, arguments: tuple[Any, ...], shape: tuple[int, int, int, int]) -> None:
    """Two modules with the same parameters give the same output for an input ``shape``.

    Raises Violation where they do not: something that was drawn at random is not among ``parameters()``.
    """
    x = subject.draw.signed(*shape, low=LOW, high=1.0)
    values: list[Tensor] = []
    results = []
    for _ in range(2):
        try:
            built = subject.build(*arguments, warm=shape)
            values = values or [subject.draw.signed(*size, low=LOW, high=HIGH) for size in built.shapes]
            built.fill(values)
            if not built.outcome(x).stable:
                return  # Another property tells of it.
            results.append(built.run(x))
        except AnswerError:
            return  # The same: that it runs is asked for elsewhere.
    if results[0].shape == results[1].shape and not bool((results[0] - results[1]).abs().max() < PRECISION):
        label = "the outputs of two modules, every parameter set to the same values"
        raise Violation(
            "Two modules with the same parameters give different outputs: one of the layers is not among them.",
            Witness(label, (("x", x[0]),), results[0][0], results[1][0]),
        )
