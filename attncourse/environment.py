"""Sets up ``.venv`` beside ``pyproject.toml``: run before anything is installed, so standard library alone.

``python3 attncourse/environment.py`` is what ``make setup`` runs. A second run only compares a stamp. The text of this
file must be readable by Python 3.8, so that an old one answers with a sentence and not with a SyntaxError.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
ROOT = Path(__file__).resolve().parent.parent
STAMP = ".attncourse-stamp"
EXTRA = "test"
QUESTION = """
import json
from importlib.metadata import requires, version
import torch
print(json.dumps([version("torch"), [r for r in requires("torch") or [] if "extra ==" not in r]]))
"""


class SetupError(Exception):
    """What is missing, and the remedy, in one line."""


def main() -> int:
    """Set up, or say in one line why not. Exit codes: 0 ready, 1 not."""
    try:
        require_python()
        set_up(ROOT)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run it again to go on: what is downloaded is kept.", file=sys.stderr)
        return 1
    return 0


def require_python() -> None:
    """Go on with a newer Python where this one is too old; SetupError where there is none."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWER:
        newer = shutil.which(name)
        if newer:
            os.execv(newer, [newer, *sys.argv])
    raise SetupError(too_old(sys.version_info[:2]))


def too_old(version: tuple[int, int]) -> str:
    """The line for a Python that is too old."""
    return (
        "The course needs Python 3.11 or newer, and this is {}.{}. Install a newer one (python.org/downloads, or your "
        "system's packages) and name it: make start PYTHON=python3.12".format(*version)
    )


def require_venv_module() -> None:
    """SetupError, with the package to install, where this Python cannot make a virtual environment with pip."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        raise SetupError(
            f"This Python ({sys.executable}) has no {error.name} module, so it cannot make a virtual environment. "
            f"On Debian and Ubuntu: sudo apt-get install {package}"
        ) from None


def set_up(root: Path) -> Path:
    """Make ``root/.venv`` ready and return its Python. Raises SetupError."""
    folder = root / ".venv"
    stamp = folder / STAMP
    wanted = fingerprint(root)
    if is_current(stamp, wanted) and works(python_of(folder)):
        return python_of(folder)
    if not works(python_of(folder)):
        create(folder)
    install(root, folder)
    stamp.write_text(wanted, encoding="utf-8")
    print(f"Ready: {python_of(folder)}", flush=True)
    return python_of(folder)


def fingerprint(root: Path) -> str:
    """What the environment is made from: the requirements, the pins, and the place it lies in."""
    digest = hashlib.sha256(str(root).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def is_current(stamp: Path, wanted: str) -> bool:
    """Whether the last set-up came to its end, from the same requirements."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def python_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def works(python: Path) -> bool:
    """Whether this Python runs, is new enough and has pip: an interrupted or outdated one is made anew."""
    question = f"import sys, pip; sys.exit(sys.version_info < {OLDEST!r})"
    return python.exists() and subprocess.run([str(python), "-c", question], capture_output=True).returncode == 0


def create(folder: Path) -> None:
    """Make the virtual environment; it sees the base interpreter's packages only where torch is one of them."""
    require_venv_module()
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    base = torch_of(Path(getattr(sys, "_base_executable", sys.executable)))
    if base is not None and new_enough(base[0], lowest_torch(folder.parent)):
        print(f"Using the torch {base[0]} that this Python already has.", flush=True)
        command.insert(3, "--system-site-packages")
    print(f"Making {folder} ...", flush=True)
    if subprocess.run(command).returncode != 0:
        raise SetupError(f"No virtual environment could be made in {folder}: see the message above, then run it again.")


def install(root: Path, folder: Path) -> None:
    """Install the course and its tests with pip, from the pins; a torch that is there already is kept."""
    constraints = root / "constraints.txt"
    present = torch_of(python_of(folder))
    if present is not None and new_enough(present[0], lowest_torch(root)):
        constraints = folder / "constraints.txt"
        pins = (root / "constraints.txt").read_text(encoding="utf-8")
        constraints.write_text(keeping_torch(pins, *present), encoding="utf-8")
    elif sys.platform.startswith("linux"):
        print(SIZE_WARNING.format(python=python_of(folder)), flush=True)
    print("Installing the course: this takes some minutes, once.", flush=True)
    pip(folder, constraints, "--editable", f"{root}[{EXTRA}]")
    if not (folder / "share" / "jupyter" / "lab").is_dir():
        # JupyterLab of the base interpreter, in the very version wanted: its pages and menus lie out of our reach.
        pip(folder, constraints, "--ignore-installed", "--no-deps", "jupyterlab", "ipykernel", "nbgrader")


def pip(folder: Path, constraints: Path, *what: str) -> None:
    """``pip install`` in the environment. Raises SetupError."""
    command = [str(python_of(folder)), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    if subprocess.run([*command, "--constraint", str(constraints), *what]).returncode != 0:
        raise SetupError("pip could not install the course: see its message above, then run it again.")


SIZE_WARNING = """\
torch is not here yet: pip will fetch it. On Linux the usual build brings CUDA along, several gigabytes.
The course needs the CPU build alone. To have that instead, press Ctrl-C now, choose Linux, pip and CPU on
pytorch.org, run the line it gives with {python} -m pip in place of pip3, and start again: it is kept."""


def torch_of(python: Path) -> tuple[str, list[str]] | None:
    """Version and requirements of the torch that this Python can import, or None."""
    if not python.exists():
        return None
    answer = subprocess.run([str(python), "-c", QUESTION], capture_output=True, text=True)
    if answer.returncode != 0:
        return None
    version, requirements = json.loads(answer.stdout.splitlines()[-1])
    return version, requirements


def lowest_torch(root: Path) -> str:
    """The lower bound of torch in ``pyproject.toml``."""
    found = re.search(r'"torch>=([0-9.]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"))
    if found is None:
        raise SetupError('pyproject.toml must name torch with a lower bound, such as "torch>=2.4".')
    return found.group(1)


def new_enough(version: str, lowest: str) -> bool:
    """``new_enough("2.13.0+cpu", "2.4")``; numbers are compared as numbers."""
    return _numbers(version) >= _numbers(lowest)


def keeping_torch(pins: str, version: str, requirements: list[str]) -> str:
    """The pins for a torch that stays: its version, and no pin where torch itself demands an exact one."""
    exact = {_name(r) for r in requirements if "==" in r.split(";")[0]}
    lines = [line for line in pins.splitlines() if _name(line) not in exact | {"torch"}]
    return "\n".join([*lines, f"torch=={version}", ""])


def _name(requirement: str) -> str:
    """``Typing_Extensions>=4.10`` -> ``typing-extensions``."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


if __name__ == "__main__":
    sys.exit(main())
