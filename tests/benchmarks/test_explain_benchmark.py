"""The benchmark of maps runs without peers on a tiny case, and its record says what it must. No time is asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from attncourse import hosts
from attncourse.explain import CAM, METHODS
from benchmarks import cam_peers, cam_record, explain

TINY = explain.Case("small", "stages.2", 2, 24)


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cam_peers, "versions", lambda: {"grad-cam": None, "torchcam": None})


def plan(**changes: Any) -> explain.Plan:
    settings: dict[str, Any] = {"cases": [TINY], "placements": 1, "rounds": 1, "least_seconds": 0.0}
    return explain.Plan(**settings | changes)


def test_every_method_has_its_name_in_both_peers() -> None:
    assert set(cam_peers.GRAD_CAM) == set(cam_peers.TORCHCAM) == set(METHODS)


@pytest.mark.usefixtures("no_peers")
def test_a_record_without_peers_says_so(tmp_path: Path) -> None:
    explain.main(["--date", "2025-01-31", "--cases", "small:stages.2:2x24", "--methods", "layer_cam", "--rounds", "1",
                  "--device", "cpu", "--out", str(tmp_path)])  # fmt: skip
    made = json.loads((tmp_path / "cpu-explain.json").read_text())
    page = (tmp_path / "cpu-explain.md").read_text()
    assert [result["case"] for result in made["results"]] == ["small stages.2 2x3x24x24"]
    assert set(made["results"][0]["ratios"]) == {"ours again", "inference", "gradients"}
    assert set(made["results"][0]["arithmetic"]) == {"inference", "all gradients"}
    arithmetic = made["results"][0]["arithmetic"]["all gradients"]["median"]
    assert f"| {1 / arithmetic:.2f} |" in page.splitlines()[-1]
    assert "Not installed, so not compared: grad-cam, torchcam." in page and "n = 1 rounds" in page
    assert "Not measured on a GPU." in page and "Of the" not in page


@pytest.mark.usefixtures("no_peers")
@pytest.mark.parametrize("apart", [1e-4, 1e-6])
def test_maps_that_differ_are_not_timed(apart: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer in place of grad-cam, whose maps are ours but for ``apart``."""
    scale = cam_peers.from_0_to_1
    monkeypatch.setattr(cam_peers, "versions", lambda: {"grad-cam": "1.5.7"})
    monkeypatch.setattr(cam_peers, "as_grad_cam_scales", lambda maps, size: scale(maps))

    def peer(*given: Any) -> cam_peers.Step:
        step = cam_peers.ours(*given)
        return lambda: scale(step()) + apart

    monkeypatch.setitem(cam_peers.BUILD, "grad-cam", peer)
    measured = explain.measure(plan(methods=["grad_cam"]))
    if apart > explain.AGREEMENT:
        with pytest.raises(RuntimeError, match="the maps differ"):
            next(measured)
    else:
        assert "grad-cam" in next(measured)["ratios"]


def test_the_page_counts_the_rows_that_hold() -> None:
    def row(layer: str, grad_cam: float, torchcam: float) -> dict[str, Any]:
        ratios = {
            who: {"median": median, "quartiles": [median, median]}
            for who, median in (("ours again", 1.0), ("inference", 1.1), ("grad-cam", grad_cam), ("torchcam", torchcam))
        }
        arithmetic = {"inference": {"median": 1.6}, "all gradients": {"median": 0.5}}
        said = {"case": f"host {layer}", "layer": layer, "method": "grad_cam", "ratios": ratios, "disagreement": {}}
        return said | {"arithmetic": arithmetic}

    made = {
        "date": "2025-01-31", "versions": {"torch": "2"}, "seed": 0, "rounds": 3, "placements": 1, "notes": [],
        "hardware": {"processor": "some"},
        "results": [row("stages.3", 0.39, 0.98), row("stages.3", 0.41, 1.06), row("stages.0", 0.9, 2.0)],
    }  # fmt: skip
    page = cam_record.table(made)
    assert "Of the 3 rows, 1 are at least 2.5 times as fast as grad-cam (ratios 0.39 to 0.90)." in page
    assert "Of the 3 rows, 1 are at most 1.05 times as long as torchcam (ratios 0.98 to 2.00)." in page
    assert "| host stages.3 | 0.60 | 2.00 |" in page and page.count("| host stages.3 | 0.60") == 1


def test_what_plain_torch_computes_is_what_ours_computes() -> None:
    """Else 'ours / gradients' would compare different things."""
    torch.manual_seed(0)
    model = hosts.build("small").eval()
    images = torch.randn(2, 3, 24, 32)
    with CAM(model, "stages.1") as cam:
        cam(images, torch.tensor([3, 1]))
    given = "stages.1", "grad_cam", images, torch.tensor([3, 1])
    first = cam_peers.all_gradients(model, *given)()
    torch.testing.assert_close(cam_peers.gradients(model, *given)(), cam.gradients[0])
    assert first.shape == next(model.parameters()).shape


def test_a_map_that_is_nothing_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "grad_cam", lambda activations, gradients: 0 * activations[:, 0])
    with pytest.raises(RuntimeError, match="0 everywhere"):
        next(explain.measure(plan(methods=["grad_cam"])))


def test_ours_restores_the_threads() -> None:
    before = torch.get_num_threads()
    list(explain.measure(plan(methods=[], threads=1)))
    assert torch.get_num_threads() == before
