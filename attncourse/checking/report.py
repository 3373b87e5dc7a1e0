"""What a check tells: whether it passed, and if not, what was misunderstood, shown on the smallest input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CORRECT = "correct"
INCORRECT = "incorrect"
NOT_ATTEMPTED = "not attempted"
SHOWN_VALUES = 200


@dataclass(frozen=True)
class Witness:
    """The smallest failing input: what went in, what was expected and what came out."""

    label: str
    inputs: tuple[tuple[str, Any], ...] = ()
    expected: Any = None
    got: Any = None
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The verdict on one answer.

    ``state`` is "correct", "incorrect" or "not attempted"; ``score`` is a float between 0 and ``max_score``.
    ``subgoal`` is the first property that failed, in words; ``diagnosis`` a misconception's name, or None.
    """

    exercise: str
    title: str
    state: str
    score: float
    max_score: float
    subgoal: str = ""
    diagnosis: str | None = None
    believed: str = ""
    why: str = ""
    next_step: str = ""
    remark: str = ""
    witness: Witness | None = None
    hints_used: int = 0
    seed: int = 0

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.state == CORRECT

    def to_json(self) -> str:
        """The report as JSON text; tensors become ``{"shape", "dtype", "values"}`` with at most 200 values."""
        fields = {name: _jsonable(value) for name, value in vars(self).items()}
        return json.dumps({"passed": self.passed, **fields}, indent=1, ensure_ascii=False)

    def __repr__(self) -> str:
        diagnosis = f", {self.diagnosis}" if self.diagnosis else ""
        return f"<Report {self.exercise}: {self.state}, {self.score:g} of {self.max_score:g}{diagnosis}>"


def _jsonable(value: Any) -> Any:
    if isinstance(value, Witness):
        return {name: _jsonable(part) for name, part in vars(value).items()}
    if isinstance(value, Tensor):
        values = value.detach().flatten()[:SHOWN_VALUES]
        if values.dtype in (torch.bfloat16, torch.float16):
            values = values.float()
        dtype = str(value.dtype).removeprefix("torch.")
        return {"shape": list(value.shape), "dtype": dtype, "values": [_number(v) for v in values.tolist()]}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: Any) -> Any:
    """JSON has no nan, no infinity and no complex numbers."""
    if isinstance(value, complex):
        return str(value)
    return value if not isinstance(value, float) or value == value and abs(value) != float("inf") else str(value)
