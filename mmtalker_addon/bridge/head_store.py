"""What a mesh remembers of being checked, read and written; it goes with the mesh through every copy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import bpy

from ..core.head_record import (
    HEAD_TAG,
    HeadRecord,
    Point,
    decode_head,
    encode_head,
    geometry_hash,
    joined_hash,
)
from ..core.slices import Slices, in_one_go
from . import parts
from .head import read_in_slices

_LIFETIME = 1.0
"""Seconds for which a panel, drawn many times a second, does not look at a mesh again."""

_SHARE = 0.02
"""The most of the time that looking may take: a large mesh is looked at less often."""


@dataclass
class _Seen:
    """What was found when a head was looked at last, by its mesh's session number; one head at a time."""

    uid: int = 0
    until: float = 0.0
    geometry: str = ""


_seen = _Seen()


def read(obj: Any) -> HeadRecord | None:
    """What the object's mesh remembers; None where it was never checked."""
    return decode_head(obj.data.get(HEAD_TAG)) if obj.type == "MESH" else None


def write(obj: Any, record: HeadRecord) -> None:
    """Make the object's mesh remember."""
    obj.data[HEAD_TAG] = encode_head(record)
    _seen.until = 0.0


def corrections(obj: Any) -> dict[str, Point]:
    """Where the animator put landmarks of this head."""
    record = read(obj)
    return {} if record is None else dict(record.corrections)


def find_geometry(obj: Any) -> str:
    """A short text that changes with any vertex or polygon of the head and of its parts.

    Where the parts are is not in it: what hangs on a bone would count as changed on every other frame.
    """
    return in_one_go(find_geometry_in_slices(obj))


def find_geometry_in_slices(obj: Any) -> Slices[str]:
    """The same in slices."""
    hashes = []
    for each in (obj, *(part for part in parts.listed(obj) if part.type == "MESH")):
        arrays = yield from read_in_slices(each)
        yield
        hashes.append(geometry_hash(arrays.vertices, arrays.loop_vertices, arrays.loop_starts))
    return hashes[0] if len(hashes) == 1 else joined_hash(hashes)


def seen_geometry(obj: Any, *, at_once: bool = False) -> str:
    """The same as it was a moment ago, for panels: looked at seldom, and never while Blender plays.

    Args:
        obj: the head.
        at_once: look now, however lately it was looked at.
    """
    now = time.monotonic()
    uid = obj.data.session_uid
    if uid == _seen.uid and not at_once and (now < _seen.until or _is_playing()):
        return _seen.geometry
    _seen.uid, _seen.geometry = uid, find_geometry(obj)
    taken = time.monotonic() - now
    _seen.until = now + max(_LIFETIME, taken / _SHARE)
    return _seen.geometry


def _is_playing() -> bool:
    return any(window.screen.is_animation_playing for window in bpy.context.window_manager.windows)


def has_changed(obj: Any, record: HeadRecord, *, at_once: bool = False) -> bool:
    """True where the mesh, or a part of the head, is not the one that was checked.

    Args:
        obj: the head.
        record: what it remembers.
        at_once: look now, however lately it was looked at.
    """
    return seen_geometry(obj, at_once=at_once) != record.geometry
