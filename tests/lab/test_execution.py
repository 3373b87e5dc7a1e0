"""A run leaves a record; a finished one is not repeated; what goes wrong is one line and nothing is lost."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from attncourse import costs, hosts
from attncourse.lab import record
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.execution import CHECKPOINT, execute
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run

Tiny = Callable[..., Dataset]
RUN = Run("tiny", "se(reduction=8)", seed=7, host="small", recipe=Recipe(epochs=2, batch_size=16, learning_rate=0.05))


class Failing(nn.Module):
    """Fails when it is trained, not when it is built."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            raise RuntimeError("I expected (B, C)")
        return x


class Exploding(Failing):
    def forward(self, x: Tensor) -> Tensor:
        return x * (float("nan") if self.training else 1.0)


class Tied(Failing):
    """Two names of one parameter."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.one = self.other = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.one * self.other


class Flattening(Failing):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


def with_own(own: type[nn.Module]) -> Run:
    return dataclasses.replace(RUN, attention=f"own:{own.__name__}", own=own)


def test_the_record_says_what_was_done_where_and_what_came_of_it(tiny: Tiny, tmp_path: Path) -> None:
    data = tiny()
    made = execute(RUN, tmp_path, dataset=data)
    assert made == json.loads((tmp_path / record.NAME).read_text())
    model = hosts.build("small", lambda channels: hosts_se(channels), classes=2)
    expected = {
        "attention": "se(reduction=8)",
        "seed": 7,
        "host": "small",
        "data": "tiny",
        "data_title": "tiny",
        "data_fingerprint": data.fingerprint,
        "recipe": dataclasses.asdict(RUN.chosen_recipe),
        "cpu_seconds_budget": None,
        "reproducible": "bit for bit on this machine and these versions",
        "device": "cpu",
        "threads": 1,
        "epochs": 2,
        "steps": 8,
        "key": RUN.key,
        "parameters": costs.of(model, (1, 3, 12, 9)).parameters,
        "multiply_adds": costs.of(model, (1, 3, 12, 9)).multiply_adds,
        "finished": True,
    }
    assert expected.items() <= made.items()
    assert made["versions"]["torch"] == torch.__version__
    assert made["hardware"]["processor"] and made["precision"] in ("float32", "bfloat16")
    assert made["images_per_second"] == pytest.approx(8 * 16 / made["seconds"])
    assert made["cpu_seconds"] > 0 and 0 <= made["test_accuracy"] <= 1


def hosts_se(channels: int) -> nn.Module:
    from attncourse.attention import SqueezeExcitation

    return SqueezeExcitation(channels, reduction=8)


def test_the_log_and_the_weights_are_those_of_the_record(tiny: Tiny, tmp_path: Path) -> None:
    made = execute(RUN, tmp_path, dataset=tiny())
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(record.COLUMNS)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[-1]["test_accuracy"]) == made["test_accuracy"]
    assert float(rows[-1]["cpu_seconds"]) == made["cpu_seconds"]
    model = hosts.build("small", hosts_se, classes=2)
    model.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "record.json", "weights.safetensors"]


def test_a_finished_run_is_read_and_not_repeated(tiny: Tiny, tmp_path: Path) -> None:
    class Never(Display):
        def step(self, done: float) -> None:
            raise AssertionError("it trains")

    made = execute(RUN, tmp_path, dataset=tiny())
    assert execute(RUN, tmp_path, dataset=tiny(), display=Never()) == made


def test_pictures_that_changed_where_the_path_stayed_are_noticed(tiny: Tiny, tmp_path: Path) -> None:
    execute(RUN, tmp_path, dataset=tiny())
    with pytest.raises(LabError, match="The pictures of tiny changed since"):
        execute(RUN, tmp_path, dataset=tiny(train=72))


def test_a_batch_larger_than_the_data_counts_each_picture_once(tiny: Tiny, tmp_path: Path) -> None:
    large = dataclasses.replace(RUN, recipe=Recipe(epochs=2, batch_size=9999, learning_rate=0.05))
    made = execute(large, tmp_path, dataset=tiny())
    assert made["images_per_second"] * made["seconds"] == pytest.approx(2 * 70)


@pytest.mark.parametrize("spoil", ["a folder", "a part"])
def test_a_spoilt_record_is_no_traceback(spoil: str, tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / record.NAME
    if spoil == "a folder":
        path.mkdir()
        with pytest.raises(LabError, match="is in the way"):
            execute(RUN, tmp_path, dataset=tiny())
    else:
        made = execute(RUN, tmp_path, dataset=tiny())
        path.write_text(json.dumps({name: value for name, value in made.items() if name != "cpu_seconds"}))
        assert execute(RUN, tmp_path, dataset=tiny())["test_accuracy"] == made["test_accuracy"]
        assert list((tmp_path / "set-aside").iterdir())


def test_the_record_of_another_run_is_not_overwritten(tiny: Tiny, tmp_path: Path) -> None:
    execute(RUN, tmp_path, dataset=tiny())
    before = (tmp_path / record.NAME).read_bytes()
    with pytest.raises(
        LabError, match=r"holds the record of another run \(se\(reduction=8\), tiny, 7\). Choose another"
    ):
        execute(dataclasses.replace(RUN, seed=8), tmp_path, dataset=tiny())
    assert (tmp_path / record.NAME).read_bytes() == before


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_a_damaged_record_is_set_aside(tiny: Tiny, tmp_path: Path, text: str) -> None:
    damaged = text.encode("utf-8", "surrogateescape")
    (tmp_path / record.NAME).write_bytes(damaged)
    assert execute(RUN, tmp_path, dataset=tiny())["finished"]
    assert [path.read_bytes() for path in (tmp_path / "set-aside").iterdir()] == [damaged]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (Failing, r"own:Failing failed in training \(RuntimeError: I expected \(B, C\)\)"),
        (Exploding, r"loss is no finite number in epoch 1"),
        (Flattening, r"own:Flattening: .*turns an input \(1, 16, 8, 6\) into \(1, 768\)"),
    ],
)
def test_what_failed_has_a_record_without_an_accuracy(
    tiny: Tiny, tmp_path: Path, own: type[nn.Module], said: str
) -> None:
    with pytest.raises(LabError, match=said):
        execute(with_own(own), tmp_path, dataset=tiny())
    made = json.loads((tmp_path / record.NAME).read_text())
    assert made["finished"] is False and made["test_accuracy"] is None
    assert made["problem"] and made["attention"] == f"own:{own.__name__}"


def test_weights_that_two_names_share_are_written_too(tiny: Tiny, tmp_path: Path) -> None:
    execute(with_own(Tied), tmp_path, dataset=tiny())
    model = hosts.build("small", Tied, classes=2)
    model.load_state_dict(load_file(tmp_path / "weights.safetensors"))


def test_one_training_picture_is_too_few(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="tiny has one training picture; a batch needs two"):
        execute(RUN, tmp_path, dataset=tiny(train=1))


def test_a_compiler_that_fails_is_named(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(images: Tensor) -> Tensor:
        raise RuntimeError("no C++ compiler found\nand much more")

    monkeypatch.setattr(torch, "compile", lambda model, mode: failing)
    compiled = dataclasses.replace(RUN, recipe=RUN.chosen_recipe.with_changes(compile=True))
    with pytest.raises(
        LabError, match=r"torch.compile failed \(RuntimeError: no C\+\+ compiler found\). Train without"
    ):
        execute(compiled, tmp_path, dataset=tiny())


def test_after_a_failure_the_folder_can_be_used_again(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(LabError):
        execute(with_own(Failing), tmp_path, dataset=tiny())
    assert execute(RUN, tmp_path, dataset=tiny())["finished"]


def test_a_folder_that_cannot_be_made_is_one_line(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=r"file.* is in the way \(.*\). Choose another folder"):
        execute(RUN, tmp_path / "file" / "run", dataset=tiny())


def test_data_that_are_not_there_leave_no_record(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nowhere"):
        execute(Run("nowhere/at/all"), tmp_path / "run")
    assert not (tmp_path / "run" / record.NAME).exists()


def test_the_callers_random_numbers_and_threads_are_left_alone(tiny: Tiny, tmp_path: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    torch.set_num_threads(2)
    execute(RUN, tmp_path, dataset=tiny())
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == 2


def test_an_interrupted_run_says_after_which_epoch_it_went_on(tiny: Tiny, tmp_path: Path) -> None:
    class Interrupting(Display):
        def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(RUN, tmp_path, dataset=tiny(), display=Interrupting())
    assert (tmp_path / CHECKPOINT).exists()
    assert execute(RUN, tmp_path, dataset=tiny())["resumed_after_epoch"] == 1


@pytest.mark.gpu
def test_on_a_gpu_a_run_goes_on_bit_for_bit(tiny: Tiny, tmp_path: Path) -> None:
    run = dataclasses.replace(RUN, device="cuda")

    class Interrupting(Display):
        def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
            raise KeyboardInterrupt

    execute(run, tmp_path / "whole", dataset=tiny())
    with pytest.raises(KeyboardInterrupt):
        execute(run, tmp_path / "cut", dataset=tiny(), display=Interrupting())
    made = execute(run, tmp_path / "cut", dataset=tiny())
    assert made["hardware"]["gpu"] == torch.cuda.get_device_name()
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]
