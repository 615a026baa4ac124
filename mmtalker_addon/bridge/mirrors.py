"""Mirror modifiers as planes: which of them complete a half, and what is told about them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.mirror import Reflection
from .blocks import world_matrix

Float64 = NDArray[np.float64]

_BESIDE = 0.25
"""A mesh that reaches further than this share of its one side to the other side of a plane is no half."""


def find_planes(obj: Any, vertices: NDArray[np.floating[Any]]) -> list[Reflection]:
    """Planes of the object's Mirror modifiers that complete its mesh, (V, 3) in its own space."""
    planes = []
    for modifier in _mirrors(obj):
        merge = modifier.merge_threshold if modifier.use_mirror_merge else 0.0
        to_plane = np.eye(4)
        if modifier.mirror_object is not None:
            to_plane = np.linalg.inv(world_matrix(modifier.mirror_object)) @ world_matrix(obj)
        for axis in range(3):
            beside = vertices @ to_plane[axis, :3] + to_plane[axis, 3]
            if modifier.use_axis[axis] and not modifier.use_bisect_axis[axis] and _is_half(beside):
                flip = np.eye(4)
                flip[axis, axis] = -1.0
                planes.append(Reflection(np.linalg.inv(to_plane) @ flip @ to_plane, merge))
    return planes


def mirror_warnings(obj: Any, is_half: bool) -> list[str]:
    """What a Mirror modifier keeps the speech from showing.

    Args:
        obj: a mesh object.
        is_half: whether its modifiers complete it.
    """
    if is_half:
        return [
            f"{obj.name} has a Mirror modifier, so both of its sides move alike: apply the modifier for what "
            "one side does alone, such as a wink."
        ]
    if _mirrors(obj):
        return [
            f"{obj.name} is whole without its Mirror modifier, or the modifier bisects it, so it was read "
            "without: apply or remove the modifier."
        ]
    return []


def _is_half(beside: Float64) -> bool:
    """Whether vertices lie on one side of a plane, by their (V,) distances from it."""
    sides = sorted((float(beside.max(initial=0.0)), float(-beside.min(initial=0.0))))
    return sides[0] <= _BESIDE * sides[1]


def _mirrors(obj: Any) -> list[Any]:
    return [each for each in obj.modifiers if each.type == "MIRROR" and each.show_viewport]
