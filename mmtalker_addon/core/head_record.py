"""What a mesh remembers of being checked, as text: where its parts are, and what the animator moved."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .limits import MOST_HEAD_TEXT

HEAD_TAG = "mmtalker_head"
"""Name of the Mesh's custom property that holds the text; it goes wherever the mesh goes."""

_SCHEMA = 1

Point = tuple[float, float, float]


@dataclass(frozen=True)
class HeadCheck:
    """What the last Check Head found; positions are in the mesh's own units and axes.

    Attributes:
        topology: what the head was recognised as.
        confidence: 0..1.
        regions: 0..1 by part of the face.
        mouth: ``parted``, ``fused`` or ``missing``.
        lip_line: points from the right corner of the mouth to the left one.
        warnings: sentences for the artist.
    """

    topology: str
    confidence: float
    regions: Mapping[str, float]
    mouth: str
    lip_line: tuple[Point, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadRecord:
    """What is kept with a mesh.

    Attributes:
        geometry: :func:`geometry_hash` of the mesh that was checked; joined with those of its parts.
        check: what was found.
        corrections: where the animator put landmarks.
    """

    geometry: str
    check: HeadCheck
    corrections: Mapping[str, Point] = field(default_factory=dict)


def geometry_hash(
    vertices: NDArray[np.float32], loop_vertices: NDArray[np.int32], loop_starts: NDArray[np.int32]
) -> str:
    """Return a short text that changes with any vertex or polygon."""
    digest = hashlib.blake2b(digest_size=16)
    for array, dtype in ((vertices, "<f4"), (loop_vertices, "<i4"), (loop_starts, "<i4")):
        digest.update(f"{array.shape};".encode())
        digest.update(np.ascontiguousarray(array, dtype=dtype).tobytes())
    return digest.hexdigest()


def joined_hash(hashes: Sequence[str]) -> str:
    """Return a short text that changes with any of the hashes, and with their order."""
    return hashlib.blake2b(" ".join(hashes).encode(), digest_size=16).hexdigest()


def encode_head(record: HeadRecord) -> str:
    """Return the record as JSON text."""
    check = record.check
    fields = {
        "schema": _SCHEMA,
        "geometry": record.geometry,
        "corrections": {name: list(point) for name, point in record.corrections.items()},
        "topology": check.topology,
        "confidence": check.confidence,
        "regions": dict(check.regions),
        "mouth": check.mouth,
        "lip_line": [list(point) for point in check.lip_line],
        "warnings": list(check.warnings),
    }
    return json.dumps(fields, allow_nan=False, separators=(",", ":"))


def decode_head(text: object) -> HeadRecord | None:
    """Return what :func:`encode_head` wrote; None for anything else, or what a newer add-on wrote.

    A mesh with such a text counts as not checked: the next Check Head writes it anew.
    """
    if not isinstance(text, str) or len(text) > MOST_HEAD_TEXT:
        return None
    try:
        fields = json.loads(text)
        if fields["schema"] != _SCHEMA:
            return None
        return HeadRecord(
            geometry=str(fields["geometry"]),
            corrections={_name(name): _point(value) for name, value in fields["corrections"].items()},
            check=HeadCheck(
                topology=str(fields["topology"]),
                confidence=_number(fields["confidence"]),
                regions={str(name): _number(value) for name, value in fields["regions"].items()},
                mouth=str(fields["mouth"]),
                lip_line=tuple(_point(value) for value in fields["lip_line"]),
                warnings=tuple(str(warning) for warning in fields["warnings"]),
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _name(value: Any) -> str:
    """A name that can be sent; half a surrogate pair raises a UnicodeEncodeError, which is a ValueError."""
    str(value).encode()
    return str(value)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _point(value: Any) -> Point:
    x, y, z = value
    return _number(x), _number(y), _number(z)
