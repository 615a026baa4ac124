"""Taking the fields and arrays of a request, with a sentence for what is missing or of the wrong kind."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.worker.wire import Frame

_REQUIRED: Any = object()


def bad_request(text: str) -> MMTalkerError:
    """Return the error for a request that cannot be understood."""
    return MMTalkerError(
        ErrorCode.BAD_REQUEST,
        f"{text} The add-on and the worker do not fit together: reinstall the extension.",
    )


def text(request: Frame, name: str, default: str = _REQUIRED) -> str:
    """Return the text field ``name``."""
    value = _field(request, name, default)
    if not isinstance(value, str):
        raise bad_request(f"The field '{name}' of a '{request.type}' request is not text.")
    return value


def number(request: Frame, name: str, default: float = _REQUIRED) -> float:
    """Return the finite number ``name``; null counts as absent."""
    value = _field(request, name, default)
    if not _is_number(value):
        raise bad_request(f"The field '{name}' of a '{request.type}' request is not a finite number.")
    return float(value)


def whole(request: Frame, name: str, default: int = _REQUIRED) -> int:
    """Return the whole number ``name``; null counts as absent."""
    value = _field(request, name, default)
    if type(value) is not int:
        raise bad_request(f"The field '{name}' of a '{request.type}' request is not a whole number.")
    return value


def given(request: Frame, name: str) -> bool:
    """Return whether the field ``name`` is there and not null."""
    return request.fields.get(name) is not None


def array(request: Frame, name: str, dtype: str, columns: int | None = None) -> NDArray[Any]:
    """Return the array ``name``: (N,), or (N, columns) where ``columns`` is given."""
    found = request.arrays.get(name)
    row = () if columns is None else (columns,)
    if found is None or found.ndim != 1 + len(row) or found.shape[1:] != row or found.dtype.str != dtype:
        shape = f"({', '.join(map(str, ('N', *row)))})"
        raise bad_request(
            f"A '{request.type}' request needs the array '{name}' of type {dtype} and shape {shape}."
        )
    return found


def mapping(request: Frame, name: str) -> dict[str, Any]:
    """Return the object ``name``; absent or null it is empty."""
    value = _field(request, name, {})
    if not isinstance(value, dict):
        raise bad_request(f"The field '{name}' of a '{request.type}' request is not an object.")
    return value


def texts(request: Frame, name: str) -> tuple[str, ...]:
    """Return the list of texts ``name``; absent or null it is empty."""
    value = _field(request, name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_request(f"The field '{name}' of a '{request.type}' request is not a list of texts.")
    return tuple(value)


def points(request: Frame, name: str) -> dict[str, NDArray[np.float64]]:
    """Return the object ``name`` of (3,) positions by name; absent or null it is empty."""
    found = {}
    for key, value in mapping(request, name).items():
        numbers = isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))
        if not numbers:
            raise bad_request(
                f"The entry '{key}' of the field '{name}' of a '{request.type}' request is not three "
                "finite numbers."
            )
        found[key] = np.array(value, dtype=np.float64)
    return found


def _is_number(value: object) -> bool:
    # By comparison, since a whole number may be too large for isfinite.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max


def _field(request: Frame, name: str, default: Any) -> Any:
    value = request.fields.get(name)
    if value is None:
        value = default
    if value is _REQUIRED:
        raise bad_request(f"A '{request.type}' request has no field '{name}'.")
    return value
