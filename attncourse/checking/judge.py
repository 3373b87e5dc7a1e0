"""The verdict: one judge for every kind of exercise, the same in the notebook and in the classroom.

The candidate is observed; the same observations of the reference and of every accepted style decide whether it is
right, those of the misconceptions give the mistake its name. Where a module matches neither, the probes decide. The
judge never looks at source text or at names, and never knows in which process the answer runs.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from torch import Tensor

from attncourse.checking.candidate import Candidate, Workbench
from attncourse.checking.exercise import (
    Exercise,
    FunctionExercise,
    Misconception,
    ModuleExercise,
    Style,
    TestsExercise,
    ValueExercise,
)
from attncourse.checking.filled import ALL_PARAMETERS, PARAMETERS, Pattern, observe_module, patterns
from attncourse.checking.observation import AnswerError, Difference, Observation, Outcome, difference, withheld
from attncourse.checking.probes import Subject, first_violation
from attncourse.checking.report import CORRECT, INCORRECT, NOT_ATTEMPTED, Report, Witness

SUBGOALS = {
    "raised": "your code runs without an error",
    "type": "the result is of the right kind",
    "shape": "the result has the right shape",
    "dtype": "the result has the right dtype",
    "value": "the values are right",
    "changed": "the input is left as it was",
    "unstable": "the same input gives the same answer twice",
    "gradient": "gradients flow back through the answer",
}

_Verdicts = list[tuple[str, dict[str, Any]]]

LAYERS = "the layers have the sizes that the task asks for"

NEXT_STEPS = {
    "raised": "Run your code on the input shown and follow it to the line where it stops.",
    "type": "Print type(...) of what you return.",
    "shape": "For the input shown, write down the shape after each of your lines.",
    "dtype": "Find the line that changes the dtype.",
    "value": "Work out one entry of the expected result by hand, and compare it with yours.",
    "changed": "Make a new tensor instead: avoid methods that end in _ and assignments such as x[...] = .",
    "unstable": "Nothing random belongs in the call: layers and weights are made once, before it.",
    "gradient": "Stay in torch: .detach(), .data, .item(), .numpy() and torch.no_grad() cut the gradient.",
}


def judge(exercise: Exercise, candidate: Candidate, seed: int = 0) -> Report:
    """Judge one answer. Whatever the learner's code does, a Report comes back; KeyboardInterrupt passes through."""
    return Judge(exercise, seed).verdict(candidate)


