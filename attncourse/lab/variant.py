"""Which attention a run has, as a text: the same on the command line, in a record and in a figure's label.

none                          an empty slot
cbam                          a name of ATTENTION, as its paper has it
cbam(order=spatial-channel)   with options of its constructor; sets are written mean+max
answers.py:MyAttention        your own class in a file
package.module:MyAttention    your own class in a module that Python finds
own:MyAttention               your own class, given in Python beside the text, as from a notebook
control(cbam)                 plain layers in place of any of these, with as many parameters; see control.py: the host
                              is built with the attention, then they are put into its places
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from attncourse import attention as references
from attncourse.hosts import Attention
from attncourse.lab.errors import LabError

NONE = "none"
OWN = "own:"
EXAMPLE = "for example none, se, cbam(order=spatial-channel) or FILE.py:ClassName"
NAMED = re.compile(r"(\w+)\s*(?:\((.*)\))?")
CONTROL = re.compile(r"control\((.+)\)")


def build(text: str, own: type[nn.Module] | None = None) -> Attention:
    """What goes into a host's slot: None, a name, or a callable ``channels -> nn.Module``.

    Args:
        text: as above.
        own: the class that ``own:NAME`` stands for.

    Raises:
        LabError: no such attention, option, file or class; an option's value of the wrong kind; a file that fails.
    """
    if text == NONE:
        return None
    if ":" in text:
        return _class(text, own)
    name, options = _options(text)
    if not options:
        return name
    if name in references.CHANNEL_FREE:
        return lambda channels: references.build(name, channels, **options)
    return partial(references.ATTENTION[name], **options)


def fingerprint(text: str, own: type[nn.Module] | None = None) -> str:
    """What decides the attention: the text alone, and for your own class its code too, so that a change is seen.

    Raises LabError, as ``build``.
    """
    if controlled := controlled_by(text):
        return f"control({fingerprint(controlled, own)})"
    if ":" not in text:
        return text if text == NONE else "{}({})".format(*_options(text))
    found = _class(text, own)
    path = Path(text.rpartition(":")[0])
    code = path.read_bytes() if path.suffix == ".py" else _code(found).encode()
    return f"{text} {hashlib.sha256(code).hexdigest()}"


def controlled_by(text: str) -> str | None:
    """``control(se)`` -> ``se``; None where the text is no control's."""
    found = CONTROL.fullmatch(text.strip())
    return found[1].strip() if found else None


def _options(text: str) -> tuple[str, dict[str, Any]]:
    found = NAMED.fullmatch(text.strip())
    if not found or found[1] not in references.ATTENTION:
        known = ", ".join((NONE, *references.ATTENTION))
        raise LabError(f"There is no attention {text!r}. There are: {known}; or your own as FILE.py:ClassName")
    name, given = found[1], found[2] or ""
    signature = inspect.signature(references.ATTENTION[name]).parameters
    known_options = {key: value.default for key, value in signature.items() if value.default is not value.empty}
    options = {}
    for part in filter(None, (part.strip() for part in given.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in known_options:
            raise LabError(f"{name} has no option {part!r}. It has, with its usual values: {_listed(known_options)}")
        options[key] = _value(f"{name}({key})", value, known_options[key])
    return name, options


def _value(what: str, text: str, usual: object) -> Any:
    """The text as a value of the same kind as the usual one."""
    kind = type(usual)
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        if kind is tuple:
            return tuple(text.split("+"))
        return kind(text) if kind in (int, float) else text
    except (KeyError, ValueError):
        raise LabError(f"{what} must be {kind.__name__}, as its usual value {usual!r}; got {text!r}") from None


def _listed(options: Mapping[str, object]) -> str:
    return ", ".join(
        f"{key}={'+'.join(value) if isinstance(value, tuple) else value}" for key, value in options.items()
    )


def _class(text: str, own: type[nn.Module] | None) -> Callable[..., nn.Module]:
    place, _, name = text.rpartition(":")
    if text.startswith(OWN):
        if own is None:
            raise LabError(f"{text} is a class of another process. Give it as FILE.py:{name}, or hand the class over")
        return own
    found: Any = getattr(_module(text, place), name, None)
    if not callable(found):
        raise LabError(f"{place} has no class {name!r}. Write FILE.py:ClassName, with the name as it is in the file")
    return found


def _module(text: str, place: str) -> Any:
    path = Path(place)
    try:
        if path.suffix != ".py":
            return importlib.import_module(place)
        if not path.is_file():
            raise LabError(f"There is no file {path}. Give the attention as FILE.py:ClassName; it was {text!r}")
        spec = importlib.util.spec_from_file_location(f"attention_of_{path.stem}", path.absolute())
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # as Python itself does: dataclasses and pickles look there
        spec.loader.exec_module(module)
        return module
    except LabError:
        raise
    except (Exception, SystemExit) as error:
        # Whatever the learner's file raises, the run cannot go on, and they want to know why.
        raise LabError(
            f"{place} could not be imported ({type(error).__name__}: {error}). Mend it; {EXAMPLE}"
        ) from error


def _code(found: object) -> str:
    """The text of a class's methods: in a notebook Python finds those, but not always that of the class."""
    methods = [value for value in vars(found).values() if inspect.isfunction(value)]
    try:
        return "".join(inspect.getsource(method) for method in methods)
    except (OSError, TypeError):
        return "".join(repr((method.__code__.co_code, method.__code__.co_consts)) for method in methods)
