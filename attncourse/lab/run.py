"""One run: everything that decides its result, its key, and what its record says of it before it begins."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from attncourse import hosts
from attncourse.lab import record, variant
from attncourse.lab.control import put_controls
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.device import hardware, precision
from attncourse.lab.errors import LabError
from attncourse.lab.fine_tuning import begin_from, digest
from attncourse.lab.recipe import Recipe, host_for, recipe_for


@dataclass(frozen=True)
class Run:
    """What is trained on what, and how.

    Args:
        data: what ``lab.data.load`` takes: "cifar10", "tasks:row", a path.
        attention: what ``lab.variant`` reads: "none", "se", "cbam(order=spatial-channel)", "FILE.py:ClassName".
        seed: of the weights, the order of the pictures and their augmentation.
        host: a name of ``hosts.HOSTS``; by default that of the data.
        recipe: by default that of the data.
        device: "cpu", "cuda" or "cuda:1".
        cpu_seconds: a budget of the processor's time for training and evaluation; it replaces the recipe's epochs.
        own: the class that an attention "own:ClassName" stands for, as from a notebook. It must run in this process.
        threads: of the processor. One by default: the lab's networks are small, threads that wait for each other spend
            the processor's time as well, and sums in another order end in other digits. More pay for larger networks.

        start: weights.safetensors of an earlier run to begin with, for fine-tuning; by default the seed draws all.

    Raises:
        LabError: a number is out of its range.
    """

    data: str
    attention: str = variant.NONE
    seed: int = 0
    host: str = ""
    recipe: Recipe | None = None
    device: str = "cpu"
    cpu_seconds: float | None = None
    own: type[nn.Module] | None = field(default=None, repr=False)
    threads: int = 1
    start: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise LabError(f"seed must be a whole number from 0 to {2**32 - 1}; got {self.seed!r}")
        if isinstance(self.threads, bool) or not isinstance(self.threads, int) or self.threads < 1:
            raise LabError(f"threads must be a whole number of at least 1; got {self.threads!r}")
        if self.cpu_seconds is not None and not (math.isfinite(self.cpu_seconds) and self.cpu_seconds > 0):
            raise LabError(f"cpu_seconds must be a number above 0, or left out; got {self.cpu_seconds!r}")
        if not self.host:
            object.__setattr__(self, "host", host_for(self.data))
        if self.host not in hosts.HOSTS:
            raise LabError(f"There is no host {self.host!r}. There are: {', '.join(hosts.HOSTS)}")

    @property
    def chosen_recipe(self) -> Recipe:
        """The recipe, or that of the data where none was given."""
        return self.recipe or recipe_for(self.data)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides the result, in plain values. Raises LabError for an attention that there isn't."""
        path = Path(self.data)
        return {
            "data": str(path.resolve()) if path.exists() else self.data,
            "attention": variant.fingerprint(self.attention, self.own),
            "seed": self.seed,
            "host": self.host,
            "recipe": dataclasses.asdict(self.chosen_recipe),
            "device": self.device,
            "threads": self.threads,
            "cpu_seconds": None if self.cpu_seconds is None else float(self.cpu_seconds),
            **({"start": digest(Path(self.start))} if self.start else {}),
        }

    @property
    def key(self) -> str:
        """12 digits that are the same for the same run, on every machine and day."""
        text = json.dumps(self.identity, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def folder_name(self) -> str:
        """Where a comparison puts this run, below its own folder: ``cbam-order-spatial-channel-seed3-0f3a...``."""
        slug = re.sub(r"[^A-Za-z0-9_.]+", "-", self.attention).strip("-")[-60:]
        return f"{slug}-seed{self.seed}-{self.key}"


def network(run: Run, classes: int) -> nn.Module:
    """The host with its attention, as the seed begins it: outside the attention alike for every attention.

    Raises LabError where a class of your own cannot be built, or changes the shape; where weights to begin with do not
    fit.
    """
    torch.manual_seed(run.seed)
    bare = hosts.build(run.host, None, classes=classes)
    torch.manual_seed(run.seed)
    controlled = variant.controlled_by(run.attention)
    try:
        model = hosts.build(run.host, variant.build(controlled or run.attention, run.own), classes=classes)
    except (TypeError, ValueError) as error:
        raise LabError(f"{run.attention}: {error}") from error
    if controlled:
        put_controls(model, bare)
    model.load_state_dict(bare.state_dict(), strict=False)
    if run.start:
        begin_from(model, bare, Path(run.start))
    return model


def about(run: Run, data: Dataset, device: torch.device) -> dict[str, Any]:
    """What a record says of a run before it begins."""
    return {
        "attention": run.attention,
        "seed": run.seed,
        "host": run.host,
        "data": data.name,
        "data_title": data.title,
        "data_fingerprint": data.fingerprint,
        "recipe": dataclasses.asdict(run.chosen_recipe),
        "cpu_seconds_budget": run.cpu_seconds,
        "start": {"file": Path(run.start).name, "sha256": digest(Path(run.start))} if run.start else None,
        "reproducible": "bit for bit on this machine and these versions"
        if run.cpu_seconds is None
        else "no: with a budget of CPU-seconds the machine's speed decides how many steps are made",
        "key": run.key,
        "device": run.device,
        "hardware": hardware(device),
        "precision": str(precision(device)).removeprefix("torch."),
        "threads": run.threads,
        "versions": record.versions(),
    }
