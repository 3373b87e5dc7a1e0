"""JupyterLab as learners get it: a real server, asked over HTTP. What a browser shows is in test_browser.py."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from attncourse import jupyter

ROOT = Path(jupyter.__file__).parent.parent
SERVE = """
import sys
from pathlib import Path
from attncourse import jupyter
folder = Path(sys.argv[1])
try:
    jupyter.serve(folder, folder / "a lesson.ipynb", browser=False)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running course in ``tmp_path`` and the address that it printed."""
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "a lesson.ipynb")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def ask(address: str, path: str) -> str:
    base, token = address.split("/lab/")[0], address.split("token=")[1]
    request = urllib.request.Request(base + path, headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def test_a_learner_sees_no_teacher_menus_and_no_news(
    serving: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, address = serving
    assert "/lab/tree/a%20lesson.ipynb?token=" in address
    page = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', ask(address, "/lab"), re.DOTALL)
    assert page is not None
    assert "@jupyter/nbgrader" in json.loads(page[1])["disabledExtensions"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(address, "/formgrader")
    settings = json.loads(ask(address, "/lab/api/settings/@jupyterlab/apputils-extension:notification"))
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    kernel = json.loads(ask(address, "/api/kernelspecs"))["kernelspecs"]["python3"]["spec"]["argv"][0]
    assert kernel == "python" or Path(kernel).parent == Path(sys.executable).parent

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert out.endswith("stopped\n")
    port = int(address.split(":")[2].split("/")[0])
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))


def test_the_token_is_no_argument(tmp_path: Path) -> None:
    variables = jupyter.environment(tmp_path, "very-secret")
    assert variables["JUPYTER_TOKEN"] == "very-secret"
    assert "very-secret" not in " ".join(jupyter.command(tmp_path, 8888))


def test_the_users_own_configuration_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere")
    paths = jupyter.environment(tmp_path, "t")["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert paths == [str(tmp_path / ".attncourse" / "jupyter"), "/somewhere"]


def test_a_taken_port_is_passed_by() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        assert jupyter.free_port(first=port) != port


def test_a_server_that_does_not_start_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path, port: int) -> list[Any]:
        return [sys.executable, "-c", "raise SystemExit('no module named jupyterlab')"]

    monkeypatch.setattr(jupyter, "command", broken)
    with pytest.raises(jupyter.JupyterError, match=r"no module named jupyterlab. Run: attncourse doctor"):
        jupyter.serve(tmp_path, tmp_path / "a.ipynb", browser=False)
