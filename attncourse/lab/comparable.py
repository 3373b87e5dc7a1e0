"""Which runs may be compared: those that differ in their attention and their seed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attncourse.lab.errors import LabError


def _processor(record: Mapping[str, Any]) -> Any:
    """With a budget of time the machine's speed decides how far a training comes."""
    return (record.get("hardware") or {}).get("processor") if record.get("cpu_seconds_budget") else None


# What must be alike, in a reader's words, and how it is read.
ALIKE: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    # By what the pictures are, wherever they lie.
    "data": lambda record: (record.get("data_title"), record.get("data_fingerprint")),
    "host": lambda record: record.get("host"),
    "recipe": lambda record: record.get("recipe"),
    "budget of CPU-seconds": lambda record: record.get("cpu_seconds_budget"),
    "kind of device": lambda record: str(record.get("device")).split(":")[0],
    "processor, which decides with a budget of CPU-seconds": _processor,
}


def require_comparable(records: Sequence[Mapping[str, Any]], remedy: str = "Compare runs that share it") -> None:
    """Raises LabError where two records differ in more than attention and seed, with the first such difference."""
    for words, read in ALIKE.items():
        first = records[0]
        for other in records[1:]:
            if read(other) != read(first):
                raise LabError(
                    f"These runs cannot be compared, for their {words} differs: {_differing(read(first), read(other))} "
                    f"({_name(first)}; {_name(other)}). {remedy}"
                )


def _differing(one: Any, other: Any) -> str:
    """Both values; of two recipes, what is not alike in them."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        return ", ".join(f"{key} {one.get(key)} and {other.get(key)}" for key in keys)
    return f"{_words(one)} and {_words(other)}"


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _name(record: Mapping[str, Any]) -> str:
    return f"{record.get('attention')}, seed {record.get('seed')}"
