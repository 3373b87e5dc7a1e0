"""What the lab trains on: pictures and labels in memory, and a name, a title and a fingerprint for the record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from attncourse.lab.errors import LabError


class DataError(LabError):
    """Data cannot be had or is not what it should be: what was expected, what came, the next step, in one line."""


@dataclass(frozen=True)
class Dataset:
    """Pictures and labels, all of them in memory.

    Attributes:
        name: as in the record: "cifar10", "cifar10-jpeg", "tasks:row", "folder:<name>".
        title: what a figure or a table calls it: "CIFAR-10 (JPEG copy)", "same row".
        classes: their names; label k is ``classes[k]``.
        train_images: uint8 ``(N, 3, H, W)``.
        train_labels: int64 ``(N,)``.
        test_images: uint8 ``(M, 3, H, W)``.
        test_labels: int64 ``(M,)``.
        fingerprint: of all pixels and labels, see ``fingerprint_of``.
        mirrored: whether a picture may be flipped left-right and shifted without changing its class.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    fingerprint: str
    mirrored: bool


def fingerprint_of(classes: Sequence[str], *tensors: Tensor) -> str:
    """The first 16 hexadecimal digits of a sha256 over the classes, and each tensor's type, shape and values."""
    digest = hashlib.sha256("\n".join(classes).encode())
    for tensor in tensors:
        digest.update(f"\n{tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()).data)
    return digest.hexdigest()[:16]


def dataset(
    name: str,
    title: str,
    classes: Sequence[str],
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    mirrored: bool,
) -> Dataset:
    """A ``Dataset`` of (images, labels) pairs, with its fingerprint.

    Raises DataError where a split is empty, or where there is but one class.
    """
    if len(classes) < 2:
        raise DataError(f"{title} has one class ({', '.join(classes)}); expected two or more: add another class")
    for split, (images, labels) in {"training": train, "test": test}.items():
        if not len(images):
            raise DataError(f"{title} has no {split} pictures; expected at least one: add some")
        if len(images) != len(labels):
            raise DataError(f"{title} has {len(images)} {split} pictures and {len(labels)} labels; expected as many")
    return Dataset(name, title, tuple(classes), *train, *test, fingerprint_of(classes, *train, *test), mirrored)
