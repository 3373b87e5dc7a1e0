"""A download: whole or not at all, resumed, checked, clear about what went wrong. Against a server on this machine."""

from __future__ import annotations

import errno
import hashlib
import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attncourse.lab.data import download as module
from attncourse.lab.data.dataset import DataError
from attncourse.lab.data.download import Remote, download

CONTENT = bytes(range(256)) * 4000 + b"the end"
PART = "file.bin.part"


class Server(http.server.ThreadingHTTPServer):
    """Gives CONTENT at /whole; other paths have a fault each. ``asked`` holds (path, Range) of every request."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        if self.path == "/missing":
            return self.send_error(404)
        if self.path == "/hangs-up":
            return self.connection.close()
        if self.path == "/no-http":
            self.wfile.write(b"what?\r\n\r\n")
            return None
        content = b"<html>busy</html>" if self.path == "/page" else CONTENT
        if self.path == "/corrupt":
            content = b"?" + CONTENT[1:]
        start = 0
        if wanted and self.path != "/no-ranges":
            found = re.fullmatch(r"bytes=(\d+)-", wanted)
            assert found
            start = int(found[1]) + (5 if self.path == "/wrong-range" else 0)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        if self.path == "/cuts":
            rest = rest[:300_000]
        if self.path == "/stalls":
            self.wfile.write(rest[:300_000])
            self.wfile.flush()
            self.server.release.wait(20)
            return None
        self.wfile.write(rest)
        return None

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.release.set()
    running.shutdown()
    thread.join()
    running.server_close()


def remote(*mirrors: str) -> Remote:
    return Remote("file.bin", mirrors, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"file.bin.lock"}


def test_whole(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    assert download(remote(server.address("/whole")), folder).read_bytes() == CONTENT
    assert leftovers(folder) == {"file.bin"}
    assert server.asked == [("/whole", None)]


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    download(remote(server.address("/whole")), tmp_path)
    download(remote(server.address("/whole")), tmp_path)
    assert len(server.asked) == 1


def test_a_folder_of_another_is_read_without_a_trace(server: Server, tmp_path: Path) -> None:
    """A class's folder, filled by the teacher: not even a lock can be written there."""
    (tmp_path / "file.bin").write_bytes(CONTENT)
    assert download(remote(server.address("/whole")), tmp_path) == tmp_path / "file.bin"
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_resumed(server: Server, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(CONTENT[:1234])
    assert download(remote(server.address("/whole")), tmp_path).read_bytes() == CONTENT
    assert server.asked == [("/whole", "bytes=1234-")]


def test_a_server_that_cuts_is_asked_for_the_rest(server: Server, tmp_path: Path) -> None:
    assert download(remote(server.address("/cuts")), tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]


def test_a_server_without_ranges(server: Server, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(CONTENT[:400_001])
    assert download(remote(server.address("/no-ranges")), tmp_path).read_bytes() == CONTENT


def test_a_wrong_range_is_not_appended(server: Server, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(CONTENT[:1000])
    with pytest.raises(DataError, match="another range"):
        download(remote(server.address("/wrong-range")), tmp_path)
    assert (tmp_path / PART).read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("fault", ["/missing", "/corrupt", "/page", "/hangs-up", "/no-http", "dead"])
def test_the_next_mirror_is_tried(server: Server, tmp_path: Path, fault: str) -> None:
    first = "http://127.0.0.1:9/file" if fault == "dead" else server.address(fault)
    assert download(remote(first, server.address("/whole")), tmp_path).read_bytes() == CONTENT


def test_a_corrupted_file_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sha256 .* expected"):
        download(remote(server.address("/corrupt")), tmp_path)
    assert leftovers(tmp_path) == set()


def test_a_corrupted_beginning_is_given_up(server: Server, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(b"?" * 1000)
    assert download(remote(server.address("/whole")), tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["bytes=1000-", None]


def test_a_part_that_is_too_long_is_given_up(server: Server, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(CONTENT + b"more")
    assert download(remote(server.address("/whole")), tmp_path).read_bytes() == CONTENT


def test_no_network(tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(CONTENT[:1000])
    with pytest.raises(DataError) as caught:
        download(remote("http://127.0.0.1:9/a", "http://no-such-host.invalid/b"), tmp_path)
    said = str(caught.value)
    assert "127.0.0.1:9/a" in said and "no-such-host.invalid/b" in said and "1,000 of" in said and "\n" not in said
    assert (tmp_path / PART).read_bytes() == CONTENT[:1000]


def test_silence_is_not_waited_for_for_ever(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    assert download(remote(server.address("/stalls"), server.address("/whole")), tmp_path).read_bytes() == CONTENT
    assert server.asked[1] == ("/whole", "bytes=300000-")


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="Cannot write into the cache folder"):
        download(remote(server.address("/whole")), tmp_path / "file" / "cache")


def test_a_full_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, mode: str) -> Any:
        if str(path).endswith(".part") and mode == "ab":
            raise OSError(errno.ENOSPC, "No space left on device")
        return open(path, mode)

    monkeypatch.setattr(module, "open", full, raising=False)
    with pytest.raises(DataError, match="No space left on device"):
        download(remote(server.address("/whole")), tmp_path)
    assert not (tmp_path / "file.bin").exists()


def test_killed_half_way(server: Server, tmp_path: Path) -> None:
    """What has come is kept under another name, and the next call goes on from there."""
    code = (
        "import sys; from pathlib import Path; from attncourse.lab.data.download import Remote, download\n"
        "download(Remote('file.bin', (sys.argv[1],), sys.argv[2], int(sys.argv[3])), Path(sys.argv[4]))"
    )
    expected = remote(server.address("/stalls"))
    arguments = [expected.mirrors[0], expected.sha256, str(expected.size), str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.DEVNULL)
    part = tmp_path / PART
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert leftovers(tmp_path) == {PART}
    have = part.stat().st_size
    assert 0 < have <= 300_000
    assert download(remote(server.address("/whole")), tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == ("/whole", f"bytes={have}-")


def test_two_at_once_fetch_once(server: Server, tmp_path: Path) -> None:
    found: list[bytes] = []
    ask = remote(server.address("/whole"))
    threads = [threading.Thread(target=lambda: found.append(download(ask, tmp_path).read_bytes())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 3
    assert len(server.asked) == 1