class Judge:
    """Judges any number of answers to one exercise on the inputs of one seed."""

    def __init__(self, exercise: Exercise, seed: int = 0) -> None:
        self.exercise = exercise
        self.seed = seed
        self._known: dict[tuple[Callable[..., Any], Pattern], Known] = {}

    def verdict(self, candidate: Candidate) -> Report:
        """The report on one answer."""
        description = candidate.describe()
        unfit = _unfit(self.exercise, description)
        if description["what"] == "nothing":
            return self._not_attempted()
        if unfit:
            return self._report(INCORRECT, subgoal=f"the answer is {self.exercise.expects}", why=unfit)
        if isinstance(self.exercise, TestsExercise):
            return self._tests(candidate)
        seen = observe(self.exercise, candidate, self.seed)
        if _untouched(seen):
            return self._not_attempted()
        offence = next(
            (o.outcome.raised for o in seen if o.outcome.raised and o.outcome.raised.kind == "OursError"), None
        )
        if offence:
            return self._report(INCORRECT, subgoal="the answer is your own", why=_OURS)
        return self._compare(seen, candidate)

    def observations(self, implementation: Callable[..., Any], left_out: Pattern = ALL_PARAMETERS) -> Known:
        """What a right or wrong answer of the course's own does on this seed; each run at most once.

        ``left_out``: the biases of a module that stay zero (see ``filled.patterns``).
        """
        key = (implementation, left_out)
        if key not in self._known:
            answer = implementation() if self.exercise.kind == "value" else implementation
            bench = Workbench(answer, trusted=True)
            if isinstance(self.exercise, ModuleExercise):
                self._known[key] = Known(observe_module(self.exercise, bench, self.seed, left_out))
            else:
                self._known[key] = Known(iter(observe(self.exercise, bench, self.seed)))
        return self._known[key]

    def _compare(self, seen: Sequence[Observation], candidate: Candidate) -> Report:
        for style in self._right():
            if agree(self.observations(style.implementation), seen):
                return self._report(CORRECT, remark=style.remark)
        parting = _agreement(self._nearest(seen), seen)
        for wrong in self.exercise.misconceptions:
            if any(agree(known, seen, parting) for known in self._variants(wrong, seen)):
                return self._named(wrong, seen)
        if isinstance(self.exercise, ModuleExercise) and self.exercise.probes:
            return self._probe(self.exercise, seen, candidate)
        return self._unnamed(seen)

    def _right(self) -> list[Style]:
        """The right answers that can differ: a module with the reference's parameters and no remark computes the same.

        The audit finds a style for which that does not hold.
        """
        reference = Style("reference", self.exercise.right)
        styles = self.exercise.styles
        if isinstance(self.exercise, ModuleExercise):
            parameters = self._parameters(reference)
            styles = [style for style in styles if style.remark or self._parameters(style) != parameters]
        return [reference, *styles]

    def _parameters(self, style: Style) -> Any:
        return next(iter(self.observations(style.implementation))).outcome.value

    def _variants(self, wrong: Misconception, seen: Sequence[Observation]) -> Iterator[Known]:
        """The misconception as written; a module also without the biases that the answer does not have."""
        left_out = [ALL_PARAMETERS]
        if isinstance(self.exercise, ModuleExercise):
            left_out = patterns(self.exercise, wrong.implementation, seen)
        return (self.observations(wrong.implementation, pattern) for pattern in left_out)

    def _probe(self, exercise: ModuleExercise, seen: Sequence[Observation], candidate: Candidate) -> Report:
        crash = next((o for o in seen if o.outcome.raised), None)
        found = first_violation(exercise.probes, Subject(candidate, self.seed))
        if found is None and crash is None:
            return self._report(CORRECT)
        if found is None:
            return self._unnamed(seen)
        return self._report(
            INCORRECT, subgoal=found.subgoal, why=found.sentence, next_step=found.next_step, witness=found.witness
        )

    def _named(self, wrong: Misconception, seen: Sequence[Observation]) -> Report:
        subgoal, witness, _ = self._first_difference(seen)
        return self._report(
            INCORRECT,
            subgoal=subgoal,
            diagnosis=wrong.name,
            believed=wrong.believed,
            why=wrong.why,
            next_step=wrong.next_step,
            witness=witness,
        )

    def _unnamed(self, seen: Sequence[Observation]) -> Report:
        subgoal, witness, found = self._first_difference(seen)
        step = f'{self._next_step(found.aspect)} Stuck? attncourse.hint("{self.exercise.id}")'
        return self._report(
            INCORRECT, subgoal=subgoal, why=f"{_capital(found.sentence)}.", next_step=step, witness=witness
        )

    def _next_step(self, aspect: str) -> str:
        if not isinstance(self.exercise, ValueExercise):
            return NEXT_STEPS[aspect]
        if self.exercise.choices:
            return f"Choose one of {', '.join(self.exercise.choices)}: a letter in quotes."
        return "Think it through again." if aspect == "value" else "Give the bare value, as the task words it."

    def _first_difference(self, seen: Sequence[Observation]) -> tuple[str, Witness | None, Difference]:
        differing = []
        for want, got in zip(self._nearest(seen), seen, strict=False):
            found = difference(want.outcome, got.outcome)
            if found:
                differing.append((want, got, found))
            if found and found.aspect != "gradient":
                break
        # Wrong values can agree on the smallest input and differ in the gradient there: show where they differ.
        if differing:
            want, got, found = differing[-1] if differing[-1][2].aspect != "gradient" else differing[0]
            if self.exercise.kind == "value":
                # A prediction is worth nothing once the right value is on the screen.
                if not got.outcome.raised:
                    found = withheld(found, want.outcome.value, got.outcome.value)
                return SUBGOALS[found.aspect], None, found
            shown = got.outcome.raised or got.outcome.value
            note = _where(got.outcome) if got.outcome.raised else ""
            witness = Witness(got.label, got.inputs, want.outcome.raised or want.outcome.value, shown, note)
            layers = got.label.startswith(PARAMETERS) and not got.outcome.raised
            return (LAYERS if layers else SUBGOALS[found.aspect]), witness, found
        return SUBGOALS["raised"], None, Difference("raised", "the answer could not be run to its end")

    def _nearest(self, seen: Sequence[Observation]) -> Known:
        """The right answer whose observations agree with ``seen`` the longest: bias or no bias, say."""
        known = [self.observations(style.implementation) for style in self._right()]
        return max(known, key=lambda one: _agreement(one, seen))

    def _tests(self, candidate: Candidate) -> Report:
        exercise = self.exercise
        assert isinstance(exercise, TestsExercise)
        right, wrong = self._examined(candidate, exercise)
        if not any(verdict["called"] for _, verdict in [*right, *wrong]):
            return self._not_attempted()
        refused = [(name, verdict) for name, verdict in right if not verdict["accepts"]]
        missed = [name for name, verdict in wrong if verdict["accepts"]]
        if not refused and not missed:
            return self._report(CORRECT, remark=f"Your test catches all {len(wrong)} wrong implementations.")
        score = exercise.points * (1 - len(refused) / len(right)) * (1 - len(missed) / len(wrong))
        pattern = tuple(verdict["accepts"] for _, verdict in [*right, *wrong])
        known = next((m for m in exercise.misconceptions if self._pattern(exercise, m) == pattern), None)
        counts = (
            f"It accepts {len(right) - len(refused)} of {len(right)} right implementations "
            f"and catches {len(wrong) - len(missed)} of {len(wrong)} wrong ones."
        )
        said = (
            f" On one right implementation it said: {refused[0][1]['said']}."
            if refused and refused[0][1]["said"]
            else ""
        )
        if refused:
            subgoal, step = "it accepts every right implementation", "Find what your test asks beyond the task."
        else:
            subgoal, step = "it catches every wrong implementation", self._escaped(exercise, missed[0])
        return self._report(
            INCORRECT,
            score=round(score, 2),
            subgoal=subgoal,
            diagnosis=known.name if known else None,
            believed=known.believed if known else "",
            why=f"{known.why} {counts}{said}" if known else counts + said,
            next_step=known.next_step if known else step,
        )

    def _examined(self, candidate: Candidate, exercise: TestsExercise) -> tuple[_Verdicts, _Verdicts]:
        """Its verdict on each right and on each wrong implementation.

        In an order of the seed's: a test that counts how often it was asked must not learn which come first.
        """
        right, wrong = exercise.right_implementations, exercise.wrong_implementations
        order = list(enumerate([*right, *wrong]))
        random.Random(self.seed).shuffle(order)
        found = {place: (name, candidate.examine(function)) for place, (name, function) in order}
        verdicts = [found[place] for place in range(len(order))]
        return verdicts[: len(right)], verdicts[len(right) :]

    def _pattern(self, exercise: TestsExercise, wrong: Misconception) -> tuple[bool, ...]:
        bench = Workbench(wrong.implementation, trusted=True)
        functions = [f for _, f in [*exercise.right_implementations, *exercise.wrong_implementations]]
        return tuple(bench.examine(function)["accepts"] for function in functions)

    def _escaped(self, exercise: TestsExercise, name: str) -> str:
        assert exercise.subject is not None
        slipped = next(m for m in exercise.subject.misconceptions if m.name == name)
        return f"One that slips through: {name}. {slipped.why} Which input tells it apart?"

    def _not_attempted(self) -> Report:
        ask = f'attncourse.hint("{self.exercise.id}")'
        step = f"Write your answer in the cell above, then run it and this check. {ask} helps."
        if self.exercise.kind in ("function", "module"):
            step += " If you have begun: the answer returns None, so perhaps a return is missing."
        return self._report(NOT_ATTEMPTED, next_step=step)

    def _report(self, state: str, score: float | None = None, **words: Any) -> Report:
        exercise = self.exercise
        points = float(exercise.points)
        earned = (points if state == CORRECT else 0.0) if score is None else float(score)
        return Report(exercise.id, exercise.title, state, earned, points, seed=self.seed, **words)


