"""What a run shows while it works: nothing, a bar in a terminal, or a bar and a live curve in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from tqdm import tqdm

from attncourse import figures


class Display:
    """Shows nothing; the others show more. Used in a ``with``, so that a bar ends even where the run fails."""

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def say(self, text: str) -> None:
        """A sentence that the reader must see, such as that a file was set aside."""
        print(text, file=sys.stderr)

    def step(self, done: float) -> None:
        """``done`` is the share of the training that is over."""

    def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        """An epoch is over; ``history`` holds a row for each so far."""


class Bar(Display):
    """tqdm's bar, with the loss and the accuracies of the last epoch."""

    def __init__(self, label: str) -> None:
        self.bar = tqdm(
            total=100, desc=label, bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}{postfix}"
        )

    def __exit__(self, *problem: object) -> None:
        self.bar.close()

    def say(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr)

    def step(self, done: float) -> None:
        self.bar.update(min(100.0, 100 * done) - self.bar.n)

    def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        row = history[-1]
        said = {"epoch": row["epoch"], "loss": f"{row['train_loss']:.3f}", "train": f"{row['train_accuracy']:.1%}"}
        if row["test_accuracy"] is not None:
            said["test"] = f"{row['test_accuracy']:.1%}"
        self.bar.set_postfix(said)


class LiveCurve(Bar):
    """In a notebook: the bar, and below it one picture of the accuracies that grows with each epoch."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label
        self.shown: Any = None

    def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        from IPython.display import display

        super().epoch(history)
        picture = accuracies(history, self.label)
        if self.shown is None:
            self.shown = display(picture, display_id=True)
        else:
            self.shown.update(picture)


def accuracies(history: Sequence[Mapping[str, Any]], title: str) -> figures.Picture:
    """The accuracies on the training and the test pictures, by epoch; an epoch without evaluation leaves a gap."""
    lines = [
        torch.tensor([float("nan") if row[name] is None else row[name] for row in history])
        for name in ("train_accuracy", "test_accuracy")
    ]
    return figures.curve(
        torch.tensor([float(row["epoch"]) for row in history]),
        lines,
        labels=["training", "test"],
        title=title,
        xlabel="epoch",
        ylabel="accuracy",
    )


def here(label: str) -> Display:
    """What fits this place: the live curve in a notebook, the bar in a terminal, nothing in a file."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and getattr(shell, "kernel", None) is not None:
        return LiveCurve(label)
    return Bar(label) if sys.stderr.isatty() else Display()
