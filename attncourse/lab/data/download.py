"""A file from the network: from the first place that gives it, resumed where it was cut off, whole or not at all.

What has come so far lies beside its place under the name ``<name>.part``, which nothing takes for the file. It gets its
name when its sha256 is right.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from attncourse.lab.data.cache import no_room
from attncourse.lab.data.dataset import DataError
from attncourse.lab.data.lock import alone

CHUNK = 1 << 18
# Seconds without a byte.
PATIENCE = 30.0
ROUNDS = 10
USER_AGENT = "attncourse (a course on visual attention)"


@dataclass(frozen=True)
class Remote:
    """A file that may be had from several places: ``mirrors`` are addresses, tried in turn; ``size`` is in bytes."""

    name: str
    mirrors: Sequence[str]
    sha256: str
    size: int


class _Refused(Exception):
    """Why this mirror does not give the file."""


def download(remote: Remote, folder: Path) -> Path:
    """The file in ``folder``, whole; it is downloaded unless it is there.

    Two processes may ask at once: the second waits, and finds what the first has brought.

    Raises:
        DataError: no mirror gave the whole file (what has come is kept, and the next call goes on there), or ``folder``
            cannot be written.
    """
    path = folder / remote.name
    if path.exists():
        return path  # also where the folder is another's, and cannot be written
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder / f"{remote.name}.lock"):
            if not path.exists():
                _fetch(remote, folder / f"{remote.name}.part", path)
    except OSError as error:
        raise no_room(folder, error) from error
    return path


def _fetch(remote: Remote, part: Path, path: Path) -> None:
    """Round after round over the mirrors, as long as a round brings something. Raises OSError for the disk alone."""
    reasons: list[str] = []
    for _round in range(ROUNDS):
        before, reasons = _size(part), []
        for address in remote.mirrors:
            try:
                _go_on(remote, address, part)
                _verify(remote, part)
            except _Refused as refusal:
                reasons.append(f"{address}: {refusal}")
            else:
                os.replace(part, path)
                return
        # Less than before: what was kept proved false, and all mirrors deserve another chance without it.
        if _size(part) == before:
            break
    raise DataError(
        f"{remote.name} could not be downloaded ({'; '.join(reasons)}). {_size(part):,} of {remote.size:,} bytes are "
        "kept and the next call goes on there; or fetch the file in another way and give its path"
    )


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _go_on(remote: Remote, address: str, part: Path) -> None:
    """Append to ``part`` what is missing, from this mirror. Raises _Refused where that did not complete it."""
    if _size(part) > remote.size:
        part.unlink()
    have = _size(part)
    if have == remote.size:
        return
    with _ask(address, have) as answer:
        skip = _expected(remote, answer, have)
        bar = tqdm(total=remote.size, initial=have, desc=remote.name, unit="B", unit_scale=True, mininterval=1)
        with bar, open(part, "ab") as file:
            while piece := _read(answer):
                fresh = piece[skip:]
                skip = max(0, skip - len(piece))
                file.write(fresh)
                bar.update(len(fresh))
    if _size(part) < remote.size:
        raise _Refused(f"ended after {_size(part):,} of {remote.size:,} bytes")


def _ask(address: str, have: int) -> http.client.HTTPResponse:
    """The answer to a request for all but the first ``have`` bytes."""
    headers = {"User-Agent": USER_AGENT, **({"Range": f"bytes={have}-"} if have else {})}
    try:
        return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        raise _Refused(f"{error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _Refused(str(getattr(error.reason, "strerror", None) or error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Refused(str(error) or type(error).__name__) from error


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The next piece; a fault of the network is no fault of the disk."""
    try:
        return answer.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Refused(str(error) or type(error).__name__) from error


def _expected(remote: Remote, answer: http.client.HTTPResponse, have: int) -> int:
    """How many of the bytes to come are here already: 0, or all, of a server that does not know ranges.

    Raises _Refused where the answer is not this file.
    """
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not found or int(found[1]) != have or found[2] not in ("*", str(remote.size)):
            raise _Refused(f"gave another range: {answer.headers.get('Content-Range')}")
        return 0
    length = answer.headers.get("Content-Length")
    if length is not None and length != str(remote.size):
        raise _Refused(f"has {length} bytes; expected {remote.size}")
    return have


def _verify(remote: Remote, part: Path) -> None:
    """Raises _Refused, and deletes what has come, where it is not the file."""
    with open(part, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != remote.sha256:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        raise _Refused(f"sha256 {found[:12]}...; expected {remote.sha256[:12]}...")
