"""Shape keys: the artist's are left as they are, missing ones are added, our own of earlier runs renewed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.curves import slider_range
from ..core.slices import Slices
from .custom import plain, restore, texts
from .rollback import Rollback

BASIS_NAME = "Basis"
_TAG = "mmtalker_keys"
"""Custom property of the Key datablock: name of each key that we wrote, and a digest of its coordinates."""


@dataclass(frozen=True)
class KeysWritten:
    """What was written, so that it can be told.

    Attributes:
        made: keys that were added.
        renewed: keys of an earlier run that nobody edited.
        edited: keys of an earlier run that the artist edited since; they are his now, and were left alone.
    """

    made: tuple[str, ...]
    renewed: tuple[str, ...]
    edited: tuple[str, ...]


def existing_names(obj: Any) -> tuple[str, ...]:
    """Names of the head's shape keys, the Basis left out."""
    keys = obj.data.shape_keys
    if keys is None:
        return ()
    return tuple(block.name for block in keys.key_blocks if block != keys.reference_key)


def write_shapes(
    obj: Any, shapes: Mapping[str, NDArray[np.float32]], rollback: Rollback
) -> Slices[KeysWritten]:
    """Add a key at value 0 for every name the head lacks, and renew those that an earlier run made.

    The Key datablock remembers a digest of each key that was written. While it fits, the key is ours to
    renew; once it does not, the key is the artist's for good. Between two slices every key is whole and
    remembered, and nothing of Blender's but the object is held: whatever else was there may be gone.

    Args:
        obj: the head.
        shapes: key name to (V, 3) displacements from the Basis, in the object's units and axes.
        rollback: learns how to take back what is written.
    """
    before = _begin(obj, rollback)
    made, renewed, edited = [], [], []
    for name, displacement in shapes.items():
        yield
        keys = obj.data.shape_keys
        block = keys.key_blocks.get(name)
        if block is None:
            rollback.add(_remove, obj, name)
            block = _new(obj, name)
            made.append(name)
        elif name not in before:
            continue
        else:
            old = _coordinates(block)
            if _digest(old) != before[name] or block.relative_key != keys.reference_key:
                edited.append(name)
                del keys[_TAG][name]
                continue
            rollback.add(_put_back, obj, name, old)
            renewed.append(name)
        coordinates = _coordinates(keys.reference_key) + displacement.ravel()
        block.points.foreach_set("co", coordinates)
        keys[_TAG][name] = _digest(coordinates)
    obj.data.update()
    return KeysWritten(tuple(made), tuple(renewed), tuple(edited))


def _begin(obj: Any, rollback: Rollback) -> dict[str, str]:
    """Give the object a Basis and the record of our keys; returns what that said, of keys that are there."""
    rollback.add(obj.data.update)
    if obj.data.shape_keys is None:
        rollback.add(_clear, obj)
        obj.shape_key_add(name=BASIS_NAME, from_mix=False)
    else:
        rollback.add(restore, obj.data.shape_keys, _TAG, plain(obj.data.shape_keys, _TAG))
    keys = obj.data.shape_keys
    own = {name: digest for name, digest in texts(keys, _TAG).items() if name in keys.key_blocks}
    keys[_TAG] = own
    return own


def _new(obj: Any, name: str) -> Any:
    """Add a key; the artist's active one stays active."""
    active = obj.active_shape_key_index
    block = obj.shape_key_add(name=name, from_mix=False)
    block.value = 0.0  # Blender 5 gives a new key the value 1
    obj.active_shape_key_index = active
    return block


def _find(obj: Any, name: str) -> Any:
    """The object's shape key of this name, or None."""
    keys = obj.data.shape_keys
    return None if keys is None else keys.key_blocks.get(name)


def _clear(obj: Any) -> None:
    if obj.data.shape_keys is not None:
        obj.shape_key_clear()


