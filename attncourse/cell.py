"""Runs the text of one cell outside a notebook as a notebook would: with top-level ``await``, and with ``display``."""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import linecache
import sys
import types
from typing import Any


def fresh_names() -> dict[str, Any]:
    """The namespace of a new ``__main__``, which takes the place of the old one. What is displayed is dropped."""
    module = types.ModuleType("__main__")
    module.__dict__.update(__builtins__=builtins, display=_display)
    sys.modules["__main__"] = module
    return module.__dict__


def run(source: str, label: str, names: dict[str, Any]) -> None:
    """Run a cell; whatever it raises comes out. ``label`` stands for the file name where a report shows the line."""
    remember(source, label)
    run_tree(ast.parse(source, label), label, names)


def run_tree(tree: ast.Module, label: str, names: dict[str, Any]) -> None:
    """Run statements that were parsed already."""
    code = compile(tree, label, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(types.FunctionType(code, names)())
    else:
        exec(code, names)


def remember(source: str, label: str) -> None:
    """Let tracebacks and ``inspect`` find the lines of a cell."""
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)


def _display(*_: Any, **__: Any) -> None:
    """Stands in for IPython's."""
