"""What a file of ours stands on: the files of ours that it imports, and that these import, read from their text.

A package that only hands a name on is passed through: ``from attncourse.checking import Case`` stands on the file in
which ``Case`` is written, and not on all that ``attncourse.checking`` holds. What is imported by a name that is made
up at run time is not seen.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("attncourse", "grading")


@dataclass(frozen=True)
class Import:
    """``from module import name as bound``; for ``import module`` the name is ""."""

    module: str
    name: str
    bound: str


class Imports:
    """The imports of our files, each file read once."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._trees: dict[Path, ast.Module] = {}

    def closure(self, files: Iterable[Path]) -> list[Path]:
        """These files and all of ours that they import, directly or not; sorted. SyntaxError for what is no Python."""
        found: set[Path] = set()
        waiting = list(files)
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.add(path)
                waiting += self._imported(path)
        return sorted(found)

    def _tree(self, path: Path) -> ast.Module:
        if path not in self._trees:
            self._trees[path] = ast.parse(path.read_text(encoding="utf-8"), str(path))
        return self._trees[path]

    def _imported(self, path: Path) -> set[Path]:
        tree = self._tree(path)
        chains = _chains(tree)
        names = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        found: set[Path | None] = set()
        for one in _imports(tree):
            used = [chain[1:] for chain in chains if chain[0] == one.bound]
            # A package of which only ``package.name`` is used stands for that name alone.
            alone = not used or len(used) < names[one.bound]
            found |= {self._origin(one.module, [one.name, *rest]) for rest in ([[]] if alone else used)}
        return {path for path in found if path is not None}

    def _origin(self, module: str, names: list[str]) -> Path | None:
        """The file in which ``module.name.name`` is written; the nearest that is known where that is not to be seen."""
        names = [name for name in names if name]
        file = self._file(module)
        if not names or file is None:
            return file
        if self._file(f"{module}.{names[0]}") is not None:
            return self._origin(f"{module}.{names[0]}", names[1:])
        if file.name == "__init__.py":
            for one in _imports(self._tree(file)):
                if one.bound == names[0] and one.name:
                    return self._origin(one.module, [one.name, *names[1:]])
        return file

    def _file(self, module: str) -> Path | None:
        base = self._root.joinpath(*module.split("."))
        return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imports(tree: ast.Module) -> list[Import]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [Import(node.module, alias.name, alias.asname or alias.name) for alias in node.names]
    return [one for one in found if one.module.split(".")[0] in PACKAGES]


def _chains(tree: ast.Module) -> list[list[str]]:
    """``a.b.c`` as ``["a", "b", "c"]``, each use once and in full."""
    inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    chains = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node not in inner:
            chain, owner = [node.attr], node.value
            while isinstance(owner, ast.Attribute):
                chain.append(owner.attr)
                owner = owner.value
            if isinstance(owner, ast.Name):
                chains.append([owner.id, *reversed(chain)])
    return chains
