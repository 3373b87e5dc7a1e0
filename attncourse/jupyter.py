"""JupyterLab for the course: on a free port, without teacher menus, stopped cleanly, the user's settings untouched.

nbgrader switches its teacher menus on in every JupyterLab of its environment. They, the news pop-up and the saved
layout of other projects are switched off here for this one launch, through a configuration folder that lies in the
learner's folder (``.attncourse/jupyter``) and is named to JupyterLab by ``JUPYTER_CONFIG_PATH``.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from attncourse.storage import write_atomically

START_SECONDS = 90.0
STOP_SECONDS = 10.0
NO_TEACHER_MENUS = {"disabledExtensions": {"@jupyter/nbgrader": True}}
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
NO_TEACHER_SERVER = {
    "ServerApp": {
        "jpserver_extensions": {
            f"nbgrader.server_extensions.{name}": False
            for name in ("formgrader", "validate_assignment", "assignment_list", "course_list")
        }
    }
}


class JupyterError(Exception):
    """Why JupyterLab does not run, and the next step, in one line."""


def serve(folder: Path, notebook: Path, *, browser: bool) -> None:
    """Open ``notebook`` of ``folder`` in JupyterLab and wait until it is stopped. Raises JupyterError, OSError.

    Ctrl-C, SIGTERM and a closed terminal stop the server and its kernels. Without a browser the address is printed.
    """
    port, token = free_port(), secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{port}/lab/tree/{quote(notebook.relative_to(folder).as_posix())}?token={token}"
    with _interruptible(), _server(folder, port, token) as server:
        _await_start(server, port, folder)
        print(f"The course is open at {address}", flush=True)
        print("Ctrl-C here stops it. Your work is saved in", folder, flush=True)
        if browser:
            webbrowser.open(address)
        code = server.wait()
    if code != 0:
        raise JupyterError(f"JupyterLab ended by itself (code {code}; see {log_of(folder)}). Run: attncourse doctor")


def configure(folder: Path) -> Path:
    """Write the course's own settings of JupyterLab below ``folder``; returns the configuration folder."""
    place = folder / ".attncourse" / "jupyter"
    settings = {
        "labconfig/page_config.json": NO_TEACHER_MENUS,
        "labconfig/default_setting_overrides.json": NO_NEWS,
        "jupyter_server_config.json": NO_TEACHER_SERVER,
    }
    for name, content in settings.items():
        text = json.dumps(content, indent=1) + "\n"
        path = place / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
    return place


def log_of(folder: Path) -> Path:
    """Where the server's own messages go: the terminal shows the address alone."""
    return folder / ".attncourse" / "jupyter" / "server.log"


def free_port(first: int = 8888, tries: int = 50) -> int:
    """The first port from ``first`` on that nobody uses, or else any. The same one as last time keeps links alive."""
    for port in (*range(first, first + tries), 0):
        with socket.socket() as listening:
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listening.getsockname()[1])
    raise JupyterError("No free port was found for JupyterLab. Close another server, then run it again.")


def environment(folder: Path, token: str) -> dict[str, str]:
    """The server's environment: the course's settings first, this Python's kernel before the user's."""
    paths = [str(configure(folder)), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return {
        **os.environ,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(path for path in paths if path),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_TOKEN": token,
    }


def command(folder: Path, port: int) -> list[str]:
    """The command line of the server. The token is no part of it: others on the machine could read it there."""
    settings = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.root_dir": folder,
        "LabApp.workspaces_dir": folder / ".attncourse" / "jupyter" / "workspaces",
        "Application.log_level": "ERROR",
    }
    line = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in settings.items())]
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*line, "--allow-root"] if as_root else line


@contextmanager
def _server(folder: Path, port: int, token: str) -> Iterator[subprocess.Popen[bytes]]:
    """The running server, in a session of its own: Ctrl-C reaches us alone, so that it asks no question."""
    variables = environment(folder, token)
    with open(log_of(folder), "wb") as log:
        server = subprocess.Popen(
            command(folder, port),
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _await_start(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """Wait until the server answers, with whatever it answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise JupyterError(f"JupyterLab did not start: {_last_words(log_of(folder))}. Run: attncourse doctor")
        try:
            direct.open(f"http://127.0.0.1:{port}/api", timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise JupyterError(f"JupyterLab did not answer within {START_SECONDS:g} seconds. Run: attncourse doctor")


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "it said nothing"


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM and a closed terminal do what Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
