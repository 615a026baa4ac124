"""Shape keys: those that the head already has are left as they are, the missing ones are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.curves import slider_range

BASIS_NAME = "Basis"


@dataclass(frozen=True)
class KeysAdded:
    """What was added, so that it can be told and taken back.

    Attributes:
        names: keys that were made.
        made_basis: the head had no shape keys at all before.
    """

    names: tuple[str, ...]
    made_basis: bool


def existing_names(obj: Any) -> tuple[str, ...]:
    """Names of the head's shape keys, the Basis left out."""
    keys = obj.data.shape_keys
    if keys is None:
        return ()
    return tuple(block.name for block in keys.key_blocks if block != keys.reference_key)


def add_missing(obj: Any, shapes: Mapping[str, NDArray[np.float32]]) -> KeysAdded:
    """Add a key at value 0 for every name the head lacks.

    Args:
        obj: the head.
        shapes: key name to (V, 3) displacements from the Basis, in the object's units and axes.
    """
    made_basis = obj.data.shape_keys is None
    active = obj.active_shape_key_index
    if made_basis:
        obj.shape_key_add(name=BASIS_NAME, from_mix=False)
    keys = obj.data.shape_keys
    basis = np.empty(len(obj.data.vertices) * 3, dtype=np.float32)
    keys.reference_key.points.foreach_get("co", basis)
    made = []
    for name, displacement in shapes.items():
        if name in keys.key_blocks:
            continue
        block = obj.shape_key_add(name=name, from_mix=False)
        made.append(block.name)
        block.value = 0.0  # Blender 5 gives a new key the value 1
        block.points.foreach_set("co", basis + displacement.ravel())
    if not made_basis:
        obj.active_shape_key_index = active
    obj.data.update()
    return KeysAdded(tuple(made), made_basis)


def remove_added(obj: Any, added: KeysAdded) -> None:
    """Take back what ``add_missing`` did."""
    for name in added.names:
        obj.shape_key_remove(obj.data.shape_keys.key_blocks[name])
    if added.made_basis:
        obj.shape_key_clear()


def widen_ranges(obj: Any, curves: Mapping[str, NDArray[np.float32]]) -> None:
    """Open the slider of each key whose curve would be clamped; never narrow one.

    Args:
        obj: the head.
        curves: key name to its (frames,) values.
    """
    blocks = obj.data.shape_keys.key_blocks
    for name, values in curves.items():
        block = blocks[name]
        low, high = slider_range(values)
        block.slider_min = min(block.slider_min, low)
        block.slider_max = max(block.slider_max, high)


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


def value_path(name: str) -> str:
    """The data path of a key's value, seen from the Key datablock."""
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
