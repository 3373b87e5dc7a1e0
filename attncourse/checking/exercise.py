"""What an exercise is: a task, its reference, the mistakes people make in it, and its hints.

An author writes one file an exercise, in the folder of its lesson, and binds the result to the name ``exercise``:

    exercise = FunctionExercise("se-squeeze", answer="squeeze", title=..., points=2, task=..., hints=[...])

    @exercise.reference
    def squeeze(x): ...

    @exercise.accepts                      # another right style
    def adaptive_pooling(x): ...

    @exercise.misconception                # a wrong answer that explains itself
    def averages_the_channels(x):
        '''What the learner believed.

        Why it is wrong.

        The next step.
        '''

    @exercise.cases                        # from the smallest input to the largest
    def cases(draw): yield Case("two channels of 2x3", (draw.integers(1, 2, 2, 3),))

Nothing here runs a learner's code: ``candidate.py`` does, and ``judge.py`` decides.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from attncourse.checking.draw import Draw
from attncourse.checking.probes import Probe

IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LEAST_HINTS = 4


@dataclass(frozen=True)
class Case:
    """One input of a function exercise, with the words in which a learner is told of it.

    ``records``: torch records gradients during the call, for answers that take some; else it runs under ``no_grad``.
    """

    label: str
    arguments: tuple[Any, ...]
    records: bool = False


@dataclass(frozen=True)
class Scenario:
    """One way to build a module and the shapes ``(B, C, H, W)`` to feed it; ``scale`` multiplies the inputs."""

    label: str
    build: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]
    scale: float = 1.0


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that runs, and the three things to say to whoever gives it.

    ``dresses``: the same mistake beside choices that do not matter to it, such as a batch norm or the order of maps.
    """

    name: str
    implementation: Callable[..., Any]
    believed: str
    why: str
    next_step: str
    dresses: tuple[Callable[..., Any], ...] = ()

    @property
    def forms(self) -> tuple[Callable[..., Any], ...]:
        """As it is written, then in each dress."""
        return (self.implementation, *self.dresses)


@dataclass(frozen=True)
class Style:
    """A right answer written in another way; ``remark`` is shown with the pass where a variant deserves one."""

    name: str
    implementation: Callable[..., Any]
    remark: str = ""


@dataclass
class Exercise:
    """The part that every kind of exercise shares.

    ``uses``: earlier exercises that the answer may call. ``equivalents``: statements of mutated references that are
    as right as the reference, each with the reason; the audit asks for one wherever a mutant survives.

    Raises ValueError where the author's text is incomplete: a bad id, fewer than four hints, a misconception
    whose docstring is not three paragraphs, two of one name.
    """

    kind: ClassVar[str] = ""
    expects: ClassVar[str] = ""

    id: str
    answer: str
    title: str
    points: int
    task: str
    hints: Sequence[str]
    uses: Sequence[str] = ()
    equivalents: dict[str, str] = field(default_factory=dict)
    misconceptions: list[Misconception] = field(default_factory=list, init=False)
    styles: list[Style] = field(default_factory=list, init=False)
    _reference: Callable[..., Any] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.id):
            raise ValueError(f"an exercise id is lower-case words joined by hyphens, got {self.id!r}")
        if len(self.hints) < LEAST_HINTS:
            raise ValueError(f"{self.id}: a hint ladder has at least {LEAST_HINTS} rungs, got {len(self.hints)}")
        if self.points < 1:
            raise ValueError(f"{self.id}: points must be at least 1, got {self.points}")

    def reference(self, implementation: Callable[..., Any]) -> Callable[..., Any]:
        """Mark the right answer that all others are compared with (a decorator)."""
        self._reference = implementation
        return implementation

    @property
    def right(self) -> Callable[..., Any]:
        """The reference; ValueError where the author has given none."""
        if self._reference is None:
            raise ValueError(f"{self.id}: no reference; decorate the right answer with @exercise.reference")
        return self._reference

    def accepts(self, implementation: Callable[..., Any] | None = None, *, remark: str = "") -> Callable[..., Any]:
        """Mark a right answer of another style (a decorator, with or without ``remark=``)."""

        def mark(function: Callable[..., Any]) -> Callable[..., Any]:
            self.styles.append(Style(_words(function), function, remark))
            return function

        return mark if implementation is None else mark(implementation)

    def misconception(
        self, implementation: Callable[..., Any], dresses: Iterable[Callable[..., Any]] = ()
    ) -> Callable[..., Any]:
        """Mark a wrong answer (a decorator). Its docstring: what was believed; why it is wrong; the next step.

        ``dresses``: other forms of the same mistake; they need no words of their own.
        """
        paragraphs = [" ".join(part.split()) for part in (inspect.getdoc(implementation) or "").split("\n\n")]
        if len(paragraphs) != 3:
            raise ValueError(
                f"{self.id}: the docstring of {implementation.__name__} needs three paragraphs "
                f"(what was believed, why it is wrong, the next step), got {len(paragraphs)}"
            )
        believed, why, next_step = paragraphs
        name = _words(implementation)
        if any(name == known.name for known in self.misconceptions):
            raise ValueError(f"{self.id}: two misconceptions are called {name}; give one of them as the other's dress")
        self.misconceptions.append(Misconception(name, implementation, believed, why, next_step, tuple(dresses)))
        return implementation


