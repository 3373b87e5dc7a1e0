"""The verdict: one judge for every kind of exercise, the same in the notebook and in the classroom.

The candidate is observed; the same observations of the reference and of every accepted style decide whether it is
right, those of the misconceptions give the mistake its name. Where a module matches neither, the probes decide. The
judge never looks at source text or at names, and never knows in which process the answer runs.
"""

from __future__ import annotations

import inspect
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
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
from attncourse.checking.filled import ALL_PARAMETERS, PARAMETERS, Pattern, observe_module
from attncourse.checking.observation import AnswerError, Difference, Observation, Outcome, difference, withheld
from attncourse.checking.ours import Ours, parts
from attncourse.checking.probes import Subject, first_violation, learns_while_training
from attncourse.checking.report import CORRECT, INCORRECT, NOT_ATTEMPTED, Report, Witness

SUBGOALS = {
    "raised": "your code runs without an error",
    "type": "the result is of the right kind",
    "shape": "the result has the right shape",
    "dtype": "the result has the right dtype",
    "value": "the values are right",
    "changed": "the input is left as it was",
    "left": "the network is left as it was",
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
    "left": "Undo it behind the call, in a finally: then it is undone after an error too.",
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
        self._known: dict[tuple[Callable[..., Any], Pattern], Seen] = {}
        self._ours: dict[Callable[..., Any], Ours] = {}
        self._glimpses: dict[tuple[Callable[..., Any], Pattern], Any] = {}

    def verdict(self, candidate: Candidate, seen: Seen | None = None) -> Report:
        """The report on one answer; ``seen``: its observations, where they are made elsewhere."""
        description = candidate.describe()
        unfit = _unfit(self.exercise, description)
        if description["what"] == "nothing":
            return self._not_attempted()
        if unfit:
            return self._report(INCORRECT, subgoal=f"the answer is {self.exercise.expects}", why=unfit)
        if isinstance(self.exercise, TestsExercise):
            return self._tests(candidate)
        seen = seen or Seen(observe(self.exercise, candidate, self.seed))
        if _untouched(seen):
            return self._not_attempted()
        if _calls_ours(seen):
            return self._report(INCORRECT, subgoal="the answer is your own", why=_OURS)
        return self._compare(seen, candidate)

    def observations(self, implementation: Callable[..., Any], left_out: Pattern = ALL_PARAMETERS) -> Seen:
        """What a right or wrong answer of the course's own does on this seed; each run at most once.

        ``left_out``: the biases of a module that stay zero (see ``filled.patterns``).
        """
        key = (implementation, left_out)
        if key not in self._known:
            answer = implementation() if self.exercise.kind == "value" else implementation
            bench = Workbench(answer, trusted=True)
            self._known[key] = Seen(observe(self.exercise, bench, self.seed, left_out))
        return self._known[key]

    def _compare(self, seen: Seen, candidate: Candidate) -> Report:
        for style in self._right(seen):
            if agree(self.observations(style.implementation), seen):
                return self._report(CORRECT, remark=style.remark)
        parting, _ = _agreement(self._nearest(seen), seen)
        for wrong, form in self._mistakes():
            if any(agree(self.observations(form, pattern), seen, parting) for pattern in self._patterns(form, seen)):
                return self._named(wrong, seen)
        if isinstance(self.exercise, ModuleExercise) and self.exercise.probes:
            return self._probe(self.exercise, seen, candidate)
        return self._unnamed(seen)

    def _right(self, seen: Seen) -> list[Style]:
        """The right answers that ``seen`` may be.

        A module with the reference's parameters and no remark computes the same as the reference; the audit finds a
        style for which that does not hold. One with other parameters than those that were seen is another answer.
        """
        reference = Style("reference", self.exercise.right)
        styles = self.exercise.styles
        if isinstance(self.exercise, ModuleExercise):
            wanted = next((one.outcome.value for one in seen), None)
            plain = self._of(self.exercise, self.exercise.right).signature
            own = [(style, self._of(self.exercise, style.implementation).signature) for style in styles]
            styles = [s for s, shapes in own if shapes in (wanted, None) and (s.remark or shapes != plain)]
        return [reference, *styles]

    def _of(self, exercise: ModuleExercise, implementation: Callable[..., Any]) -> Ours:
        if implementation not in self._ours:
            self._ours[implementation] = Ours(exercise, implementation)
        return self._ours[implementation]

    def _mistakes(self) -> Iterator[tuple[Misconception, Callable[..., Any]]]:
        """Every misconception as it is written, then every one in its dresses."""
        known = self.exercise.misconceptions
        yield from ((wrong, wrong.implementation) for wrong in known)
        yield from ((wrong, dress) for wrong in known for dress in wrong.dresses)

    def _patterns(self, form: Callable[..., Any], seen: Seen) -> Iterator[Pattern]:
        """The biases to leave out of a wrong answer: none, or those of a module that the answer does not have either.

        Those alone with which, at a glimpse, it may be the same.
        """
        if not isinstance(self.exercise, ModuleExercise):
            yield ALL_PARAMETERS
            return
        ours = self._of(self.exercise, form)
        for pattern in ours.patterns(seen):
            key = (form, pattern)
            if key not in self._glimpses:
                self._glimpses[key] = ours.glimpse(self.seed, pattern)
            if not parts(self._glimpses[key], seen):
                yield pattern

    def _probe(self, exercise: ModuleExercise, seen: Seen, candidate: Candidate) -> Report:
        first = exercise.scenarios[0]
        probes = (*exercise.probes, learns_while_training(tuple(first.build), first.shapes[-1]))
        found = first_violation(probes, Subject(candidate, self.seed))
        if found is not None:
            return self._report(
                INCORRECT, subgoal=found.subgoal, why=found.sentence, next_step=found.next_step, witness=found.witness
            )
        # Whatever its parameters are: in every scenario it runs as a right one does, but for the numbers.
        for want, got in zip(self.observations(exercise.right), seen, strict=False):
            layers = got.label.startswith(PARAMETERS) and isinstance(got.outcome.value, tuple)
            odd = None if layers else difference(want.outcome, got.outcome, values=False)
            if odd:
                return self._unlike(odd, SUBGOALS[odd.aspect], _witness(want, got))
        return self._report(CORRECT)

    def _named(self, wrong: Misconception, seen: Seen) -> Report:
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

    def _unnamed(self, seen: Seen) -> Report:
        subgoal, witness, found = self._first_difference(seen)
        return self._unlike(found, subgoal, witness)

    def _unlike(self, found: Difference, subgoal: str, witness: Witness | None) -> Report:
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

    def _first_difference(self, seen: Seen) -> tuple[str, Witness | None, Difference]:
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
            layers = got.label.startswith(PARAMETERS) and not got.outcome.raised
            return (LAYERS if layers else SUBGOALS[found.aspect]), _witness(want, got), found
        return SUBGOALS["raised"], None, Difference("raised", "the answer could not be run to its end")

    def _nearest(self, seen: Seen) -> Seen:
        """The right answer whose observations agree with ``seen`` the longest: bias or no bias, say."""
        known = [self.observations(style.implementation) for style in self._right(seen)]
        return max(known, key=lambda one: _agreement(one, seen))

    def _tests(self, candidate: Candidate) -> Report:
        exercise = self.exercise
        assert isinstance(exercise, TestsExercise)
        right, wrong = self._examined(candidate, exercise)
        if not any(verdict["called"] for _, verdict in [*right, *wrong]):
            return self._stopped_early(right[0][1]["said"])
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

    def _stopped_early(self, said: str) -> Report:
        """On tests that never called the implementation: not written yet, or stopped by an error before."""
        if not said:
            return self._not_attempted()
        why = f"It called no implementation: before, your code raised {said}."
        step = f"Run {self.exercise.answer}(...) on an answer of your own, and follow it to the line where it stops."
        return self._report(INCORRECT, subgoal=SUBGOALS["raised"], why=why, next_step=step)

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


def observe(
    exercise: Exercise, candidate: Candidate, seed: int, left_out: Pattern = ALL_PARAMETERS
) -> Iterator[Observation]:
    """Run the answer as its kind is run, one observation after the other; ``left_out`` as in ``observe_module``."""
    if isinstance(exercise, ModuleExercise):
        yield from observe_module(exercise, candidate, seed, left_out)
    elif isinstance(exercise, FunctionExercise):
        names = list(inspect.signature(exercise.right).parameters)
        for case in exercise.draw_cases(seed):
            inputs = tuple(zip(names, case.arguments, strict=False))
            outcome = candidate.call(case.arguments, seed, exercise.gradients, case.records)
            yield Observation(case.label, inputs, outcome)
    else:
        try:
            yield Observation("your answer", (), Outcome(candidate.value()))
        except AnswerError as error:
            yield Observation("your answer", (), Outcome(raised=error))


class Seen:
    """Observations of one answer, made when a comparison asks for them, and each once: most part at the first."""

    def __init__(self, observations: Iterator[Observation]) -> None:
        self._made: list[Observation] = []
        self._further = observations

    def __iter__(self) -> Iterator[Observation]:
        for place in itertools.count():
            if place == len(self._made):
                further = next(self._further, None)
                if further is None:
                    return
                self._made.append(further)
            yield self._made[place]


def agree(expected: Iterable[Observation], seen: Iterable[Observation], parting: int | None = None) -> bool:
    """Whether two answers did the same on every input.

    ``parting``: where ``seen`` parts from the right answers. Two answers that share a wrong value there are the same
    mistake even if they fail later in other words: a Linear and a convolution complain of one thing differently.
    """
    return _agreement(expected, seen, parting)[1]


def _agreement(
    expected: Iterable[Observation], seen: Iterable[Observation], parting: int | None = None
) -> tuple[int, bool]:
    """How many observations agree from the first on, and whether these are all of both."""
    shares, number = False, 0
    for got, want in itertools.zip_longest(seen, expected):
        if got is None or want is None:
            return number, False
        alike = shares and _fail_alike(want.outcome, got.outcome)
        if not alike and difference(want.outcome, got.outcome):
            return number, False
        shares = shares or (number == parting and isinstance(got.outcome.value, Tensor))
        number += 1
    return number, True


def _fail_alike(want: Outcome, got: Outcome) -> bool:
    return want.raised is not None and got.raised is not None and want.raised.kind == got.raised.kind


def _untouched(seen: Iterable[Observation]) -> bool:
    """Whether nothing was returned anywhere: the stub as it was handed out. A module with parameters was begun."""
    ways: set[str] = set()
    for observation in seen:
        outcome = observation.outcome
        if observation.label.startswith(PARAMETERS):
            if isinstance(outcome.value, tuple) and outcome.value:
                return False
        elif outcome.raised is not None:
            ways.add(outcome.raised.kind)
        else:
            ways.add("" if outcome.value is None else "something")
        if ways - {"", "NotImplementedError"} or len(ways) > 1:
            return False
    return bool(ways)


def _calls_ours(seen: Iterable[Observation]) -> bool:
    """Whether the first run, or what was to come before it, was stopped because it reached for the course's own."""
    for observation in seen:
        raised = observation.outcome.raised
        if raised is not None or not observation.label.startswith(PARAMETERS):
            return raised is not None and raised.kind == "OursError"
    return False


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


def _witness(want: Observation, got: Observation) -> Witness:
    raised = got.outcome.raised
    expected = want.outcome.raised or want.outcome.value
    return Witness(got.label, got.inputs, expected, raised or got.outcome.value, raised.where if raised else "")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
