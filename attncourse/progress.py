"""What a learner has reached: one file an exercise, in ``<folder>/.attncourse/progress/<id>.json``.

A passed exercise stays passed: the best and the last check are both kept. Keeping a record must never stand in the way
of a check, so a folder that cannot be written, or a broken file, leads to a message and no exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attncourse.storage import move_aside, write_atomically

if TYPE_CHECKING:
    from attncourse.checking.report import Report

CORRECT = "correct"
NOT_ATTEMPTED = "not attempted"
STATES = (NOT_ATTEMPTED, "incorrect", CORRECT)
EXERCISE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Check:
    """One check: its state, its points, the misconception that was named, and when it was (ISO time)."""

    state: str = NOT_ATTEMPTED
    score: float = 0.0
    max_score: float = 0.0
    diagnosis: str | None = None
    at: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"a state is one of {', '.join(STATES)}, got {self.state!r}")
        for name in ("score", "max_score"):
            if not isinstance(getattr(self, name), int | float):
                raise ValueError(f"{name} is a number, got {getattr(self, name)!r}")


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with one exercise."""

    exercise: str
    checks: int = 0
    hints_used: int = 0
    best: Check = field(default_factory=Check)
    last: Check = field(default_factory=Check)

    @property
    def state(self) -> str:
        """The state of the best check: what was once correct stays correct."""
        return self.best.state

    @property
    def passed(self) -> bool:
        """Whether the exercise was ever passed."""
        return self.best.state == CORRECT

    def after(self, check: Check) -> Standing:
        """The standing once ``check`` was made."""
        better = (STATES.index(check.state), check.score) > (STATES.index(self.best.state), self.best.score)
        return replace(self, checks=self.checks + 1, last=check, best=check if better else self.best)


class Progress:
    """The records in one folder. ``tell`` is called with a sentence where a record cannot be kept or read."""

    def __init__(self, folder: Path, tell: Callable[[str], None] = print) -> None:
        self.folder = folder
        self._tell = tell

    def record(self, report: Report) -> None:
        """Keep the result of a check. A first check of an answer that is not begun leaves no file."""
        before = self.standing(report.exercise)
        if report.state == NOT_ATTEMPTED and not before.checks:
            return
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        check = Check(report.state, float(report.score), float(report.max_score), report.diagnosis, now)
        self._keep(before.after(check))

    def record_hint(self, exercise_id: str, rung: int) -> None:
        """Keep that the hints up to ``rung`` were seen."""
        before = self.standing(exercise_id)
        if rung > before.hints_used:
            self._keep(replace(before, hints_used=rung))

    def standing(self, exercise_id: str) -> Standing:
        """Where the learner stands; an exercise without a record was not attempted. Raises ValueError for a bad id."""
        if not EXERCISE_ID.fullmatch(exercise_id):
            raise ValueError(f"an exercise id is lower-case words joined by hyphens, got {exercise_id!r}")
        path = self.folder / f"{exercise_id}.json"
        try:
            return _from_json(json.loads(path.read_text(encoding="utf-8")), exercise_id)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._tell(f"Your progress in {exercise_id} cannot be read ({error.strerror}): {path}.")
        except (ValueError, TypeError, RecursionError):
            self._set_aside(path, exercise_id)
        return Standing(exercise_id)

    def broken(self) -> list[Path]:
        """The record files that cannot be understood; nothing is moved."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                _from_json(json.loads(path.read_text(encoding="utf-8")), path.stem)
            except (OSError, ValueError, TypeError, RecursionError):
                found.append(path)
        return found

    def _keep(self, standing: Standing) -> None:
        path = self.folder / f"{standing.exercise}.json"
        try:
            write_atomically(path, json.dumps(asdict(standing), indent=1) + "\n")
        except OSError as error:
            self._tell(
                f"The check is done, but your progress could not be saved ({error.strerror}): {path}. "
                "What was saved before is unharmed. `attncourse doctor` says how to mend it."
            )

    def _set_aside(self, path: Path, exercise_id: str) -> None:
        try:
            kept = move_aside(path, self.folder / "broken")
        except OSError as error:
            self._tell(
                f"Your progress in {exercise_id} is damaged, and could not be set aside ({error.strerror}): {path}."
            )
            return
        self._tell(f"Your progress in {exercise_id} was damaged. It is set aside as {kept}; check the exercise again.")


def _from_json(content: Any, exercise_id: str) -> Standing:
    """Read a record. Raises ValueError or TypeError where it is not one."""
    if not isinstance(content, dict) or content.get("exercise") != exercise_id:
        raise ValueError(f"this is no record of {exercise_id}")
    best, last = (Check(**content.get(name, ())) for name in ("best", "last"))
    return Standing(exercise_id, _count(content, "checks"), _count(content, "hints_used"), best, last)


def _count(content: dict[str, Any], name: str) -> int:
    count = content.get(name)
    if type(count) is not int or count < 0:
        raise ValueError(f"{name} is counted, got {count!r}")
    return count
