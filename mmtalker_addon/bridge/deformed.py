"""A mesh as its deforming modifiers show it, vertex by vertex, and the way back to the mesh before them."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .blocks import by_uid
from .head import HeadArrays

Float64 = NDArray[np.float64]

_DEFORMERS = {
    "CAST",
    "CORRECTIVE_SMOOTH",
    "CURVE",
    "DISPLACE",
    "HOOK",
    "LAPLACIANSMOOTH",
    "LATTICE",
    "MESH_DEFORM",
    "SHRINKWRAP",
    "SIMPLE_DEFORM",
    "SMOOTH",
    "SURFACE_DEFORM",
    "WARP",
}
"""Modifiers that give a head its form. An Armature gives it a pose, and is left out."""

_STEP = 1e-3
"""How far the mesh is shifted to see what becomes of a displacement, as a share of its extent."""

_FLAT = 0.1
"""Below this share of a displacement that is left, a modifier has flattened it and there is no way back."""


def has_deformers(obj: Any) -> bool:
    """True where something but an armature deforms the object as it is shown."""
    return any(_is_deformer(modifier) for modifier in obj.modifiers)


def look(context: Any, obj: Any, arrays: HeadArrays) -> tuple[Float64, Float64]:
    """Where the vertices are shown, and what turns a displacement there into one of the mesh itself.

    A copy without shape keys is looked at, so that no slider and no earlier speech is in it.

    Args:
        context: Blender's; its view layer is up to date.
        obj: a mesh object.
        arrays: its mesh.

    Returns:
        (V, 3) positions and (V, 3, 3) matrices, in the object's own space.
    """
    points = arrays.vertices.astype(np.float64)
    plain = np.tile(np.eye(3), (len(points), 1, 1))
    copy = _bare_copy(obj)
    try:
        context.scene.collection.objects.link(copy)
        shown = _evaluated(context, copy, points)
        if shown is None:
            return points, plain
        step = _STEP * float(np.ptp(points, axis=0).max())
        columns = []
        for axis in np.eye(3):
            there = _evaluated(context, copy, points + step * axis)
            columns.append(plain[:, :, 0] if there is None else (there - shown) / step)
    finally:
        mesh = copy.data
        bpy.data.objects.remove(copy)
        bpy.data.meshes.remove(mesh)
    turns = np.stack(columns, axis=2)
    lost = np.linalg.svd(turns, compute_uv=False)[:, -1] < _FLAT
    turns[lost] = np.eye(3)
    return shown, np.linalg.inv(turns)


def _is_deformer(modifier: Any) -> bool:
    return modifier.type in _DEFORMERS and modifier.show_viewport


def _bare_copy(obj: Any) -> Any:
    """A copy with nothing on it but the deformers."""
    copy = obj.copy()
    copy.data = obj.data.copy()
    copy.animation_data_clear()
    keys = copy.data.shape_keys
    if keys is not None:
        uid = keys.session_uid
        copy.shape_key_clear()
        left = by_uid(bpy.data.shape_keys, uid)  # Blender keeps it until the file is saved
        if left is not None:
            bpy.data.batch_remove([left])
    for modifier in [each for each in copy.modifiers if not _is_deformer(each)]:
        copy.modifiers.remove(modifier)
    return copy


def _evaluated(context: Any, copy: Any, points: Float64) -> Float64 | None:
    """(V, 3) where the modifiers put the points; None where they change the number of vertices."""
    copy.data.vertices.foreach_set("co", points.astype(np.float32).ravel())
    copy.data.update()
    mesh = copy.evaluated_get(context.evaluated_depsgraph_get()).data
    if len(mesh.vertices) != len(points):
        return None
    shown = np.empty(len(points) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", shown)
    return shown.reshape(-1, 3).astype(np.float64)
