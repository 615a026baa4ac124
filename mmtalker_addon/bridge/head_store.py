"""What a mesh remembers of being checked, read and written; it goes with the mesh through every copy."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ..core.head_record import (
    HEAD_TAG,
    HeadRecord,
    Point,
    decode_head,
    encode_head,
    geometry_hash,
    joined_hash,
)
from . import parts
from .head import read_head

_LIFETIME = 1.0
"""Seconds for which a panel, drawn many times a second, does not look at a mesh again."""


@dataclass
class _Seen:
    """What was found when a mesh was looked at last, by its session number."""

    hashes: dict[int, tuple[float, str]] = field(default_factory=dict)


_seen = _Seen()


def read(obj: Any) -> HeadRecord | None:
    """What the object's mesh remembers; None where it was never checked."""
    return decode_head(obj.data.get(HEAD_TAG)) if obj.type == "MESH" else None


def write(obj: Any, record: HeadRecord) -> None:
    """Make the object's mesh remember."""
    obj.data[HEAD_TAG] = encode_head(record)
    _seen.hashes.pop(obj.data.session_uid, None)


def corrections(obj: Any) -> dict[str, Point]:
    """Where the animator put landmarks of this head."""
    record = read(obj)
    return {} if record is None else dict(record.corrections)


def find_geometry(obj: Any) -> str:
    """A short text that changes with any vertex or polygon of the head and of its parts.

    Where the parts are is not in it: what hangs on a bone would count as changed on every other frame.
    """
    hashes = [_mesh_hash(obj), *(_mesh_hash(part) for part in parts.listed(obj) if part.type == "MESH")]
    return hashes[0] if len(hashes) == 1 else joined_hash(hashes)


def _mesh_hash(obj: Any) -> str:
    arrays = read_head(obj)
    return geometry_hash(arrays.vertices, arrays.loop_vertices, arrays.loop_starts)


def has_changed(obj: Any, record: HeadRecord, *, at_once: bool = False) -> bool:
    """True where the mesh, or a part of the head, is not the one that was checked.

    Args:
        obj: the head.
        record: what it remembers.
        at_once: look now, however lately it was looked at.
    """
    uid = obj.data.session_uid
    when, found = _seen.hashes.get(uid, (-_LIFETIME, ""))
    if at_once or time.monotonic() - when >= _LIFETIME:
        found = find_geometry(obj)
        _seen.hashes.clear()  # one head at a time is in the panel
        _seen.hashes[uid] = (time.monotonic(), found)
    return found != record.geometry
