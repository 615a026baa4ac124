"""The demo head: the backend's canonical head as a Blender object, read without torch."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..engine.errors import EngineCode, EngineError
from ..engine.paths import find_vendor

OBJECT_NAME = "Demo Head"

_LOOKS: Mapping[str, tuple[tuple[float, float, float], float]] = {
    "skin": ((0.60, 0.36, 0.27), 0.5),
    "lips": ((0.50, 0.19, 0.17), 0.4),
    "mouth": ((0.22, 0.05, 0.05), 0.4),
    "eye": ((0.86, 0.84, 0.80), 0.1),
    "iris": ((0.16, 0.25, 0.33), 0.1),
    "pupil": ((0.01, 0.01, 0.01), 0.1),
    "teeth": ((0.85, 0.80, 0.70), 0.2),
    "gums": ((0.52, 0.19, 0.18), 0.3),
    "tongue": ((0.55, 0.20, 0.20), 0.35),
}
"""Linear colour and roughness by material, in the order of ``mmtalker.mesh.canonical.MATERIALS``."""


def asset_path() -> Path:
    """Where the head travels with the add-on.

    Raises:
        EngineError: the installation is not whole.
    """
    return find_vendor() / "mmtalker" / "assets" / "canonical_head.npz"


_ROOM = 4.0
"""Metres: what is larger is taken for surroundings, and a head may be within."""

_GAP = 0.1
"""Metres between the head and what it was moved away from."""

_SOLID = {"MESH", "CURVE", "SURFACE", "META", "FONT"}


def add(context: Any) -> Any:
    """Put the head upright at the 3D cursor, or in front of what is there; select it and make it active.

    It comes without shape keys: they are Generate's to make.

    Raises:
        EngineError: its file is missing or damaged.
    """
    arrays = _read(asset_path())
    mesh = _make_mesh(arrays)
    obj = bpy.data.objects.new(OBJECT_NAME, mesh)
    points = _to_blender(arrays["vertices"])
    cursor = np.array(context.scene.cursor.location, dtype=np.float64)
    obj.location = _free_place(context, cursor, points.min(axis=0), points.max(axis=0))
    context.collection.objects.link(obj)
    for other in context.selected_objects:
        other.select_set(False)
    context.view_layer.objects.active = obj
    obj.select_set(True)
    return obj


def look_at(context: Any) -> None:
    """Let the viewport in which the button was pressed show what is selected; nothing where there is none."""
    area = context.area
    if area is None or area.type != "VIEW_3D":
        return
    region = next((each for each in area.regions if each.type == "WINDOW"), None)
    if region is not None:
        with context.temp_override(region=region):
            bpy.ops.view3d.view_selected()


def _free_place(
    context: Any, place: NDArray[np.float64], low: NDArray[np.floating], high: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The first place from there to the front at which a box lies within nothing that is seen.

    Args:
        context: Blender's.
        place: (3,) where the box is wanted.
        low: (3,) its lower corner, from there.
        high: (3,) its upper corner.
    """
    boxes = [_world_box(obj) for obj in context.visible_objects if obj.type in _SOLID]
    boxes = [box for box in boxes if np.ptp(box, axis=0).max() <= _ROOM]
    place = place.copy()
    while True:
        ends = [
            box_low[1]
            for box_low, box_high in boxes
            if np.all(box_low < place + high) and np.all(box_high > place + low)
        ]
        if not ends:
            return place
        place[1] = min(ends) - high[1] - _GAP  # the front view looks along y


def _world_box(obj: Any) -> NDArray[np.float64]:
    """(2, 3) lower and upper corner in the world."""
    corners = np.array(obj.bound_box) @ np.array(obj.matrix_world.to_3x3()).T + np.array(
        obj.matrix_world.translation
    )
    return np.stack([corners.min(axis=0), corners.max(axis=0)])


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        for name in ("vertices", "loop_vertices", "loop_starts", "material", "texture", "loop_texture"):
            arrays[name]  # a KeyError now, and not half a head later
        return arrays
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise EngineError(
            EngineCode.BROKEN_EXTENSION,
            f"The demo head {path} is missing or damaged. Install the extension again.",
        ) from error


def _make_mesh(arrays: Mapping[str, NDArray[Any]]) -> Any:
    mesh = bpy.data.meshes.new(OBJECT_NAME)
    loops, starts = arrays["loop_vertices"], arrays["loop_starts"]
    mesh.vertices.add(len(arrays["vertices"]))
    mesh.loops.add(len(loops))
    mesh.polygons.add(len(starts) - 1)
    mesh.vertices.foreach_set("co", _to_blender(arrays["vertices"]).ravel())
    mesh.loops.foreach_set("vertex_index", np.ascontiguousarray(loops, dtype=np.int32))
    mesh.polygons.foreach_set("loop_start", np.ascontiguousarray(starts[:-1], dtype=np.int32))
    mesh.polygons.foreach_set("material_index", arrays["material"].astype(np.int32))
    layer = mesh.uv_layers.new(name="UVMap")
    layer.uv.foreach_set("vector", arrays["texture"][arrays["loop_texture"]].astype(np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    for name in _LOOKS:
        mesh.materials.append(_material(name))
    return mesh


def _to_blender(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """(V, 3) y up, face along +z, to Blender's z up, face along -y, as its front view shows it."""
    x, y, z = np.asarray(points, dtype=np.float32).T
    return np.stack([x, -z, y], axis=1)


def _material(name: str) -> Any:
    full_name = f"{OBJECT_NAME} {name}"
    found = bpy.data.materials.get(full_name)
    if found is not None:
        return found
    colour, roughness = _LOOKS[name]
    material = bpy.data.materials.new(full_name)
    compat.use_nodes(material)
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    material.diffuse_color = (*colour, 1.0)  # what Solid shading shows
    material.roughness = roughness
    return material
