"""Executing a run: trained, evaluated, recorded; finished ones are read, interrupted ones go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as packed

from attncourse import costs
from attncourse.lab import checkpoint, record
from attncourse.lab.clock import Clock
from attncourse.lab.data import load
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.device import device_of
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.run import Run, about, network
from attncourse.lab.training import Training
from attncourse.storage import write_atomically

CHECKPOINT = "checkpoint.safetensors"


def execute(
    run: Run, folder: Path, *, dataset: Dataset | None = None, display: Display | None = None
) -> dict[str, Any]:
    """Train, evaluate and write record.json, log.csv and weights.safetensors into ``folder``; returns the record.

    A run that is finished there is not repeated: its record is read. One that was interrupted goes on from its
    checkpoint, bit for bit; with a budget of CPU-seconds it goes on as well, but as much comes out as the machine did.

    Args:
        run: what to do.
        folder: of this run alone.
        dataset: what ``run.data`` stands for, where it is loaded already.
        display: shows what happens; by default nothing does.

    Raises:
        LabError: the folder holds another run or cannot be written; the data, the attention or the device are not
            there; the loss is no number any more; your own module fails. The record then says so, without an accuracy.
    """
    display = display or Display()
    device = device_of(run.device)
    try:
        found = record.read(folder)
        if found and found.get("finished"):
            if found.get("key") != run.key:
                theirs = ", ".join(str(found.get(name)) for name in ("attention", "data", "seed"))
                raise LabError(f"{folder} holds the record of another run ({theirs}). Choose another folder")
            if found.get("data_fingerprint") != (dataset or load(run.data)).fingerprint:
                raise LabError(f"The pictures of {run.data} changed since {folder} was written. Choose another folder")
            return found
        folder.mkdir(parents=True, exist_ok=True)
        loading = Clock()
        data = dataset or load(run.data)
        if len(data.train_labels) < 2:
            raise LabError(f"{data.title} has one training picture; a batch needs two. Add some")
        made = {**about(run, data, device), "data_cpu_seconds": loading.cpu_seconds}
        try:
            with _apart(run, device), display:
                made |= _train(run, data, device, folder, display)
        except LabError as error:
            record.write(folder, {**made, "test_accuracy": None, "finished": False, "problem": str(error)})
            raise
        record.write(folder, made)
        (folder / CHECKPOINT).unlink(missing_ok=True)
        return made
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise LabError(f"{error.filename or folder} is in the way ({error.strerror}). Choose another folder") from error
    except OSError as error:
        raise LabError(
            f"{error.filename or folder} could not be written ({error.strerror}). Free some space or choose another "
            "folder; the same command goes on where it stopped"
        ) from error


def _train(run: Run, data: Dataset, device: torch.device, folder: Path, display: Display) -> dict[str, Any]:
    model = network(run, len(data.classes))
    cost = costs.of(model, (1, *data.train_images.shape[1:]))
    training = Training(model, data, run.chosen_recipe, seed=run.seed, device=device, budget=run.cpu_seconds)
    key = f"{run.key} {data.fingerprint}"  # pictures may change where the path stays
    said = checkpoint.load(training, folder / CHECKPOINT, key)
    if said:
        display.say(said)
    resumed = len(training.history)

    def save(training: Training) -> None:
        checkpoint.save(training, folder / CHECKPOINT, key)
        record.write_log(folder, training.history)

    try:
        training.run(save, display)
    except torch.cuda.OutOfMemoryError as error:
        raise LabError(f"The GPU's memory is full. Lower the batch size {training.recipe.batch_size}") from error
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        problem = f"({type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else 'no message'})"
        if ":" in run.attention:
            raise LabError(f"{run.attention} failed in training {problem}. Mend it") from error
        if training.recipe.compile:
            raise LabError(f"torch.compile failed {problem}. Train without it") from error
        raise
    record.write_log(folder, training.history)
    trained = {name: tensor.cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    write_atomically(folder / "weights.safetensors", packed(trained))
    last = training.history[-1]
    return {
        "test_accuracy": last["test_accuracy"],
        "train_accuracy": last["train_accuracy"],
        "epochs": len(training.history),
        "steps": training.steps,
        "seconds": last["seconds"],
        "cpu_seconds": last["cpu_seconds"],
        "images_per_second": training.steps * min(training.recipe.batch_size, len(data.train_labels)) / last["seconds"],
        "resumed_after_epoch": resumed or None,
        "parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
        # What the network takes and says, for whoever uses the weights: pixels in [0, 1], less mean, over deviation.
        "classes": list(data.classes),
        "image_size": list(data.train_images.shape[2:]),
        "mean": (training.train.mean / 255).tolist(),
        "deviation": (training.train.deviation / 255).tolist(),
        "finished": True,
    }


@contextmanager
def _apart(run: Run, device: torch.device) -> Iterator[None]:
    """The caller's random state and number of threads are as before, afterwards."""
    threads = torch.get_num_threads()
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(gpus), torch.backends.cudnn.flags(deterministic=True, benchmark=False):
        try:
            torch.set_num_threads(run.threads)
            yield
        finally:
            torch.set_num_threads(threads)