_OURS = "This is the course's own code: good to read and to use, but build yours here."


def observe(exercise: Exercise, candidate: Candidate, seed: int) -> list[Observation]:
    """Run the answer as its kind is run."""
    if isinstance(exercise, ModuleExercise):
        return list(observe_module(exercise, candidate, seed))
    if isinstance(exercise, FunctionExercise):
        names = list(inspect.signature(exercise.right).parameters)
        return [
            Observation(
                case.label,
                tuple(zip(names, case.arguments, strict=False)),
                candidate.call(case.arguments, seed, exercise.gradients),
            )
            for case in exercise.draw_cases(seed)
        ]
    try:
        return [Observation("your answer", (), Outcome(candidate.value()))]
    except AnswerError as error:
        return [Observation("your answer", (), Outcome(raised=error))]


class Known:
    """Observations of one of the course's own answers, made one by one as a comparison asks for them."""

    def __init__(self, observations: Iterator[Observation]) -> None:
        self._made: list[Observation] = []
        self._further = observations

    def __iter__(self) -> Iterator[Observation]:
        yield from self._made
        for observation in self._further:
            self._made.append(observation)
            yield observation


def agree(expected: Iterable[Observation], seen: Sequence[Observation], parting: int | None = None) -> bool:
    """Whether two answers did the same on every input.

    ``parting``: where ``seen`` parts from the right answers. Two answers that share a wrong value there are the same
    mistake even if they fail later in other words: a Linear and a convolution complain of one thing differently.
    """
    return _agreement(expected, seen, parting) == len(seen) == sum(1 for _ in expected)


