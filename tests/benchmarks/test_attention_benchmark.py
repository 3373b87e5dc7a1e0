"""The benchmark runs without peers on tiny shapes, its contenders compute the same, and its record says what it must.

No time is asserted anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from attncourse.attention import ATTENTION
from benchmarks import attention, interchange, memory, record, timing, timm_peers
from benchmarks.contenders import contenders, disagreement
from benchmarks.transcriptions import SE, TRANSCRIPTIONS

CPU = torch.device("cpu")


@pytest.fixture
def no_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_peers, "version", lambda: None)


def tiny(**changes: Any) -> attention.Plan:
    settings: dict[str, Any] = {
        "modules": ("se", "cbam"),
        "shapes": ((2, 32, 5, 7),),
        "placements": 1,
        "rounds": 1,
        "least_seconds": 0.0,
    }
    return attention.Plan(**settings | changes)


def test_every_module_has_a_transcription() -> None:
    assert set(TRANSCRIPTIONS) == set(ATTENTION)
    assert set(timm_peers.PEERS) <= set(ATTENTION)


@pytest.mark.usefixtures("no_timm")
@pytest.mark.parametrize("name", TRANSCRIPTIONS)
def test_the_transcription_computes_what_ours_does(name: str) -> None:
    torch.manual_seed(1)
    apart = disagreement(contenders(name, 64, seed=3), torch.randn(2, 64, 9, 7))
    assert apart == {"control": 0.0, "transcription": pytest.approx(0.0, abs=1e-12)}


@pytest.mark.usefixtures("no_timm")
def test_contenders_that_compute_something_else_are_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Doubled(SE):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(x)

    monkeypatch.setitem(TRANSCRIPTIONS, "se", Doubled)
    with pytest.raises(RuntimeError, match="outputs or gradients differ"):
        next(attention.measure(tiny()))


@pytest.mark.usefixtures("no_timm")
def test_the_record_says_what_was_measured_and_where(tmp_path: Path) -> None:
    made = attention.make_record(tiny(), "2025-01-31")
    path = attention.write(made, tmp_path)
    assert path.name == "cpu-attention.json"
    read = json.loads(path.read_text())
    assert read == json.loads(json.dumps(made))
    assert (read["date"], read["seed"], read["rounds"], read["device"]) == ("2025-01-31", 0, 1, "cpu")
    assert read["measured_on_a_gpu"] is False
    assert read["versions"]["torch"] == torch.__version__
    assert read["versions"]["timm"] is None
    assert read["hardware"]["processor"]
    assert any("noisy" in note for note in read["notes"])
    assert any("Not measured on a GPU" in note for note in read["notes"])
    assert any("timm was not installed" in note for note in read["notes"])
    assert [(one["module"], one["step"]) for one in read["results"]] == [
        (module, step) for module in ("se", "cbam") for step in ("forward", "forward_backward")
    ]
    for result in read["results"]:
        check_result(result)


def check_result(result: Mapping[str, Any]) -> None:
    assert result["shape"] == [2, 32, 5, 7]
    assert (result["mode"], result["threads"]) == ("eager", 1)
    assert result["clock"] == "process_time"
    assert list(result["contenders"]) == ["ours", "control", "transcription"]
    # The output, at least.
    assert all(one["peak_bytes"] >= 2 * 32 * 5 * 7 * 4 for one in result["contenders"].values())
    assert all(one["median_seconds"] > 0 for one in result["contenders"].values())
    assert list(result["ratios"]) == ["control", "transcription"]
    assert all(one["rounds"] == 1 and one["median"] > 0 for one in result["ratios"].values())


@pytest.mark.usefixtures("no_timm")
def test_the_way_of_a_gpu_runs_on_a_cpu_too() -> None:
    """Eager and compiled through the same functions; the compiler itself is left out."""
    results = list(attention.measure(tiny(modules=("se",), modes=("eager", "compile"), compiler="eager")))
    assert [(one["mode"], one["step"]) for one in results] == [
        (mode, step) for mode in ("eager", "compile") for step in ("forward", "forward_backward")
    ]


@pytest.mark.usefixtures("no_timm")
def test_what_a_cpu_leaves_out_is_said() -> None:
    made = attention.make_record(tiny(modules=("non_local",), shapes=((1, 16, 33, 32),)), "2025-01-31")
    assert made["results"] == []
    assert made["left_out"] == ["non_local at 1x16x33x32: its memory grows with the square of the places"]
    assert "non_local at 1x16x33x32" in record.table(made)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rounds", "0"], "expected a whole number of at least 1, got '0'"),
        (["--threads", "many"], "expected a whole number of at least 1, got 'many'"),
        (["--shapes", "8x64x0x56"], "expected BxCxHxW such as 8x64x56x56, got '8x64x0x56'"),
        (["--shapes", "axbxcxd"], "expected BxCxHxW such as 8x64x56x56, got 'axbxcxd'"),
        (["--device", "tpu"], r"expected a device that torch has here \(cpu.*\), got 'tpu'"),
    ],
)
def test_wrong_arguments_are_named(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        attention.main(["--date", "2025-01-31", *given])
    assert re.search(said, capsys.readouterr().err)


def test_a_ratio_sums_up_the_rounds() -> None:
    ratio = timing.ratio([1.0, 2.0, 3.0, 4.0, 50.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    assert ratio == timing.Ratio(3.0, (2.0, 4.0), (1.0, 50.0), 5)
    many = timing.ratio([float(value) for value in range(1, 102)], [1.0] * 101)
    # 41st and 61st of 101: between them the median lies in 95 of 100 cases.
    assert many.median == 51.0
    assert many.interval == (41.0, 62.0)
    assert many.quartiles == (26.0, 76.0)


def test_the_table_names_what_is_slower() -> None:
    def result(module: str, median: float, low: float) -> dict[str, Any]:
        one = {"median": median, "quartiles": (low, median), "interval": (low, median), "rounds": 3}
        sizes = {"median_seconds": 1.0, "peak_bytes": 2**20, "disagreement": 0.0}
        return {
            "module": module,
            "shape": [1, 2, 3, 4],
            "mode": "eager",
            "threads": 1,
            "step": "forward",
            "contenders": {"ours": sizes, "transcription": sizes},
            "ratios": {"control": one | {"median": 1.0}, "transcription": one},
        }

    made = {
        "date": "2025-01-31",
        "versions": {"torch": "2"},
        "hardware": {"processor": "a processor"},
        "seed": 0,
        "rounds": 3,
        "placements": 1,
        "notes": ["a note"],
        "left_out": [],
        "results": [result("se", 1.04, 1.0), result("cbam", 1.2, 1.04), result("bam", 1.2, 1.1)],
    }
    text = record.table(made)
    assert "In 1 of 3 rows" in text
    assert "in 2 it takes more, in 1 of them with the whole 95% interval above 1.05" in text
    assert "- cbam 1x2x3x4 forward eager, threads 1: 1.20 of transcription (interval 1.04 to 1.20)" in text
    assert "- se" not in text


def test_memory_is_the_peak_and_not_the_sum() -> None:
    class Chain(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(5):
                x = x + 1
            return x

    step = timing.step(Chain(), torch.zeros(1, 4, 16, 16), "forward")
    # Two of five at a time, and the few bytes of the number that is added.
    assert 2 <= memory.peak(step, CPU) / (4 * 16 * 16 * 4) < 2.1


@pytest.mark.usefixtures("no_timm")
def test_interchange_says_what_it_lacks() -> None:
    with pytest.raises(RuntimeError, match="timm is not installed; see benchmarks/README.md"):
        next(interchange.compare())
