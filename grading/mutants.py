"""Automatic wrong answers: a solution with one small change each, made on its syntax tree.

An activation dropped or swapped, a pooling swapped, an axis, a constant or an operator changed, a term or a keyword
dropped, a shared layer un-shared. A judge worth its name rejects every one that is not equivalent to the original.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SWAPS: dict[str, tuple[str, ...]] = {
    "relu": ("sigmoid", "tanh"),
    "ReLU": ("GELU", "Identity"),
    "sigmoid": ("tanh", "relu"),
    "Sigmoid": ("Tanh", "Identity"),
    "mean": ("sum", "amax"),
    "amax": ("amin", "mean"),
    "sum": ("mean",),
    "adaptive_avg_pool2d": ("adaptive_max_pool2d",),
    "AdaptiveAvgPool2d": ("AdaptiveMaxPool2d",),
}
ACTIVATIONS = ("relu", "sigmoid", "tanh", "softmax", "hardswish")
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.MatMult: (),
    ast.Pow: (ast.Mult,),
}


@dataclass(frozen=True)
class Mutant:
    """One changed solution: the statement as it was and as it is now, and the whole source."""

    before: str
    after: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a solution, each once, in a stable order. Raises SyntaxError for source that is no Python."""
    found: dict[str, Mutant] = {}
    original = ast.unparse(ast.parse(source))
    for change in CHANGES:
        for position in range(_count(source, change)):
            tree = ast.parse(source)
            statement, before = _apply(tree, change, position)
            text = ast.unparse(ast.fix_missing_locations(tree))
            if text != original and text not in found:
                found[text] = Mutant(before, _first_line(statement), text)
    return list(found.values())


Change = Callable[[ast.AST], Iterator[ast.AST]]


def _count(source: str, change: Change) -> int:
    return sum(1 for node in _nodes(ast.parse(source)) for _ in change(node))


def _apply(tree: ast.AST, change: Change, position: int) -> tuple[ast.AST, str]:
    """Put the change number ``position`` into the tree; returns the statement that it is in, and its old text."""
    seen = 0
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in _nodes(tree):
        for replacement in change(node):
            if seen == position:
                statement: ast.AST = node
                while not isinstance(statement, ast.stmt) and statement in parents:
                    statement = parents[statement]
                before = _first_line(statement)
                _replace(parents[node], node, replacement)
                return (replacement if statement is node else statement), before
            seen += 1
    raise IndexError(position)


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """All nodes but docstrings, annotations and the module itself."""
    left_out: set[ast.AST] = {tree}
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            left_out |= set(ast.walk(first))
        for name in ("annotation", "returns"):
            if isinstance(getattr(node, name, None), ast.AST):
                left_out |= set(ast.walk(getattr(node, name)))
    return [node for node in ast.walk(tree) if node not in left_out]


def _replace(parent: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for name, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list) and old in value:
            value[value.index(old)] = new


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).split("\n")[0]


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def swap_name(node: ast.AST) -> Iterator[ast.AST]:
    """Another activation, another pooling."""
    for name in SWAPS.get(_called(node), ()):
        changed = copy.deepcopy(node)
        assert isinstance(changed, ast.Call)
        if isinstance(changed.func, ast.Attribute):
            changed.func.attr = name
        else:
            assert isinstance(changed.func, ast.Name)
            changed.func.id = name
        yield changed


def drop_activation(node: ast.AST) -> Iterator[ast.AST]:
    """``torch.relu(x)`` -> ``x``; ``x.relu()`` -> ``x``."""
    if isinstance(node, ast.Call) and _called(node) in ACTIVATIONS:
        if node.args:
            yield node.args[0]
        elif isinstance(node.func, ast.Attribute):
            yield node.func.value


def change_constant(node: ast.AST) -> Iterator[ast.AST]:
    """Numbers one up and one down: axes, widths, defaults, exponents."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        for step in (1, -1):
            yield ast.Constant(node.value + step)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def change_operator(node: ast.AST) -> Iterator[ast.AST]:
    """``a + b`` -> ``a - b``, ``a // b`` -> ``a * b``, ..."""
    if isinstance(node, ast.BinOp):
        for operator in OPERATORS.get(type(node.op), ()):
            yield ast.BinOp(copy.deepcopy(node.left), operator(), copy.deepcopy(node.right))


def drop_term(node: ast.AST) -> Iterator[ast.AST]:
    """``a + b`` -> ``a``, and ``b``; the same for products and matrix products."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.MatMult):
        yield copy.deepcopy(node.left)
        yield copy.deepcopy(node.right)


def drop_keyword(node: ast.AST) -> Iterator[ast.AST]:
    """``mean(dim=1, keepdim=True)`` -> ``mean(dim=1)``."""
    if isinstance(node, ast.Call):
        for index in range(len(node.keywords)):
            changed = copy.deepcopy(node)
            del changed.keywords[index]
            yield changed


def drop_last_argument(node: ast.AST) -> Iterator[ast.AST]:
    """``max(1, a)`` -> ``a`` and ``1``."""
    if isinstance(node, ast.Call) and _called(node) in ("max", "min") and len(node.args) == 2:
        yield from (copy.deepcopy(argument) for argument in node.args)


def complement(node: ast.AST) -> Iterator[ast.AST]:
    """``return y`` -> ``return -y``; a sigmoid -> one minus it."""
    if isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.UnaryOp(ast.USub(), copy.deepcopy(node.value)))
    if isinstance(node, ast.Call) and _called(node).lower() == "sigmoid" and node.args:
        yield ast.BinOp(ast.Constant(1), ast.Sub(), copy.deepcopy(node))
        changed = copy.deepcopy(node)
        changed.args[0] = ast.BinOp(ast.Constant(2), ast.Mult(), copy.deepcopy(node.args[0]))
        yield changed


def detach(node: ast.AST) -> Iterator[ast.AST]:
    """Cut the gradient behind a call of an activation or a pooling."""
    if isinstance(node, ast.Call) and (_called(node) in ACTIVATIONS or _called(node) in ("mean", "amax")):
        yield ast.Call(ast.Attribute(copy.deepcopy(node), "detach", ast.Load()), [], [])


def unshare(node: ast.AST) -> Iterator[ast.AST]:
    """A layer that the class calls twice gets a twin for one of the calls."""
    if not isinstance(node, ast.ClassDef):
        return
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and _own_layer(n)]
    for name in sorted({_own_layer(call) for call in calls}):
        if sum(_own_layer(call) == name for call in calls) < 2:
            continue
        changed = copy.deepcopy(node)
        last = [n for n in ast.walk(changed) if isinstance(n, ast.Call) and _own_layer(n) == name][-1]
        assert isinstance(last.func, ast.Attribute)
        last.func.attr = f"{name}_twin"
        make = ast.parse(f"self.{name}_twin = __import__('copy').deepcopy(self.{name})").body
        for part in changed.body:
            if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                part.body += make
                yield changed


def _own_layer(call: ast.Call) -> str:
    """``self.mlp(x)`` -> ``mlp``."""
    called = call.func
    own = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "self"
    return called.attr if own and isinstance(called, ast.Attribute) else ""


CHANGES: tuple[Change, ...] = (
    swap_name,
    drop_activation,
    change_constant,
    change_operator,
    drop_term,
    drop_keyword,
    drop_last_argument,
    complement,
    detach,
    unshare,
)
