"""The set-up: pyproject.toml, constraints.txt and environment.yml agree, and environment.py answers in sentences."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from attncourse import environment

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN_LINES = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
PINS = dict(line.split("==") for line in PIN_LINES)


def direct() -> list[Requirement]:
    return [Requirement(text) for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"])]


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    for requirement in direct():
        assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)]), requirement


def test_pyproject_has_lower_bounds_alone() -> None:
    for requirement in direct():
        assert [one.operator for one in requirement.specifier] == [">="], requirement


def test_what_the_course_stands_on_is_pinned() -> None:
    assert {"jupyterlab", "torch", "numpy", "nbgrader", "matplotlib", "pytest"} <= set(PINS)


def test_each_pin_is_one_exact_public_version() -> None:
    names = [line.split("==")[0] for line in PIN_LINES]
    assert names == sorted(names)
    assert len(names) == len(set(names))
    for line in PIN_LINES:
        name, version = line.split("==")
        assert name == canonicalize_name(name)
        assert re.fullmatch(r"[0-9]+(\.[0-9]+)*(\.post[0-9]+)?", version), line


def required_here() -> dict[str, Any]:
    """All packages that the course needs on this machine, by name."""
    found: dict[str, Any] = {}
    todo, done = direct(), set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if (name, *requirement.extras) in done:
            continue
        done.add((name, *requirement.extras))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for text in found[name].requires or []:
            needed = Requirement(text)
            extras = ["", *requirement.extras]
            # torch demands exact versions of its CUDA parts itself.
            own = name == "torch" and "==" in str(needed.specifier)
            if not own and (needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in extras)):
                todo.append(needed)
    return found


def test_what_the_dependencies_need_is_pinned_too() -> None:
    assert set(required_here()) - set(PINS) == set()


def test_the_pins_install_on_the_oldest_python() -> None:
    """Debian 12 has Python 3.11.2: a pin that asks for 3.11.5 fails there and nowhere else."""
    refused = {
        name: found.metadata["Requires-Python"]
        for name, found in required_here().items()
        if found.version.split("+")[0] == PINS.get(name)
        and not SpecifierSet(found.metadata.get("Requires-Python") or "").contains("3.11.0")
    }
    assert refused == {}


def test_conda_users_get_the_same_pins() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [one for one in content["dependencies"] if isinstance(one, str)]
    (pip,) = [one["pip"] for one in content["dependencies"] if isinstance(one, dict)]
    assert plain == [f"python{PROJECT['requires-python']}", "pip"]
    assert pip == ["-c constraints.txt", f"-e .[{environment.EXTRA}]"]


def test_the_oldest_python_is_named_once() -> None:
    assert PROJECT["requires-python"] == ">={}.{}".format(*environment.OLDEST)
    assert environment.lowest_torch(ROOT) == "2.4"


def test_the_set_up_needs_nothing_installed() -> None:
    tree = ast.parse(Path(environment.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names


def test_an_old_python_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert environment.main() == 1
    said = capsys.readouterr().err
    assert "3.11 or newer" in said
    assert "this is 3.9" in said
    assert said.count("\n") == 1


def test_an_old_python_hands_over_to_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(sys, "version_info", (3, 10, 1, "final", 0))
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/python3.12" if name == "python3.12" else None)

    def execute(path: str, arguments: list[str]) -> None:
        called.append((path, arguments))
        raise SystemExit

    monkeypatch.setattr(os, "execv", execute)
    with pytest.raises(SystemExit):
        environment.require_python()
    assert called == [("/usr/bin/python3.12", ["/usr/bin/python3.12", "environment.py"])]


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_names_the_package(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(environment.SetupError) as caught:
        environment.require_venv_module()
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in str(caught.value)
    assert module in str(caught.value)


@pytest.mark.parametrize(
    ("version", "enough"), [("2.13.0+cpu", True), ("2.4", True), ("2.4.1", True), ("2.3.1", False), ("1.13.1", False)]
)
def test_torch_versions_are_compared_as_numbers(version: str, enough: bool) -> None:
    assert environment.new_enough(version, "2.4") is enough


def test_a_torch_that_is_there_stays() -> None:
    pins = "jinja2==3.1.6\nsympy==1.14.0\ntorch==2.13.0\ntyping-extensions==4.16.0\n"
    requirements = ["jinja2", "sympy==1.13.1; python_version >= '3.9'", "typing_extensions>=4.10.0"]
    kept = environment.keeping_torch(pins, "2.5.1+cu121", requirements)
    assert kept.split() == ["jinja2==3.1.6", "typing-extensions==4.16.0", "torch==2.5.1+cu121"]


def test_the_torch_of_a_python_is_found() -> None:
    found = environment.torch_of(Path(sys.executable))
    assert found is not None
    assert found[0] == distribution("torch").version
    assert any(one.startswith("sympy") for one in found[1])


def test_no_torch_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert environment.torch_of(tmp_path / "no-such-python") is None


@pytest.fixture
def pip_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What pip was asked for, with the constraints file first, in place of pip."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(environment, "pip", lambda folder, pins, *what: calls.append((str(pins), *what)))
    return calls


def test_a_torch_to_be_fetched_is_announced(
    pip_calls: list[tuple[str, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "share" / "jupyter" / "lab").mkdir(parents=True)
    monkeypatch.setattr(environment, "torch_of", lambda python: None)
    monkeypatch.setattr(sys, "platform", "linux")
    environment.install(ROOT, tmp_path)
    said = capsys.readouterr().out
    assert said.index("several gigabytes") < said.index("Installing the course")
    assert pip_calls == [(str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[test]")]


def test_a_torch_that_is_there_is_not_fetched(
    pip_calls: list[tuple[str, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(environment, "torch_of", lambda python: ("2.9.0+cpu", ["jinja2"]))
    environment.install(ROOT, tmp_path)
    assert "gigabytes" not in capsys.readouterr().out
    assert {call[0] for call in pip_calls} == {str(tmp_path / "constraints.txt")}
    assert "torch==2.9.0+cpu" in (tmp_path / "constraints.txt").read_text().split()
    assert pip_calls[1][1:] == ("--ignore-installed", "--no-deps", "jupyterlab", "ipykernel", "nbgrader")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the project's two files, where making the environment and pip are only counted."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)

    def create(folder: Path) -> None:
        python = environment.python_of(folder)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.symlink_to(sys.executable)
        (tmp_path / "created").open("a").write("x")

    def install(root: Path, folder: Path) -> None:
        (tmp_path / "installed").open("a").write("x")

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "install", install)
    return tmp_path


def counts(folder: Path) -> tuple[int, int]:
    one, two = (folder / name for name in ("created", "installed"))
    return len(one.read_text()), len(two.read_text()) if two.exists() else 0


def test_a_second_set_up_does_nothing(checkout: Path) -> None:
    python = environment.set_up(checkout)
    assert python == environment.set_up(checkout)
    assert counts(checkout) == (1, 1)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed(checkout: Path, name: str) -> None:
    environment.set_up(checkout)
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    environment.set_up(checkout)
    assert counts(checkout) == (1, 2)


def test_an_interrupted_set_up_is_gone_on_with(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: Path, folder: Path) -> None:
        raise environment.SetupError("the network is down")

    with monkeypatch.context() as broken:
        broken.setattr(environment, "install", fail)
        with pytest.raises(environment.SetupError):
            environment.set_up(checkout)
    environment.set_up(checkout)
    assert counts(checkout) == (1, 1)


def test_a_removed_interpreter_is_made_anew(checkout: Path) -> None:
    python = environment.set_up(checkout)
    python.unlink()
    environment.set_up(checkout)
    assert counts(checkout) == (2, 2)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_without_python_says_what_to_do() -> None:
    done = subprocess.run(
        ["make", "setup", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Install Python 3.11 or newer" in done.stderr


def test_ci_installs_what_the_full_tests_need() -> None:
    packages = (ROOT / ".ci" / "packages").read_text(encoding="utf-8").split()
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert {"chromium", "bubblewrap"} <= set(packages)
    assert "REQUIRE_ALL=1 make test" in script
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0


SKIPPING_TEST = """
import pytest
def test_skips(): pytest.skip("no browser")
@pytest.mark.xfail(strict=True)
def test_known_fault(): assert False
"""
SKIPPING_MODULE = """
import pytest
pytest.importorskip("no_browser")
"""


@pytest.mark.parametrize("text", [SKIPPING_TEST, SKIPPING_MODULE])
@pytest.mark.parametrize("require_all", [True, False])
def test_a_skip_fails_where_all_is_required(tmp_path: Path, text: str, require_all: bool) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(text)
    (tmp_path / "test_other.py").write_text("def test_runs(): pass")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "REQUIRE_ALL": str(int(require_all))},
        check=False,
    )
    assert (done.returncode != 0) is require_all, done.stdout
    assert ("REQUIRE_ALL is set" in done.stdout) is require_all
    if require_all:
        assert re.search("no.browser", done.stdout)
