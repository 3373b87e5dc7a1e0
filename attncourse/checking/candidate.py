"""The answer behind few verbs.

``Workbench`` holds an answer and runs it; it is the only place where a learner's code is called. In the notebook
the judge talks to a Workbench itself; in the classroom it talks to one in another process, through a pipe, by the
same verbs (``Candidate``). Everything that goes in or comes out is plain: tensors, numbers, words, tuples, and
``Fixture`` names. Whatever the learner's code raises comes out as ``AnswerError``, except KeyboardInterrupt.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy
import torch
from torch import Tensor, nn

from attncourse.checking.borrowed import no_borrowed_functions
from attncourse.checking.condition import conditions, left_behind
from attncourse.checking.draw import Draw
from attncourse.checking.fixtures import Fixture
from attncourse.checking.observation import UNUSABLE, AnswerError, Outcome, compare
from attncourse.checking.plain import dense, plain

OURS = ("attncourse.attention", "attncourse.explain", "attncourse.hosts", "attncourse.lessons")


class Candidate(Protocol):
    """The verbs. ``handle`` is the number that ``build`` returned; tensors are in the order of ``parameters()``."""

    def describe(self) -> dict[str, Any]: ...
    def value(self) -> Any: ...
    def call(self, arguments: Sequence[Any], seed: int, gradients: bool = True, records: bool = False) -> Outcome: ...
    def build(self, arguments: Sequence[Any]) -> int: ...
    def shapes(self, handle: int) -> list[tuple[int, ...]]: ...
    def cast(self, handle: int, dtype: str) -> None: ...
    def fill(self, handle: int, values: Sequence[Tensor]) -> None: ...
    def run(
        self, handle: int, x: Tensor, seed: int, train: bool = False, gradients: bool = True, twice: bool = True
    ) -> Outcome: ...
    def trainable(self, handle: int) -> list[bool]: ...
    def release(self, handle: int) -> None: ...
    def examine(self, implementation: Callable[..., Any]) -> dict[str, Any]: ...


class Workbench:
    """A candidate in this process."""

    def __init__(self, answer: Any, trusted: bool = False) -> None:
        """``trusted``: the answer is the course's own (a reference, a misconception), so "ours" is no offence."""
        self._answer = answer
        self._trusted = trusted
        self._built: dict[int, nn.Module] = {}
        self._handles = 0

    def describe(self) -> dict[str, Any]:
        """What kind of object the answer is, and whether it is the course's own code.

        ``what``: "nothing", "module class", "class", "module", "function", "value" or "other".
        """
        answer = self._answer
        try:
            with guarded():
                ours = not self._trusted and _ours(answer)
                return {"what": _kind(answer), "type": str(type(answer).__name__), "ours": ours}
        except AnswerError:
            return {"what": "other", "type": "an object that cannot be looked at", "ours": False}

    def value(self) -> Any:
        """The answer as a plain value; AnswerError where it is none."""
        with guarded():
            several = type(self._answer).__module__ == "numpy" and getattr(self._answer, "size", 1) != 1
            return plain(self._answer.tolist() if several else self._answer)

    def call(self, arguments: Sequence[Any], seed: int, gradients: bool = True, records: bool = False) -> Outcome:
        """Call the function twice without and once with gradients, each time on fresh copies of ``arguments``.

        ``records``: torch records gradients in the first two calls as well, for answers that take some themselves.
        """
        values = []
        changed: tuple[int, ...] = ()
        left: tuple[str, ...] = ()
        for _ in range(2):
            given = [_resolve(argument) for argument in arguments]
            before, luck = conditions(given), torch.get_rng_state()
            try:
                with guarded(), self._noticing_ours(functions=True), torch.set_grad_enabled(records):
                    found = self._answer(*given)
                    values.append(plain(found if gradients else _without_numpy(found)))
            except AnswerError as error:
                return Outcome(raised=error, left=left_behind(before))
            changed, left = _changed(arguments, given), left_behind(before)
            if self._trusted and torch.equal(luck, torch.get_rng_state()):
                break  # The course's own code, which drew nothing at random, gives the same once more.
        stable = compare(values[0], values[-1]) is None
        slopes = self._slopes(arguments, values[0], seed) if gradients else None
        return Outcome(values[0], gradients=slopes, changed=changed, stable=stable, left=left)

    def _slopes(self, arguments: Sequence[Any], value: Any, seed: int) -> tuple[Tensor | None, ...] | None:
        outputs = [item for item in _flat(value) if isinstance(item, Tensor) and item.is_floating_point()]
        if not outputs:
            return None
        leaves = {
            index: argument.detach().clone().requires_grad_()
            for index, argument in enumerate(arguments)
            if isinstance(argument, Tensor) and argument.is_floating_point()
        }
        # A clone of the leaf, so that an answer that works in place still runs (and is told so by ``changed``).
        given = [leaves[i].clone() if i in leaves else _resolve(a) for i, a in enumerate(arguments)]
        nothing: tuple[Tensor | None, ...] = tuple(None for _ in leaves)
        try:
            with guarded(), torch.enable_grad():
                results = [r for r in _flat(self._answer(*given)) if isinstance(r, Tensor) and r.requires_grad]
                if not results or not leaves:
                    return nothing
                weights = Draw(seed)
                total = sum((weights.normal(*r.shape, dtype=r.dtype) * r).sum() for r in results)
                assert isinstance(total, Tensor)
                return tuple(map(dense, torch.autograd.grad(total, list(leaves.values()), allow_unused=True)))
        except AnswerError:
            return nothing

    def build(self, arguments: Sequence[Any]) -> int:
        """Make one module, in eval mode; AnswerError where the result is no ``nn.Module``."""
        with guarded():
            built = self._answer(*[_resolve(argument) for argument in arguments])
        if not isinstance(built, nn.Module):
            raise AnswerError(UNUSABLE, f"building it gave {type(built).__name__}, not a torch.nn.Module")
        if not self._trusted and _ours(built):
            raise AnswerError("OursError", "it contains the course's own module")
        with guarded():
            built.eval()
        self._handles += 1
        self._built[self._handles] = built
        return self._handles

    def shapes(self, handle: int) -> list[tuple[int, ...]]:
        """The shape of each parameter; () for a lazy one that has none yet is told as (-1,)."""
        with guarded():
            return [
                (-1,) if isinstance(p, nn.parameter.UninitializedParameter) else tuple(p.shape)
                for p in self._built[handle].parameters()
            ]

    def trainable(self, handle: int) -> list[bool]:
        """Whether each parameter requires a gradient."""
        with guarded():
            return [p.requires_grad for p in self._built[handle].parameters()]

    def cast(self, handle: int, dtype: str) -> None:
        """Convert the module: "float32", "float64" or "bfloat16"."""
        with guarded():
            self._built[handle].to(getattr(torch, dtype))

    def fill(self, handle: int, values: Sequence[Tensor]) -> None:
        """Overwrite the parameters, in order."""
        with guarded(), torch.no_grad():
            for parameter, value in zip(self._built[handle].parameters(), values, strict=True):
                parameter.copy_(value.reshape(parameter.shape))

    def run(
        self, handle: int, x: Tensor, seed: int, train: bool = False, gradients: bool = True, twice: bool = True
    ) -> Outcome:
        """Run the module on a copy of ``x``; gradients are those of ``x``, then of each parameter.

        Not ``twice``: for who needs the numbers alone, and not whether they are stable and whose code made them.
        """
        module = self._built[handle]
        if gradients and not twice:
            return self._run_once(module, x, seed, train)
        given = x.detach().clone()
        notices = self._noticing_ours() if twice else contextlib.nullcontext()
        try:
            with guarded(), notices, torch.no_grad():
                if module.training != train:
                    module.train(train)
                value = plain(module(given))
                again = plain(module(x.detach().clone())) if twice and not gradients else value
            slopes = None
            if gradients and isinstance(value, Tensor):
                slopes, again = self._module_slopes(module, x, seed)
        except AnswerError as error:
            return Outcome(raised=error)
        if not twice:
            return Outcome(value)
        changed = () if _same(given, x) else (0,)
        return Outcome(value, gradients=slopes, changed=changed, stable=compare(value, again) is None)

    def _run_once(self, module: nn.Module, x: Tensor, seed: int, train: bool) -> Outcome:
        try:
            with guarded():
                if module.training != train:
                    module.train(train)
            slopes, value = self._module_slopes(module, x, seed)
        except AnswerError as error:
            return Outcome(raised=error)
        return Outcome(value, gradients=slopes if isinstance(value, Tensor) else None)

    def _module_slopes(self, module: nn.Module, x: Tensor, seed: int) -> tuple[tuple[Tensor | None, ...], Any]:
        """The gradients, none where they cannot be taken, and the value that was returned once more."""
        leaf = x.detach().clone().requires_grad_()
        try:
            with guarded(), torch.enable_grad():
                parameters = list(module.parameters())
                result = module(leaf.clone())
                value = plain(result)
                wanted = [leaf, *(p for p in parameters if p.requires_grad)]
                if not result.requires_grad:
                    return tuple(None for _ in [leaf, *parameters]), value
                total = (Draw(seed).normal(*result.shape, dtype=result.dtype) * result).sum()
                found = map(dense, torch.autograd.grad(total, wanted, allow_unused=True))
                return tuple(next(found) if t.requires_grad else None for t in [leaf, *parameters]), value
        except AnswerError:
            with guarded(), torch.no_grad():
                return tuple(None for _ in [leaf, *module.parameters()]), plain(module(x.detach().clone()))

    def release(self, handle: int) -> None:
        """Forget a module."""
        self._built.pop(handle, None)

    def examine(self, implementation: Callable[..., Any]) -> dict[str, Any]:
        """Let the learner's tests judge one implementation: ``accepts``, ``called`` and ``said`` (why it refused)."""
        calls = 0

        def tested(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if named:
                raise TypeError(
                    f"give {', '.join(named)} by position: implementations differ in their arguments' names"
                )
            return implementation(*arguments)

        try:
            with guarded():
                verdict = self._answer(tested)
                accepts = verdict is None or bool(verdict)
        except AnswerError as error:
            if error.kind == "NotImplementedError":
                return {"accepts": True, "called": 0, "said": ""}
            return {"accepts": False, "called": calls, "said": f"{error.kind}: {error.message}"}
        return {"accepts": accepts, "called": calls, "said": ""}

    @contextlib.contextmanager
    def _noticing_ours(self, functions: bool = False) -> Iterator[None]:
        """Refuse to run a module of ours that hides where ``_ours`` cannot look (a closure, a plain list).

        ``functions``: those of the library as well.
        """
        if self._trusted:
            yield
            return

        def notice(module: nn.Module, _: Any) -> None:
            if type(module).__module__.startswith(OURS):
                raise AnswerError("OursError", "it calls the course's own module")

        hook = nn.modules.module.register_module_forward_pre_hook(notice)
        try:
            with no_borrowed_functions() if functions else contextlib.nullcontext():
                yield
        finally:
            hook.remove()


def _without_numpy(value: Any) -> Any:
    """An array as a tensor: where no gradient is asked for, numpy is as good as torch."""
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(value.copy())
    return value


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _resolve(argument: Any) -> Any:
    if isinstance(argument, Fixture):
        return argument.make()
    return argument.detach().clone() if isinstance(argument, Tensor) else argument


def _changed(before: Sequence[Any], after: Sequence[Any]) -> tuple[int, ...]:
    pairs = enumerate(zip(before, after, strict=True))
    return tuple(i for i, (a, b) in pairs if isinstance(a, Tensor) and not _same(a, b))


def _same(before: Tensor, after: Tensor) -> bool:
    return before.shape == after.shape and before.dtype == after.dtype and torch.equal(before, after)


def _kind(answer: Any) -> str:
    if answer is None or answer is Ellipsis:
        return "nothing"
    if inspect.isclass(answer):
        return "module class" if issubclass(answer, nn.Module) else "class"
    if isinstance(answer, nn.Module):
        return "module"
    if callable(answer):
        return "function"
    return "value" if isinstance(answer, Tensor | bool | int | float | str | list | tuple) else "other"


def _ours(answer: Any) -> bool:
    """Whether the answer is, subclasses or contains the course's own implementation."""
    if isinstance(answer, nn.Module):
        return any(_ours(type(part)) for part in answer.modules())
    lineage = answer.__mro__ if inspect.isclass(answer) else (answer,)
    return any((getattr(part, "__module__", None) or "").startswith(OURS) for part in lineage)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever the learner's code raises into AnswerError; keep its warnings off stderr."""
    try:
        # nbgrader scores a check cell 0 as soon as anything reaches stderr.
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (AnswerError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise AnswerError(type(error).__name__, _message(error), _where(error.__traceback__)) from None


def _message(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "the code calls itself without end"
    try:
        return str(error).strip()[:500]
    except Exception:
        return "(the error's own message could not be read)"


def _where(trace: types.TracebackType | None) -> str:
    """``line 3, in squeeze: return x.mean(...)``: the last line of the learner's that ran."""
    ours = __name__.rpartition(".")[0]
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(trace)
        if not _library(frame.f_globals.get("__name__", ""), ours)
    ]
    if not frames:
        return ""
    frame, line = frames[-1]
    text = traceback.extract_stack(frame, limit=1)[0].line or ""
    return f"line {line}, in {frame.f_code.co_name}" + (f": {text}" if text else "")


def _library(module: str, ours: str) -> bool:
    return module.split(".")[0] in {"torch", "numpy", "contextlib"} or module.startswith(ours)
