"""lab.compare and ``attncourse compare``: planned fairly, resumed, refused where it should be, and written down."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from attncourse import cli, lab
from attncourse.lab import comparing, comparison_files, schedule
from attncourse.lab.ablations import ABLATIONS
from attncourse.lab.comparison import Comparison
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.errors import LabError
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run, network
from attncourse.lab.schedule import Outcome
from attncourse.lab.verdict import NO_VERDICT

PICTURES = comparison_files.PICTURES
QUICK = Recipe(epochs=2, batch_size=32)


@pytest.fixture(autouse=True)
def small_and_quick(tiny: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison is of the tiny dataset, in a folder of its own, and, for speed, without figures."""
    monkeypatch.setattr(comparing, "load", lambda what: tiny())
    monkeypatch.setattr(comparison_files, "PICTURES", ())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that are really carried out."""
    seen: list[Run] = []
    real = schedule.execute

    def execute(run: Run, folder: Path, **options: Any) -> dict[str, Any]:
        seen.append(run)
        return real(run, folder, **options)

    monkeypatch.setattr(schedule, "execute", execute)
    return seen


def compare(attention: Sequence[str | type[nn.Module]] = ("none", "se"), **options: Any) -> Comparison:
    return lab.compare(
        attention, **{"out": "out", "seeds": 2, "recipe": QUICK, "host": "small", "say": lambda line: None, **options}
    )


class Halves(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 0.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale


def test_the_seeds_are_interleaved() -> None:
    planned = comparing.planned(["none", "se", "bam"], 2, data="tasks:row")
    order = [(run.seed, run.attention) for run in planned]
    assert order == [(0, "none"), (0, "se"), (0, "bam"), (1, "none"), (1, "se"), (1, "bam")]


def test_a_comparison_is_the_records_of_its_runs(executed: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_files, "PICTURES", PICTURES)
    lines: list[str] = []
    found = compare(say=lines.append)
    assert [(run.seed, run.attention) for run in executed] == [(0, "none"), (0, "se"), (1, "none"), (1, "se")]
    kept = [json.loads(path.read_text()) for path in Path("out").glob("*/record.json")]
    assert {(one["attention"], one["seed"]): one["test_accuracy"] for one in kept} == {
        (one.attention, seed): accuracy for one in found.variants for seed, accuracy in one.accuracies.items()
    }
    assert [len(run) for one in found.variants for run in one.curves] == [2] * 4
    assert found.contrast("se").verdict.state == NO_VERDICT
    assert re.fullmatch(r"\[1/4\] none, seed 0: \d+\.\d\d% in \d+\.\d s; about \d+ s left", lines[0])
    assert lines[-1].endswith(" s"), "nothing is left"
    assert {path.name for path in Path("out").iterdir() if path.is_file()} == {
        "comparison.json",
        "comparison.csv",
        "runs.csv",
        *(f"{name}.{kind}" for name in PICTURES for kind in ("png", "svg")),
    }


def test_finished_runs_are_not_repeated_and_more_seeds_join_them(executed: list[Run]) -> None:
    first = compare()
    executed.clear()
    assert compare().variants == first.variants
    assert executed == []
    longer = compare(["none", "se", "cbam_spatial"], seeds=3)
    assert [(run.attention, run.seed) for run in executed] == [
        ("cbam_spatial", 0),
        ("cbam_spatial", 1),
        ("none", 2),
        ("se", 2),
        ("cbam_spatial", 2),
    ]
    assert longer["se"].accuracies.items() > first["se"].accuracies.items()
    assert any("looked at before, with 2 seeds" in note for note in longer.notes)
    assert json.loads(Path("out/comparison.json").read_text())["looks"] == [2, 3]
    assert first.notes == []


def test_an_interrupted_comparison_goes_on(executed: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare(out="whole")
    carry_out = schedule.execute

    def interrupted(run: Run, folder: Path, **options: Any) -> dict[str, Any]:
        if len(executed) == 6:
            raise KeyboardInterrupt
        return carry_out(run, folder, **options)

    with monkeypatch.context() as patch:
        patch.setattr(schedule, "execute", interrupted)
        lines: list[str] = []
        with pytest.raises(KeyboardInterrupt):
            compare(say=lines.append)
    assert lines[-1] == "2 of 4 runs are finished and kept in out; the same again goes on from there."
    executed.clear()
    found = compare()
    assert [(run.seed, run.attention) for run in executed] == [(1, "none"), (1, "se")]
    assert [one.accuracies for one in found.variants] == [one.accuracies for one in whole.variants]


def test_records_are_compared_again_without_a_run(executed: list[Run]) -> None:
    made = compare(["se", "none"])
    executed.clear()
    found = lab.read_comparison("out")
    assert executed == []
    assert found.baseline == "none"
    assert [found[name] for name in ("se", "none")] == list(made.variants)
    assert lab.read_comparison("out", attention=["se", "none"]).contrasts == made.contrasts
    with pytest.raises(LabError, match="no record in nowhere"):
        lab.read_comparison("nowhere")


def test_a_variant_may_be_written_otherwise_the_next_time(executed: list[Run]) -> None:
    first = compare()
    executed.clear()
    again = compare(["none", "se()"])
    assert executed == []
    assert again["se()"].accuracies == first["se"].accuracies


def test_what_else_lies_in_the_folder_is_left_alone() -> None:
    for name in ("project", "se-seed0-broken"):
        Path("out", name).mkdir(parents=True)
        Path("out", name, "record.json").write_text("{ not ours")
    compare(seeds=1)
    assert Path("out/project/record.json").read_text() == "{ not ours"
    (aside,) = Path("out/se-seed0-broken/set-aside").iterdir()
    assert aside.read_text() == "{ not ours"
    Path("out/se-seed0-broken/record.json").write_text("{}")
    with pytest.raises(LabError, match="data differs: tiny .* and None None"):
        compare(seeds=1)


def test_a_class_of_ones_own_goes_beside_ours() -> None:
    found = compare(["none", Halves], seeds=1)
    assert [one.attention for one in found.variants] == ["none", "own:Halves"]
    assert found["own:Halves"].parameters == (found["none"].parameters or 0) + 16 + 32 + 64
    with pytest.raises(LabError, match=r"own:Halves is a class of this process.*jobs=1"):
        compare(["none", Halves], jobs=2)


def test_every_variant_gets_its_control() -> None:
    found = compare(["none", "se"], seeds=1, control=True)
    assert [one.attention for one in found.variants] == ["none", "se", "control(se)"]
    assert found["control(se)"].parameters == found["se"].parameters
    assert [one.name for one in found.contrasts] == ["se - none", "se - control(se)"]
    with pytest.raises(LabError, match="simam adds 0 parameters"):
        compare(["none", "simam"], control=True)


def test_a_run_that_fails_is_left_out_and_the_others_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    real = schedule.execute

    def execute(run: Run, folder: Path, **options: Any) -> dict[str, Any]:
        if (run.attention, run.seed) == ("se", 1):
            raise LabError("The loss became nan in epoch 1")
        return real(run, folder, **options)

    monkeypatch.setattr(schedule, "execute", execute)
    found = compare()
    assert found.failed == ["se, seed 1, is excluded: The loss became nan in epoch 1"]
    assert list(found["se"].accuracies) == [0]
    assert cli.main([*COMMAND, "--seeds", "2", "--out", "another"]) == 1


def test_where_every_run_fails_there_is_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(runs: Sequence[Run], *_: Any) -> Iterator[Outcome]:
        yield from (Outcome(run, None, "no") for run in runs)

    monkeypatch.setattr(schedule, "in_this_process", fails)
    with pytest.raises(LabError, match="Every run failed. The first: none, seed 0, is excluded: no"):
        compare()


def test_jobs_and_the_scheduler_choose_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []

    def instead(name: str) -> Callable[..., Iterator[Outcome]]:
        def carry_out(runs: Sequence[Run], folder: Path, where: Any) -> Iterator[Outcome]:
            asked.append((name, where))
            yield from (Outcome(run, None, "no") for run in runs)

        return carry_out

    monkeypatch.setattr(schedule, "in_processes", instead("processes"))
    monkeypatch.setattr(schedule, "on_cluster", instead("cluster"))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for options in ({"jobs": 3}, {"jobs": 99}, {"jobs": 3, "scheduler": "tcp://there:8786"}):
        with pytest.raises(LabError, match="Every run failed"):
            compare(**options)
    assert asked == [("processes", 3), ("processes", 4), ("cluster", "tcp://there:8786")]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no seeds": ({"seeds": 0}, "seeds must be a whole number of at least 1; got 0"),
    "half a seed": ({"seeds": 1.5}, "seeds must be a whole number of at least 1; got 1.5"),
    "no jobs": ({"jobs": 0}, "jobs must be a whole number"),
    "one variant": ({"attention": ["se"]}, "two variants or more; got se"),
    "no variant": ({"attention": []}, "two variants or more; got nothing"),
    "twice": ({"attention": ["none", "se", "se"]}, "se comes twice"),
    "unknown": ({"attention": ["none", "sx"]}, "no attention 'sx'"),
    "option": ({"attention": ["none", "se(ratio=2)"]}, "se has no option 'ratio=2'"),
    "no worth": ({"worth": 0.0}, "worth having lies between 0 and 1; got 0.0"),
    "points for a fraction": ({"worth": 5}, "worth having lies between 0 and 1; got 5"),
    "the same otherwise written": ({"attention": ["none", "se", "se()"]}, "se() comes twice, as se. Name each once"),
    "host": ({"host": "big"}, "no host 'big'"),
    "device": ({"device": "tpu"}, "no device 'tpu'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_before_anything_runs(name: str, executed: list[Run]) -> None:
    options, reason = REFUSED[name]
    with pytest.raises(LabError, match=re.escape(reason)):
        compare(**options)
    assert executed == []


def test_a_folder_with_runs_of_another_recipe_is_refused(executed: list[Run]) -> None:
    compare(seeds=1)
    executed.clear()
    with pytest.raises(LabError, match=r"recipe differs: epochs 3 and 2 .*out holds the second: choose another --out"):
        compare(recipe=QUICK.with_changes(epochs=3))
    with pytest.raises(LabError, match="host differs"):
        compare(host="resnet20")
    assert executed == []


def test_a_folder_that_cannot_be_written_is_refused(executed: list[Run]) -> None:
    Path("file").write_text("mine")
    with pytest.raises(LabError, match=r"file cannot be written.*choose another --out|file.*another --out"):
        compare(out="file")
    assert Path("file").read_text() == "mine"
    assert executed == []


def test_comparing_leaves_the_random_numbers_as_they_were() -> None:
    torch.manual_seed(5)
    compare(seeds=1)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_builds_and_its_variants_differ(name: str) -> None:
    attention = ABLATIONS[name].attention
    with torch.random.fork_rng([]):
        models = [network(Run("tasks:row", one, host="small"), 10).eval() for one in attention]
        x = torch.rand(2, 3, 32, 32)
        with torch.no_grad():
            outputs = [model(x) for model in models]
    assert len(set(attention)) == len(attention) > 1
    for place, one in enumerate(outputs):
        for other in outputs[:place]:
            assert not torch.allclose(one, other)


COMMAND = ["compare", "--attention", "none", "se", "--out", "out", "--epochs", "1", "--jobs", "1"]


def test_the_command_prints_the_tables_and_writes_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*COMMAND, "--seeds", "1", "--worth", "2"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("tiny, host bag, 1 epoch, cpu; baseline: none")
    assert "seeds for 2" in out and "se - none: no verdict: 1 seed" in out
    assert "[2/2] se, seed 0:" in err
    assert json.loads(Path("out/comparison.json").read_text())["worth"] == 0.02


def test_the_command_runs_an_ablation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: dict[str, Any] = {}

    def instead(attention: Sequence[str], **options: Any) -> Comparison:
        asked.update(options, attention=attention)
        raise LabError("enough")

    monkeypatch.setattr(comparing, "compare", instead)
    command = ["compare", "--ablation", "direction", "--out", "out", "--control", "--device", "cuda"]
    assert cli.main(command) == 2
    assert asked["attention"] == ABLATIONS["direction"].attention
    assert (asked["control"], asked["jobs"], asked["seeds"], asked["data"]) == (True, 1, 5, "tasks:row")
    assert "rows and columns" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--seeds", "0"], "seeds must be"),
        (["--seeds", "many"], "invalid int value"),
        (["--attention", "none", "sx"], "no attention 'sx'"),
        (["--ablation", "order"], "not allowed with argument"),
        (["--cpu-seconds", "5"], "Give one of them"),
        (["--cpu-seconds", "-5", "--epochs", "0"], "Give one of them"),
        (["--epochs", "0"], "epochs must be"),
        (["--out", "file"], "another --out"),
        (["--scheduler", "nonsense://here"], "No Dask scheduler answers"),
    ],
)
def test_a_bad_command_is_one_line_and_exit_code_2(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("")
    try:
        code = cli.main([*COMMAND, *arguments])
    except SystemExit as stopped:  # what argparse itself refuses
        code = stopped.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1 and "Traceback" not in err
