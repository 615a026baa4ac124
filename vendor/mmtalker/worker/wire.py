"""The frame codec of the worker protocol (docs/protocol.md): one JSON header and raw arrays.

Both sides use this file, the add-on by its path, so it imports the standard library and NumPy alone.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

PROTOCOL_VERSION = 1
MAGIC = b"MMT1"
MAX_HEADER_BYTES = 1 << 20
MAX_ARRAY_BYTES = 4 << 30
MAX_DIMENSIONS = 8
DTYPES = ("<f4", "<f8", "<i4", "<i8", "|u1")

_LENGTH = struct.Struct("<I")
_CHUNK = 1 << 20

Array = NDArray[Any]


class WireError(Exception):
    """A frame breaks a rule of the format; the text says which. The stream cannot be used any more."""


@dataclass(frozen=True)
class Frame:
    """One message.

    Attributes:
        type: what it is, such as ``hello`` or ``progress``.
        id: number of the request that it is, or that it answers.
        fields: the rest of the header.
        arrays: the arrays by name, writable, in the order sent.
    """

    type: str
    id: int
    fields: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)


def write_frame(
    stream: IO[bytes], header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None
) -> None:
    """Write one frame to a binary stream, buffered or raw, and flush.

    Raises:
        WireError: before anything is written, as :func:`encode_frame`.
        OSError: the other side is gone.
    """
    write_parts(stream, encode_frame(header, arrays))


def encode_frame(header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> list[memoryview]:
    """Return the frame's bytes in parts; a contiguous array is not copied, so leave it as it is until sent.

    Args:
        header: JSON-able fields; ``type`` (str) and ``id`` (int) are required, ``arrays`` is reserved.
        arrays: arrays by name, of any shape, with one of ``DTYPES``.

    Raises:
        WireError: the frame would break a rule of the format.
    """
    packed = {name: np.asarray(array, order="C") for name, array in (arrays or {}).items()}
    if "arrays" in header:
        raise WireError("the header field 'arrays' is reserved for the codec")
    listed = [{"name": n, "dtype": a.dtype.str, "shape": list(a.shape)} for n, a in packed.items()]
    try:
        text = json.dumps({**header, "arrays": listed}, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"the header is not JSON: {error}") from error
    encoded = text.encode("ascii")
    _check_header_length(len(encoded))
    _parse_header(encoded)  # what the reader would refuse is refused here, before a byte is out
    parts = [memoryview(MAGIC + _LENGTH.pack(len(encoded)) + encoded)]
    parts.extend(array.reshape(-1).view(np.uint8).data for array in packed.values() if array.size)
    return parts


def write_parts(stream: IO[bytes], parts: list[memoryview]) -> None:
    """Write what :func:`encode_frame` gave, and flush."""
    for part in parts:
        rest = part
        while rest:  # a raw stream may take only a part at a time
            rest = rest[stream.write(rest) :]
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """Read one frame, blocking until it is complete; None at a clean end of input.

    Nothing is allocated for a length before it has been held against its limit.

    Raises:
        WireError: the bytes are not a frame, or the input ends in the middle of one.
        OSError: the stream cannot be read.
    """
    magic = _read_up_to(stream, len(MAGIC))
    if not magic:
        return None
    if magic != MAGIC:
        raise WireError(f"a frame starts with {MAGIC!r}, but {bytes(magic)!r} came")
    (length,) = _LENGTH.unpack(_read_exactly(stream, _LENGTH.size))
    _check_header_length(length)
    header, specs = _parse_header(bytes(_read_exactly(stream, length)))
    arrays = {name: _read_array(stream, dtype, shape) for name, dtype, shape in specs}
    kind, number = header.pop("type"), header.pop("id")
    return Frame(kind, number, header, arrays)


def _check_header_length(length: int) -> None:
    if length > MAX_HEADER_BYTES:
        raise WireError(f"the header has {length} bytes, more than {MAX_HEADER_BYTES}")


def _parse_header(encoded: bytes) -> tuple[dict[str, Any], list[tuple[str, str, tuple[int, ...]]]]:
    """Return the header without its array list, and that list as (name, dtype, shape)."""
    try:
        header = json.loads(encoded.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the header is not a JSON object in UTF-8: {error}") from error
    if not isinstance(header, dict):
        raise WireError("the header is not a JSON object")
    if not isinstance(header.get("type"), str) or not header["type"]:
        raise WireError("the header has no 'type'")
    if type(header.get("id")) is not int or header["id"] < 0:
        raise WireError("the header has no whole number 'id'")
    return header, _parse_array_list(header.pop("arrays", []))


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _parse_array_list(listed: object) -> list[tuple[str, str, tuple[int, ...]]]:
    if not isinstance(listed, list):
        raise WireError("'arrays' is not a list")
    specs: list[tuple[str, str, tuple[int, ...]]] = []
    names: set[str] = set()
    total = 0
    for entry in listed:
        if not isinstance(entry, dict):
            raise WireError("an entry of 'arrays' is not an object")
        name, dtype, shape = entry.get("name"), entry.get("dtype"), entry.get("shape")
        if not isinstance(name, str) or not name or name in names:
            raise WireError(f"an array has no name of its own: {name!r}")
        if dtype not in DTYPES:
            raise WireError(f"array '{name}' has the type {dtype!r}, which is not one of {', '.join(DTYPES)}")
        if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
            raise WireError(f"array '{name}' has no shape of at most {MAX_DIMENSIONS} dimensions")
        if any(type(size) is not int or size < 0 for size in shape):
            raise WireError(f"array '{name}' has a size that is not a whole number from 0 up")
        # An empty dimension must not hide sizes that NumPy itself cannot hold.
        span = math.prod(max(size, 1) for size in shape) * np.dtype(dtype).itemsize
        total += span if all(shape) else 0
        if max(span, total) > MAX_ARRAY_BYTES:
            raise WireError(f"the arrays take more than {MAX_ARRAY_BYTES} bytes, from '{name}' on")
        names.add(name)
        specs.append((name, dtype, tuple(shape)))
    return specs


def _read_array(stream: IO[bytes], dtype: str, shape: tuple[int, ...]) -> Array:
    try:
        array: Array = np.empty(shape, dtype=dtype)
    except MemoryError as error:
        raise WireError(f"there is not enough memory for an array of shape {shape}") from error
    if array.size:
        target = array.reshape(-1).view(np.uint8).data
        _read_into(stream, target, len(target))
    return array


def _read_exactly(stream: IO[bytes], count: int) -> bytearray:
    buffer = bytearray(count)
    _read_into(stream, memoryview(buffer), count)
    return buffer


def _read_into(stream: IO[bytes], target: memoryview, count: int) -> None:
    done = 0
    while done < count:
        part = stream.read(min(count - done, _CHUNK))
        if not part:
            raise WireError(f"the input ended in the middle of a frame, {count - done} bytes short")
        target[done : done + len(part)] = part
        done += len(part)


def _read_up_to(stream: IO[bytes], count: int) -> bytes:
    """Read ``count`` bytes, fewer only at the end of input; stops early where they cannot be the magic."""
    got = b""
    while len(got) < count and MAGIC.startswith(got):
        part = stream.read(count - len(got))
        if not part:
            break
        got += part
    return got
