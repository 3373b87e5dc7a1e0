"""``attncourse doctor``: what is missing, and how to mend it. It changes nothing.

Each examination is a function that yields findings; none of them may need what another one finds missing, so torch and
JupyterLab are asked for in a process of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

from attncourse import environment, workspace

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (ROOT / "pyproject.toml").is_file()
GOOD, POOR, BAD = "good", "poor", "bad"
MARKS = {GOOD: "✓", POOR: "○", BAD: "✗"}
LEAST_SPACE = 50 * 2**20
SECONDS = 120


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; ``remedy`` is the next step. "poor" does not stop a learner, "bad" does."""

    grade: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{MARKS[self.grade]} {self.text}" + (f"\n  -> {self.remedy}" if self.remedy else "")


def examine(folder: Path | None) -> Iterator[Finding]:
    """All findings, one after another; ``folder`` is the learner's, if there is one."""
    examinations: tuple[Callable[[Path | None], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _pins,
        _torch,
        _kernel,
        _lessons,
        _folder,
        _hiding,
        _records,
        _for_tests,
    )
    for examination in examinations:
        yield from examination(folder)


def _python(folder: Path | None) -> Iterator[Finding]:
    found = sys.version_info[:2]
    if found < environment.OLDEST:
        yield Finding(BAD, f"Python {found[0]}.{found[1]}", environment.too_old(found))
    else:
        yield Finding(GOOD, f"Python {found[0]}.{found[1]} ({sys.executable})")


def _hiding(folder: Path | None) -> Iterator[Finding]:
    """Files of the learner's that hide a library: Python looks beside the notebook first."""
    if folder is None:
        return
    libraries = {*sys.stdlib_module_names, *packages_distributions(), "attncourse"}
    files = [*folder.glob("*.py"), *(package.parent for package in folder.glob("*/__init__.py"))]
    for path in sorted(path for path in files if path.stem in libraries):
        yield Finding(
            BAD, f"{path} hides the library {path.stem}", f"Rename it, to my_{path.name} say, and restart the kernel"
        )


def _packages(folder: Path | None) -> Iterator[Finding]:
    """What the course requires: there, and new enough."""
    remedy = (
        "Run make setup, or without make: pip install --upgrade attncourse, from the course's folder: pip install ."
    )
    try:
        from packaging.requirements import Requirement

        needed = [Requirement(text) for text in requires("attncourse") or []]
    except (PackageNotFoundError, ImportError):
        yield Finding(BAD, "The course is not installed in this Python", remedy)
        return
    wrong = []
    for requirement in needed:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = _installed(requirement.name)
        if found is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found}, needed is {requirement.specifier}")
    yield Finding(BAD, "; ".join(wrong), remedy) if wrong else Finding(GOOD, "All packages that the course requires")


def _pins(folder: Path | None) -> Iterator[Finding]:
    """In a checkout: the tested versions."""
    path = ROOT / "constraints.txt"
    if not CHECKOUT:
        return
    pins = [line.split("==") for line in path.read_text(encoding="utf-8").splitlines() if "==" in line]
    others = [
        f"{name} {found} (tested: {pin})" for name, pin in pins if (found := _installed(name)) and not _is(found, pin)
    ]
    if others:
        shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        yield Finding(POOR, f"Other versions than the tested ones: {shown}", "If something fails, run make setup")
    else:
        yield Finding(GOOD, "The tested versions (constraints.txt)")


def _torch(folder: Path | None) -> Iterator[Finding]:
    code = "import torch; print(torch.__version__, float(torch.ones(2, 3).mean()))"
    good, said = _ask([sys.executable, "-c", code])
    if good:
        yield Finding(GOOD, f"torch {said.split()[0]} computes")
    else:
        yield Finding(
            BAD, f"torch cannot be imported: {said}", "Install it for this Python: see pytorch.org, CPU build"
        )


def _kernel(folder: Path | None) -> Iterator[Finding]:
    """A kernel for the notebooks, and which Python it runs."""
    good, said = _ask(
        [sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json"], JUPYTER_PREFER_ENV_PATH="1"
    )
    remedy = "Run: " + f"{sys.executable} -m pip install --force-reinstall ipykernel"
    try:
        spec = json.loads(said if good else "{}").get("kernelspecs", {}).get("python3")
    except ValueError:
        spec = None
    if spec is None:
        yield Finding(BAD, "JupyterLab has no Python kernel" + ("" if good else f": {said}"), remedy)
        return
    runs = spec["spec"]["argv"][0]
    here = runs in ("python", "python3") or os.path.realpath(runs) == os.path.realpath(sys.executable)
    if here:
        yield Finding(GOOD, "JupyterLab with a Python kernel")
    else:
        yield Finding(POOR, f"The kernel python3 runs another Python: {runs}", remedy)


def _lessons(folder: Path | None) -> Iterator[Finding]:
    try:
        found = sorted(workspace.released_folder().glob("*.ipynb"))
    except workspace.WorkspaceError as error:
        yield Finding(BAD, "The course's notebooks are missing", str(error))
        return
    yield Finding(
        GOOD if found else BAD, f"Lessons: {len(found)}", "" if found else "In a checkout: python -m grading release"
    )


def _folder(folder: Path | None) -> Iterator[Finding]:
    if folder is None:
        yield Finding(POOR, "No course folder here", "Run: attncourse start")
        return
    try:
        with tempfile.TemporaryFile(dir=folder), tempfile.TemporaryFile(dir=folder / workspace.MARK):
            pass
    except OSError as error:
        remedy = f"Make it writable: chmod -R u+w {folder}, or begin elsewhere: attncourse start DIR"
        yield Finding(BAD, f"{folder} cannot be written ({error.strerror})", remedy)
        return
    free = shutil.disk_usage(folder).free
    if free < LEAST_SPACE:
        yield Finding(BAD, f"Only {free / 2**20:.0f} MB are free for {folder}", "Free some space: progress needs it")
    else:
        yield Finding(GOOD, f"{folder} can be written")


def _records(folder: Path | None) -> Iterator[Finding]:
    if folder is None:
        return
    broken = workspace.Workspace(folder).broken_records()
    for path in broken:
        yield Finding(POOR, f"A damaged progress file: {path}", f"Check {path.stem} again: the file is then set aside")
    if not broken:
        yield Finding(GOOD, "Progress files")


def _for_tests(folder: Path | None) -> Iterator[Finding]:
    """Only where the tests are: a checkout."""
    if not CHECKOUT:
        return
    needed = {"chromium": ("chromium", "chromium-browser"), "bubblewrap": ("bwrap",)}
    for package, programs in needed.items():
        if any(shutil.which(program) for program in programs):
            yield Finding(GOOD, f"{package}, for the tests")
        else:
            remedy = f"Not needed to learn. On Debian and Ubuntu: sudo apt-get install {package}"
            yield Finding(POOR, f"No {package}: some tests are skipped", remedy)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _is(found: str, pin: str) -> bool:
    """``2.13.0+cpu`` is ``2.13.0``."""
    return found.split("+")[0] == pin.strip()


def _ask(command: list[str], **variables: str) -> tuple[bool, str]:
    """Run a command; whether it went well, and what it printed, or the last line of its complaint."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    if done.returncode == 0:
        return True, done.stdout.strip()
    return False, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
