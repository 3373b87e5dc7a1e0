"""A notebook -> its answers by exercise id, whatever was done to it.

Cells may have been deleted, doubled, moved, split, merged, retyped or renamed. An answer is looked for by its cell id,
by nbgrader's grade id, and by what a cell defines. All other code contributes its imports, definitions and constants,
and those computed values that an answer needs; nothing else of it is run. No code is run here, and nothing here
needs nbgrader: the learner's ``update`` uses it too.
"""

from __future__ import annotations

import ast
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from attncourse import course
from attncourse.course import Lesson

LARGEST_FILE = 20 * 2**20
LONGEST_CELL = 100_000
MOST_CELLS = 5_000
CELL = re.compile(r"^# %%[ \t]*(?P<title>[a-z0-9-]+)?[ \t]*(?P<kind>\[markdown\])?[^\n]*\n?", re.MULTILINE)
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION[ \t]*\n.*?^[ \t]*### END SOLUTION[ \t]*$", re.MULTILINE | re.DOTALL)
INDENTED_STUB, TOP_STUB = "...  # your code here", "# your answer here"
MAGIC = re.compile(r"^(?P<indent>\s*)(?:[\w, ]+=\s*)?[%!?].*$|^(?P<indent_help>\s*)[\w.]+\?{1,2}\s*$")
FOREIGN = re.compile(r"^\s*%%(?!time\b|timeit\b|capture\b|prun\b|python3?\b)")

BY_CELL_ID = "cell id"
BY_GRADE_ID = "grade id"
BY_CONTENT = "content"


class Unreadable(Exception):
    """The file is no notebook; ``reason`` says why, in words for the teacher and the learner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """One answer: its text without magics, how it was found, in which cell, and whether it is still the stub.

    ``error`` is the syntax error's text, or "".
    """

    exercise: str
    source: str
    found: str
    index: int
    blank: bool
    error: str = ""


@dataclass(frozen=True)
class Step:
    """One cell as it is to be run: an answer's in full, or what another cell contributes."""

    index: int
    source: str
    exercises: tuple[str, ...] = ()


def read(path: Path) -> NotebookNode:
    """Read a notebook of any format version. Ids stay as they are, doubled ones too; sources become text.

    Raises Unreadable: missing, no ordinary file, larger than 20 MB, not JSON, or not a notebook.
    """
    try:
        found = path.lstat()
    except (OSError, ValueError):
        raise Unreadable("there is no such file") from None
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("this is no ordinary file; hand in the notebook itself, not a link or a folder")
    if found.st_size > LARGEST_FILE:
        size = found.st_size / 2**20
        raise Unreadable(f"the file has {size:.0f} MB, more than 20; clear the outputs and hand it in again")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"the file is not valid JSON ({_first_line(error)}); export the notebook again") from None
    return _as_notebook(content)


def answers(notebook: NotebookNode, lesson: Lesson) -> dict[str, Answer]:
    """The answers by exercise id, in the order of the lesson; an exercise without any answer cell is left out.

    Of several cells the last counts that defines the answer and is no longer the stub.
    """
    stubs = lesson_cells(lesson)
    cells = [_Looked.at(index, cell) for index, cell in enumerate(notebook.cells)]
    ids = lesson.exercise_ids
    found = {}
    for exercise_id in ids:
        best = _best(exercise_id, course.exercise(exercise_id).answer, cells, stubs, ids)
        if best is not None:
            found[exercise_id] = best
    return found


