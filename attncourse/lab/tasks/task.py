"""What a task is: a question about small figures, and a drawing of as many pictures as one asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attncourse.lab.tasks.canvas import Draws, Pixels, Whole


@dataclass(frozen=True)
class Task:
    """Attributes:
    name: "xor", "near" or "row".
    title: what figures and tables call it.
    question: what is asked of each picture.
    classes: the two answers.
    figures: two small ones of its kind, (shape, colour) each, that ``arrangement`` moves about.
    draw: pictures uint8 ``(N, 3, 32, 32)`` and their labels ``(N,)`` from draws for N pictures.
    """

    name: str
    title: str
    question: str
    classes: tuple[str, str]
    figures: tuple[tuple[str, str], tuple[str, str]]
    draw: Callable[[Draws], tuple[Pixels, Whole]]