def _agreement(expected: Iterable[Observation], seen: Sequence[Observation], parting: int | None = None) -> int:
    shares = parting is not None and parting < len(seen) and isinstance(seen[parting].outcome.value, Tensor)
    number = 0
    # ``seen`` first: zip would ask a lazy ``expected`` for one observation too many.
    for got, want in zip(seen, expected, strict=False):
        alike = shares and parting is not None and number > parting and _fail_alike(want.outcome, got.outcome)
        if not alike and difference(want.outcome, got.outcome):
            return number
        number += 1
    return number


def _fail_alike(want: Outcome, got: Outcome) -> bool:
    return want.raised is not None and got.raised is not None and want.raised.kind == got.raised.kind


def _untouched(seen: Sequence[Observation]) -> bool:
    """Whether nothing was returned anywhere: the stub as it was handed out. A module with parameters was begun."""
    if any(o.label.startswith(PARAMETERS) and isinstance(o.outcome.value, tuple) and o.outcome.value for o in seen):
        return False
    runs = [o.outcome for o in seen if not o.label.startswith(PARAMETERS)]
    empty = [run.value is None and run.raised is None for run in runs]
    unbuilt = [run.raised is not None and run.raised.kind == "NotImplementedError" for run in runs]
    return bool(runs) and (all(empty) or all(unbuilt))


def _unfit(exercise: Exercise, description: dict[str, Any]) -> str:
    what, kind = description["what"], description["type"]
    if description["ours"]:
        return _OURS
    if exercise.kind == "module":
        if what == "module":
            return (
                f"This is one {kind} already built. Hand in the class itself: {exercise.answer}, without parentheses."
            )
        if what not in ("module class", "function"):
            return f"Expected a class derived from torch.nn.Module, got {kind}."
    if exercise.kind in ("function", "tests") and what not in ("function", "module"):
        return f"Expected a function, got {kind}. Hand in the function itself: {exercise.answer}, without parentheses."
    if exercise.kind == "value" and what not in ("value", "other"):
        return f"Expected a value, got a {what} ({kind}). Hand in its result, not the {what}."
    return ""


def _where(outcome: Outcome) -> str:
    return outcome.raised.where if outcome.raised else ""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