def steps(notebook: NotebookNode, lesson: Lesson, found: Mapping[str, Answer] | None = None) -> list[Step]:
    """All that is to be run, in the order of the notebook; see the module's text for what is left out.

    ``found``: what ``answers`` returned, where the caller has it already.
    """
    found = answers(notebook, lesson) if found is None else found
    ids = lesson.exercise_ids
    by_index: dict[int, list[Answer]] = {}
    for answer in found.values():
        by_index.setdefault(answer.index, []).append(answer)
    trees: dict[int, list[ast.stmt]] = {}
    for index, cell in enumerate(notebook.cells):
        if index not in by_index and cell.cell_type == "code" and not _is_check(cell, ids):
            trees[index] = _parsed(without_magics(cell.source)) or []
    needed = _needed([_parsed(answer.source) or [] for answer in found.values()], trees.values())
    listed = []
    for index in range(len(notebook.cells)):
        if index in by_index:
            here = by_index[index]
            listed.append(Step(index, here[0].source, tuple(answer.exercise for answer in here)))
        elif index in trees:
            kept = [_unparsed(statement) for statement in trees[index] if _contributes(statement, needed)]
            if kept:
                listed.append(Step(index, "\n".join(kept)))
    return listed


def lesson_cells(lesson: Lesson) -> dict[str, str]:
    """The code cells of a lesson as they are handed out, by title: exercises as stubs."""
    text = lesson.text
    heads = list(CELL.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {
        head["title"]: without_solution(text[head.end() : end]).strip("\n")
        for head, end in zip(heads, ends, strict=True)
        if head["title"] and not head["kind"]
    }


def without_solution(source: str) -> str:
    """A cell as it is handed out: a stub in the place of each solution."""
    return SOLUTION.sub(lambda region: f"{region[1]}{INDENTED_STUB}" if region[1] else TOP_STUB, source)


def without_magics(source: str) -> str:
    """Drop IPython's magics and shell lines, where the text is no Python otherwise."""
    if _parsed(source) is not None:
        return source
    if FOREIGN.match(source):
        return ""
    lines = []
    for line in source.split("\n"):
        magic = MAGIC.match(line)
        lines.append((magic["indent"] or magic["indent_help"] or "") + "pass" if magic else line)
    cleaned = "\n".join(lines)
    return cleaned if _parsed(cleaned) is not None else source


@dataclass(frozen=True)
class _Looked:
    """A cell as the search sees it."""

    index: int
    cell_id: str
    grade_id: str
    code: bool
    source: str
    tree: list[ast.stmt] | None

    @classmethod
    def at(cls, index: int, cell: NotebookNode) -> _Looked:
        nbgrader = cell.metadata.get("nbgrader")
        grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
        source = without_magics(cell.source)
        return cls(
            index, str(cell.get("id", "")), str(grade_id or ""), cell.cell_type == "code", source, _parsed(source)
        )

    def marked(self, exercise_id: str) -> bool:
        return exercise_id in (self.cell_id, self.grade_id)

    def defines(self, name: str) -> bool:
        if self.tree is None:
            return bool(
                re.search(rf"^(?:(?:async )?def|class)\s+{name}\b|^{name}\s*(?::[^=\n]+)?=", self.source, re.MULTILINE)
            )
        return any(name in _bound(statement) for statement in self.tree)


def _best(
    exercise_id: str, name: str, cells: Sequence[_Looked], stubs: dict[str, str], ids: Sequence[str]
) -> Answer | None:
    stub = stubs[exercise_id]
    marked = [cell for cell in cells if cell.marked(exercise_id)]
    filled = [cell for cell in marked if not _same(cell.source, stub)]
    checks = {f"{one}-check" for one in ids}
    others = [
        cell
        for cell in cells
        if cell.code
        and not cell.marked(exercise_id)
        and not {cell.cell_id, cell.grade_id} & checks
        and cell.defines(name)
        and not _same(cell.source, stub)
        and not (cell.cell_id in stubs and _same(cell.source, stubs[cell.cell_id]))
    ]
    # Own cells before the answer cells of other exercises, which may define a helper of the same name.
    free = [cell for cell in others if not any(cell.marked(other) for other in ids)]
    preferred = ([c for c in filled if c.defines(name)], free, others, [c for c in filled if c.source.strip()], marked)
    chosen = next((group[-1] for group in preferred if group), None)
    if chosen is None:
        return None
    found = BY_CONTENT
    if chosen.marked(exercise_id):
        found = BY_CELL_ID if chosen.cell_id == exercise_id else BY_GRADE_ID
    blank = not chosen.source.strip() or _same(chosen.source, stub)
    error = _syntax_error(chosen.source) if chosen.tree is None else ""
    return Answer(exercise_id, chosen.source, found, chosen.index, blank, error)


def _is_check(cell: NotebookNode, ids: Sequence[str]) -> bool:
    looked = _Looked.at(0, cell)
    return bool({looked.cell_id, looked.grade_id} & {f"{one}-check" for one in ids})


def _needed(answered: Iterable[list[ast.stmt]], others: Iterable[list[ast.stmt]]) -> set[str]:
    """The names that answers use, directly or through what other cells define."""
    needed = {name for tree in answered for statement in tree for name in _loaded(statement)}
    rest = [statement for tree in others for statement in tree if _bound(statement)]
    while True:
        wanted = [statement for statement in rest if _bound(statement) & needed]
        if not wanted:
            return needed
        rest = [statement for statement in rest if statement not in wanted]
        needed |= {name for statement in wanted for name in _loaded(statement)}


def _contributes(statement: ast.stmt, needed: set[str]) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        return _constant(statement.value) or bool(_bound(statement) & needed)
    return isinstance(statement, ast.Try) and all(
        isinstance(part, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass)
        for block in (statement.body, *(handler.body for handler in statement.handlers))
        for part in block
    )


def _constant(value: ast.expr) -> bool:
    """Whether a value is written down or is a lambda, rather than computed by a call."""
    if isinstance(value, ast.Lambda):
        return True
    computed = (
        ast.Call,
        ast.Await,
        ast.Yield,
        ast.YieldFrom,
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
    )
    return not any(isinstance(part, computed) for part in ast.walk(value))


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds at the top level."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return set()


def _loaded(statement: ast.stmt) -> Iterator[str]:
    return (part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load))