def _remove(obj: Any, name: str) -> None:
    block = _find(obj, name)
    if block is not None:
        active = obj.active_shape_key_index
        obj.shape_key_remove(block)
        obj.active_shape_key_index = active  # Blender keeps it within what is there


def _put_back(obj: Any, name: str, coordinates: NDArray[np.float32]) -> None:
    block = _find(obj, name)
    if block is not None and len(block.points) * 3 == len(coordinates):
        block.points.foreach_set("co", coordinates)


def our_keys(obj: Any) -> tuple[str, ...]:
    """Names of the keys that an earlier run made and nobody edited."""
    keys = obj.data.shape_keys
    own = {} if keys is None else texts(keys, _TAG)
    blocks = {name: keys.key_blocks[name] for name in own if name in keys.key_blocks}
    return tuple(name for name, block in blocks.items() if _digest(_coordinates(block)) == own[name])


def mark_ours(obj: Any, names: Sequence[str]) -> None:
    """Remember keys as ours in their present form, after vertices were added to the mesh."""
    if names:
        keys = obj.data.shape_keys
        digests = {name: _digest(_coordinates(keys.key_blocks[name])) for name in names}
        keys[_TAG] = texts(keys, _TAG) | digests


def moving(obj: Any, shapes: Mapping[str, NDArray[np.float32]], least: float) -> list[str]:
    """Names of the shapes that an object is to have: those that move it, and those it has a key for.

    Args:
        obj: a part of a head.
        shapes: key name to (V, 3) displacements.
        least: a length, in the object's units, below which nothing is seen to move.
    """
    there = existing_names(obj)
    return [
        name
        for name, displacement in shapes.items()
        if name in there or float(np.abs(displacement).max(initial=0.0)) > least
    ]


def widen_ranges(obj: Any, curves: Mapping[str, NDArray[np.float32]], rollback: Rollback) -> None:
    """Open the slider of each key whose curve would be clamped; never narrow one.

    Args:
        obj: the head.
        curves: key name to its (frames,) values.
        rollback: learns how to take it back.
    """
    for name, values in curves.items():
        block = obj.data.shape_keys.key_blocks[name]
        rollback.add(_set_range, obj, name, block.slider_min, block.slider_max)
        low, high = slider_range(values)
        _set_range(obj, name, min(block.slider_min, low), max(block.slider_max, high))


def _set_range(obj: Any, name: str, low: float, high: float) -> None:
    block = _find(obj, name)
    if block is not None:
        block.slider_min, block.slider_max = low, high


def key_warnings(obj: Any, names: Sequence[str]) -> list[str]:
    """Keys that will not show their curve, and why."""
    keys = obj.data.shape_keys
    muted = [name for name in names if keys.key_blocks[name].mute]
    data = keys.animation_data
    paths = {driver.data_path for driver in data.drivers} if data is not None else set()
    driven = [name for name in names if value_path(name) in paths]
    found = []
    if muted:
        found.append(f"Muted shape keys do not move: {_some(muted)}. Tick them in the Shape Keys panel.")
    if driven:
        found.append(f"Shape keys with a driver follow it and not the speech: {_some(driven)}.")
    return found


def edited_warnings(written: KeysWritten) -> list[str]:
    """What is told where the artist took over keys that an earlier run had made."""
    if not written.edited:
        return []
    return [
        f"Shape keys that you changed since the last Generate kept your shape: {_some(written.edited)}. "
        "Delete one to have it made anew."
    ]


def value_path(name: str) -> str:
    """The data path of a key's value, seen from the Key datablock."""
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def _coordinates(block: Any) -> NDArray[np.float32]:
    """(V * 3,) positions of a shape key."""
    coordinates = np.empty(len(block.points) * 3, dtype=np.float32)
    block.points.foreach_get("co", coordinates)
    return coordinates


def _digest(coordinates: NDArray[np.float32]) -> str:
    return hashlib.blake2b(coordinates.tobytes(), digest_size=16).hexdigest()


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
