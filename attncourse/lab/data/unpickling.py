"""Pickles of plain data, and nothing else: a pickle is a program, and an archive from the network is nobody's program.

Numbers, strings, bytes, lists, tuples, dicts and numpy arrays are read. Whatever else a pickle wants to call is refused
before it is called.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from attncourse.lab.data.dataset import DataError

# What numpy calls to make an array before it is filled.
_reconstruct: Any = np.empty(0).__reduce__()[0]
# By the names that numpy has had for them.
ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    # How Python 3 writes bytes for Python 2: none, and some.
    ("__builtin__", "bytes"): lambda: b"",
    ("builtins", "bytes"): lambda: b"",
    ("_codecs", "encode"): lambda text, encoding="latin1": text.encode("latin1"),
}


class _PlainData(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DataError(f"wants to run {module}.{name}; expected plain data: do not use this file")
        return ALLOWED[module, name]


def unpickle(file: BinaryIO, called: str) -> Any:
    """What this pickle holds; strings of Python 2 are given as bytes. ``called`` is its name, for errors.

    Raises DataError where it holds more than plain data, or is not whole.
    """
    try:
        return _PlainData(file, encoding="bytes").load()
    except DataError as error:
        raise DataError(f"{called} {error}") from None
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise DataError(f"{called} is damaged ({type(error).__name__}: {error}): fetch it anew") from error
