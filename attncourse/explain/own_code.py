"""Your own code by its name: ``module:name`` of what Python finds, the current folder included, or ``FILE.py:name``."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from attncourse.explain.errors import ExplainError, brief


def load(text: str) -> Any:
    """What ``text`` names. Raises ExplainError where there is no such module, file or name, or importing it fails."""
    place, colon, name = text.rpartition(":")
    if not colon or not place or not name:
        raise ExplainError(f"expected module:name or FILE.py:name, got {text!r}")
    try:
        module = _file(Path(place)) if place.endswith(".py") else _module(place)
    except ExplainError:
        raise
    except (Exception, SystemExit) as error:  # whatever that code raises, its author wants to know
        raise ExplainError(f"{place} could not be imported ({brief(error)})") from error
    if not hasattr(module, name):
        raise ExplainError(f"{place} has no {name!r}; write the name as it stands in the file")
    return getattr(module, name)


def call(what: str, function: Any, *arguments: Any) -> Any:
    """Call somebody's code. Raises ExplainError in one line, with what it raised; one of ours passes as it is."""
    try:
        return function(*arguments)
    except ExplainError:
        raise
    except Exception as error:
        raise ExplainError(f"{what} failed ({brief(error)})") from error


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    sys.path.append(here)  # at the end: a torch.py in this folder shadows nothing
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(here)


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ExplainError(f"there is no file {path}; expected module:name or FILE.py:name")
    spec = importlib.util.spec_from_file_location(f"own_{path.stem}", path.absolute())
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
