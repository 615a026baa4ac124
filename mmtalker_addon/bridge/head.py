"""The head: which object is meant, whether it can be used, and its mesh as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.mesh_checks import find_mesh_problem
from ..core.slices import Slices, in_one_go
from ..engine.errors import EngineCode, EngineError
from . import landmarks


@dataclass(frozen=True)
class HeadArrays:
    """The undeformed mesh, in the object's own units and axes.

    Attributes:
        vertices: (V, 3) float32, the Basis where there are shape keys.
        loop_vertices: (L,) int32 vertex of each polygon corner.
        loop_starts: (F + 1,) int32 first corner of each polygon; the last entry is L.
    """

    vertices: NDArray[np.float32]
    loop_vertices: NDArray[np.int32]
    loop_starts: NDArray[np.int32]


def find_head(context: Any) -> tuple[Any, str]:
    """The object to animate, or None and the sentence that says why there is none.

    The panel's own choice comes first; left empty, the active object is meant.
    """
    chosen = context.scene.mmtalker.head
    if chosen is not None:
        if chosen.name not in context.scene.objects:
            return None, f"{chosen.name} is not in this scene: pick another head."
        return chosen, ""
    active = context.view_layer.objects.active
    meshes = [obj for obj in context.selected_objects if obj.type == "MESH"]
    if landmarks.owner(active) is not None:
        return landmarks.owner(active), ""
    if active is not None and active.type == "MESH":
        return active, ""
    if len(meshes) == 1:
        return meshes[0], ""
    if meshes:
        return None, f"{len(meshes)} meshes are selected and none is active: pick the head above."
    return None, "There is no head: select a head mesh, or press Add Demo Head."


def head_problem(obj: Any) -> str:
    """Why this object cannot be given speech as it is, by a quick look; empty where nothing is wrong."""
    if obj.type != "MESH":
        return f"{obj.name} is not a mesh: pick the head's mesh object."
    return mesh_problem(obj)


def mesh_problem(obj: Any) -> str:
    """Why a mesh object, a head or a part of one, cannot take shape keys; empty where nothing is wrong."""
    mesh = obj.data
    for block in (obj, mesh, mesh.shape_keys):
        if block is None:
            continue
        if block.library is not None:
            return f"{obj.name} is linked from another file: make it local, or open that file."
        if block.override_library is not None:
            return (
                f"{obj.name} is a library override, which cannot take new shape keys: "
                "make it local, or generate in its own file."
            )
    if obj.mode == "EDIT":
        return f"{obj.name} is in Edit Mode: leave it with Tab first."
    if not mesh.vertices:
        return f"{obj.name} has no vertices: pick a mesh with a face."
    if not mesh.polygons:
        return f"{obj.name} has no faces: pick a mesh with a face."
    keys = mesh.shape_keys
    if keys is not None and not keys.use_relative:
        return f"{obj.name} has absolute shape keys: turn Relative on in its Shape Keys panel."
    data = keys.animation_data if keys is not None else None
    if data is not None and data.use_tweak_mode:
        return f"An NLA strip of {obj.name} is being edited: leave Tweak Mode with Tab first."
    return ""


def read_head(obj: Any) -> HeadArrays:
    """Copy the head's Basis and polygons out of Blender."""
    return in_one_go(read_in_slices(obj))


def read_in_slices(obj: Any) -> Slices[HeadArrays]:
    """The same in slices.

    Raises:
        EngineError: the mesh was edited meanwhile.
    """
    mesh = obj.data
    before = _sizes(mesh)
    source = mesh.shape_keys.reference_key.points if mesh.shape_keys else mesh.vertices
    vertices = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    source.foreach_get("co", vertices)
    yield
    loops = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", loops)
    yield
    starts = np.empty(len(mesh.polygons) + 1, dtype=np.int32)
    mesh.polygons.foreach_get("loop_start", starts[:-1])
    starts[-1] = len(loops)
    if _sizes(mesh) != before:
        raise EngineError(EngineCode.BAD_REQUEST, f"{obj.name} was edited meanwhile: try again.")
    return HeadArrays(vertices.reshape(-1, 3), loops, starts)


def _sizes(mesh: Any) -> tuple[int, ...]:
    return len(mesh.vertices), len(mesh.loops), len(mesh.polygons)


def part_names(obj: Any) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Object and material as one name, and the (F,) index of each polygon's."""
    indices = np.empty(len(obj.data.polygons), dtype=np.int32)
    obj.data.polygons.foreach_get("material_index", indices)
    used, part = np.unique(indices, return_inverse=True)
    slots = [slot.material for slot in obj.material_slots]
    materials = [slots[index] if index < len(slots) else None for index in used]
    names = tuple(obj.name if found is None else f"{obj.name}: {found.name}" for found in materials)
    return names, part.ravel().astype(np.int32)


def data_problem(obj: Any, arrays: HeadArrays) -> str:
    """What is wrong with the numbers themselves; slower than head_problem, so asked only on Generate."""
    return find_mesh_problem(obj.name, arrays.vertices, arrays.loop_vertices, arrays.loop_starts) or ""


def head_warnings(obj: Any) -> list[str]:
    """What will look wrong afterwards although nothing stops us."""
    found = []
    if obj.show_only_shape_key:
        found.append(f"{obj.name} shows one shape key alone: turn off the pin in its Shape Keys panel.")
    return found