def _parsed(source: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(source).body if len(source) <= LONGEST_CELL else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _unparsed(statement: ast.stmt) -> str:
    try:
        return ast.unparse(statement)
    except RecursionError:
        return "pass"


def _syntax_error(source: str) -> str:
    if len(source) > LONGEST_CELL:
        return f"the cell has {len(source)} characters, more than {LONGEST_CELL}"
    try:
        ast.parse(source)
    except SyntaxError as error:
        return f"{error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError) as error:
        return _first_line(error)
    return ""


def _same(source: str, other: str) -> bool:
    """Whether two cells are one but for comments and white space."""
    one, two = _parsed(source), _parsed(other)
    if one is None or two is None:
        return source.split() == other.split()
    try:
        return [ast.dump(statement) for statement in one] == [ast.dump(statement) for statement in two]
    except RecursionError:
        return source == other


def _as_notebook(content: Any) -> NotebookNode:
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise Unreadable("the file is JSON but no notebook; hand in the .ipynb file itself")
    try:
        notebook = nbformat.from_dict(content)
        if content["nbformat"] < 4:
            notebook = nbformat.convert(notebook, 4)
    except Exception as error:  # nbformat's converters raise whatever an odd notebook leads them to
        raise Unreadable(f"the notebook's format cannot be read ({_first_line(error)})") from None
    cells = notebook.get("cells")
    if not isinstance(cells, list) or len(cells) > MOST_CELLS:
        raise Unreadable(
            "the notebook has no list of cells" if not isinstance(cells, list) else "it has too many cells"
        )
    notebook.cells = [_clean(cell) for cell in cells if isinstance(cell, NotebookNode)]
    if not isinstance(notebook.get("metadata"), dict):
        notebook.metadata = NotebookNode()
    return notebook


def _clean(cell: NotebookNode) -> NotebookNode:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    cell.source = "".join(line for line in lines if isinstance(line, str))
    if not isinstance(cell.get("metadata"), dict):
        cell.metadata = NotebookNode()
    if cell.get("cell_type") not in ("code", "markdown", "raw"):
        cell.cell_type = "raw"
    return cell


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).split("\n")[0][:200]
