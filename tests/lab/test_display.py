"""What a run shows: a bar in a terminal, a growing curve in a notebook, nothing in a file."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from attncourse.lab import display
from attncourse.lab.display import Bar, Display, LiveCurve, accuracies, here

ROWS: list[dict[str, Any]] = [
    {"epoch": 1, "train_loss": 1.5, "train_accuracy": 0.5, "test_accuracy": None},
    {"epoch": 2, "train_loss": 1.25, "train_accuracy": 0.75, "test_accuracy": 0.625},
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in place of stderr. No fixture: pytest puts its own in place again before the test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A notebook's kernel, and what it was given to display."""
    pictures: list[Any] = []

    def show(picture: object, *, display_id: bool) -> object:
        pictures.append(picture)
        return SimpleNamespace(update=pictures.append)

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0)))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=show))
    return pictures


def test_in_a_terminal_a_bar_shows_how_far_it_is_and_what_the_last_epoch_gave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = terminal(monkeypatch)
    with here("se, seed 1") as bar:
        assert type(bar) is Bar
        bar.step(0.5)
        bar.epoch(ROWS[:1])
        assert "test" not in written.getvalue()
        bar.epoch(ROWS)
        bar.step(1.25)
    last = written.getvalue().split("\r")[-1]
    assert "se, seed 1 100%" in last
    assert "epoch=2, loss=1.250, train=75.0%, test=62.5%" in last


def test_a_sentence_stands_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    written = terminal(monkeypatch)
    with here("x") as bar:
        bar.say("set aside")
    assert "set aside\n" in written.getvalue()


def test_in_a_file_there_is_nothing_but_what_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    with here("x") as quiet:
        assert type(quiet) is Display
        quiet.step(0.5)
        quiet.epoch(ROWS)
        assert capsys.readouterr() == ("", "")
        quiet.say("set aside")
    assert capsys.readouterr() == ("", "set aside\n")


def test_in_a_notebook_one_curve_grows(shown: list[Any]) -> None:
    with here("x") as live:
        assert type(live) is LiveCurve
        live.epoch(ROWS[:1])
        live.epoch(ROWS)
    assert [[len(line.get_xdata()) for line in picture.axes[0].lines[:2]] for picture in shown] == [[1, 1], [2, 2]]


def test_the_curve_is_of_both_accuracies_with_a_gap_where_none_was_measured() -> None:
    axes = accuracies(ROWS, "x").axes[0]
    training, test = axes.lines[:2]
    assert np.asarray(training.get_xdata()).tolist() == [1, 2]
    assert np.asarray(training.get_ydata()).tolist() == [0.5, 0.75]
    assert np.array_equal(np.asarray(test.get_ydata()), [np.nan, 0.625], equal_nan=True)
    legend = axes.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == ["training", "test"]


def test_an_ipython_without_a_kernel_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    with display.here("x") as bar:
        assert type(bar) is Bar