@dataclass
class FunctionExercise(Exercise):
    """The answer is a function; it is compared with the reference on ``cases``, gradients included."""

    kind: ClassVar[str] = "function"
    expects: ClassVar[str] = "a function"
    gradients: bool = True
    _cases: Callable[[Draw], Iterable[Case]] | None = field(default=None, init=False)

    def cases(self, generate: Callable[[Draw], Iterable[Case]]) -> Callable[[Draw], Iterable[Case]]:
        """Mark the generator of inputs (a decorator); the smallest first, because it becomes the witness."""
        self._cases = generate
        return generate

    def draw_cases(self, seed: int) -> list[Case]:
        """The inputs for one seed."""
        if self._cases is None:
            raise ValueError(f"{self.id}: no cases; decorate their generator with @exercise.cases")
        return list(self._cases(Draw(seed)))


@dataclass
class ModuleExercise(Exercise):
    """The answer is a class of ``torch.nn.Module``; filled weights judge and name it, probes explain it."""

    kind: ClassVar[str] = "module"
    expects: ClassVar[str] = "a class derived from torch.nn.Module"
    scenarios: Sequence[Scenario] = ()
    probes: Sequence[Probe] = ()
    fill: tuple[float, float] = (0.1, 0.4)


@dataclass
class ValueExercise(Exercise):
    """The answer is a number, a shape, a tensor or one of ``choices``; distractors are its misconceptions.

    The reference and the misconceptions are functions without arguments that return the value.
    """

    kind: ClassVar[str] = "value"
    expects: ClassVar[str] = "a value"
    choices: dict[str, str] = field(default_factory=dict)


@dataclass
class TestsExercise(Exercise):
    """The answer is a function ``check(implementation)`` that accepts right ones and rejects wrong ones.

    The right and wrong implementations are those of ``subject``, an exercise of functions. ``check`` accepts by
    returning ``True`` or ``None``, and rejects by returning ``False`` or raising.
    """

    __test__: ClassVar[bool] = False
    kind: ClassVar[str] = "tests"
    expects: ClassVar[str] = "a function that takes one implementation"
    subject: FunctionExercise | None = None

    @property
    def right_implementations(self) -> list[tuple[str, Callable[..., Any]]]:
        """Name and function of what must be accepted."""
        assert self.subject is not None, f"{self.id}: give subject=, the exercise whose answers are tested"
        return [("reference", self.subject.right), *((s.name, s.implementation) for s in self.subject.styles)]

    @property
    def wrong_implementations(self) -> list[tuple[str, Callable[..., Any]]]:
        """Name and function of what must be rejected."""
        assert self.subject is not None, f"{self.id}: give subject=, the exercise whose answers are tested"
        return [(m.name, m.implementation) for m in self.subject.misconceptions]


def _words(function: Callable[..., Any]) -> str:
    """``OneMLPEach`` and ``one_mlp_each`` -> ``one-mlp-each``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", function.__name__)
    return parted.replace("_", "-").lower().strip("-")
