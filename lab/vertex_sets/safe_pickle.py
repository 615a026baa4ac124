"""Pickles from strangers, read as data: NumPy arrays and plain containers, and nothing that could run.

A pickle is a program, and loading one runs it. Here every name that a pickle may ask for stands for a small
function of ours: arrays are built from their bytes by :func:`numpy.frombuffer`, and NumPy's own machinery of
unpickling, which trusts what it is given, is never reached. Any other name ends the reading.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.inputs import bad_file

NUMBER_KINDS = "biufc"
"""NumPy kinds of an element that is a number; objects and records are refused."""

_DAMAGED = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What Python's unpickler raises on bytes that are no pickle, or not a whole one."""


class _Refused(Exception):
    """The pickle asks for something that is no data; the message names it."""


class _Name:
    """A callable that a pickle may name and call, and can do nothing else with."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _Refused("the change of a function")


class _Dtype:
    """A NumPy dtype while it is read: its name comes first, its byte order with the state."""

    def __init__(self, name: object, *_: object) -> None:
        self.dtype = np.dtype(str(name)) if not isinstance(name, _Name) else np.dtype(object)
        if self.dtype.kind not in NUMBER_KINDS:
            raise _Refused(f"arrays of the type {name!r}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] == ">":
            self.dtype = self.dtype.newbyteorder(">")


class _Array:
    """A NumPy array while it is read."""

    def __init__(self) -> None:
        self.array: NDArray[Any] = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, column_major, raw = state
        self.array = _from_bytes(raw, dtype, shape, "F" if column_major else "C")


def _from_bytes(raw: object, dtype: object, shape: Any, order: str) -> NDArray[Any]:
    if not isinstance(dtype, _Dtype):
        raise _Refused("an array without a type of its numbers")
    # Python 2 pickled bytes as text, which latin-1 turns back byte for byte.
    data = raw.encode("latin-1") if isinstance(raw, str) else raw
    if not isinstance(data, bytes | bytearray):
        raise _Refused("an array of objects")
    sizes = tuple(int(size) for size in shape)
    flat = np.frombuffer(data, dtype.dtype)
    if order == "F":
        return flat.reshape(sizes[::-1]).T
    return flat.reshape(sizes)


def _scalar(dtype: object, raw: object) -> Any:
    return _from_bytes(raw, dtype, (), "C")[()]


def _frombuffer(buffer: object, dtype: object, shape: Any, order: str) -> _Array:
    read = _Array()
    read.array = _from_bytes(buffer, dtype, shape, order)
    return read


def _no_bytes() -> bytes:
    """What Python 3 writes for empty bytes in the old protocols; ``bytes(n)`` would take any memory."""
    return b""


def _encode(text: str, encoding: str) -> bytes:
    """What Python 3 writes for bytes in the old protocols."""
    if encoding not in ("latin1", "latin-1"):
        raise _Refused(f"text in the encoding {encoding!r}")
    return text.encode("latin-1")


def _allowed() -> dict[tuple[str, str], _Name]:
    """Every name that data may mention, as Python 2 and 3 and NumPy 1 and 2 write it."""
    names: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        ("_codecs", "encode"): _encode,
        ("collections", "OrderedDict"): OrderedDict,
    }
    for core in ("numpy.core", "numpy._core"):
        names[f"{core}.multiarray", "_reconstruct"] = lambda *_: _Array()
        names[f"{core}.multiarray", "scalar"] = _scalar
        names[f"{core}.numeric", "_frombuffer"] = _frombuffer
    for builtins in ("builtins", "__builtin__"):
        names[builtins, "bytes"] = _no_bytes
        for plain in (dict, list, set, frozenset, tuple, complex):
            names[builtins, plain.__name__] = plain
    return {name: _Name(function) for name, function in names.items()}


class _DataUnpickler(pickle.Unpickler):
    """Knows the names of :func:`_allowed` alone."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin-1")
        self._names = _allowed()

    def find_class(self, module: str, name: str) -> Any:
        found = self._names.get((module, name))
        if found is None:
            raise _Refused(f"{module}.{name}")
        return found


def _finished(value: object, done: dict[int, Any]) -> Any:
    """Replace what stood for arrays and dtypes while reading, in containers of any depth.

    ``done`` holds results by identity: a pickle can name one list a thousand times in another, and that
    a thousand times in a third.
    """
    if id(value) not in done:
        match value:
            case _Array():
                result: Any = value.array
            case _Dtype():
                result = value.dtype
            case dict():
                result = {_finished(key, done): _finished(item, done) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                result = type(value)(_finished(item, done) for item in value)
            case _Name():
                raise _Refused("a function as a value")
            case _:
                result = value
        done[id(value)] = result
    return done[id(value)]


def read_data_pickle(path: Path) -> Any:
    """Read a pickle that holds arrays, numbers, text and plain containers of them.

    Text and arrays that Python 2 pickled are understood. Arrays are read-only.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when there is no such file, it is damaged, or it asks for anything
            else; nothing that it asks for is run.
    """
    try:
        with path.open("rb") as file:
            return _finished(_DataUnpickler(file).load(), {})
    except OSError as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} cannot be opened: {error.strerror or error}. Check the name and the folder.",
        ) from error
    except _Refused as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} asks for {error}, which is not data; it was not run and the file was not read. "
            "Take the file from the data set's own page.",
        ) from error
    except _DAMAGED as error:
        raise bad_file(str(path), f"it is not a whole pickle ({type(error).__name__})") from error
