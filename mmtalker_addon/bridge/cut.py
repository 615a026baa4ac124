"""Cut Mouth: a mouth that is one surface becomes two lips, along edges, with all that the mesh carries."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import bmesh
import numpy as np

from ..core.cut import NoPath, find_lip_path
from ..engine.errors import EngineCode, EngineError
from . import head, head_store, keys
from .blocks import OBJECT_MODE_FIRST, is_object_mode
from .mirrors import find_planes


def find_problem(context: Any) -> str:
    """Why the mouth cannot be cut now; quick enough for a panel, empty where nothing is wrong."""
    obj, reason = head.find_head(context)
    problem = reason or head.head_problem(obj)
    if problem:
        return problem
    record = head_store.read(obj)
    if record is None:
        return "Press Check Head first: it finds the lips."
    if record.check.mouth == "parted":
        return "The lips are two already: the mouth can open."
    if record.check.mouth != "fused":
        return "No mouth was found on this head."
    if not is_object_mode(context):
        return OBJECT_MODE_FIRST
    if head_store.has_changed(obj, record):
        return f"{obj.name} has changed since it was checked: press Check Head again."
    return ""


def cut_mouth(obj: Any) -> int:
    """Part the lips between the corners of the mouth; returns the number of edges that were parted.

    Faces, materials, UVs, vertex groups, attributes and shape keys stay; the vertices along the line get a
    copy each.

    Raises:
        EngineError: the mesh has no edges to cut along, and what to do; nothing was changed.
    """
    record = head_store.read(obj)
    arrays = head.read_head(obj)
    if record is None or head_store.has_changed(obj, record, at_once=True):
        raise EngineError(EngineCode.BAD_REQUEST, f"{obj.name} has changed: press Check Head again.")
    if find_planes(obj, arrays.vertices):
        raise EngineError(
            EngineCode.BAD_REQUEST,
            f"{obj.name} is one half of a head: apply its Mirror modifier, then cut whole lips.",
        )
    line = np.array(record.check.lip_line, dtype=np.float64).reshape(-1, 3)
    try:
        path = find_lip_path(arrays.vertices, arrays.loop_vertices, arrays.loop_starts, line)
    except NoPath as error:
        raise EngineError(EngineCode.BAD_REQUEST, str(error)) from error
    own_keys = keys.our_keys(obj)
    _split(obj.data, path)
    keys.mark_ours(obj, own_keys)
    check = replace(record.check, mouth="parted", lip_line=())
    head_store.write(obj, replace(record, geometry=head_store.find_geometry(obj), check=check))
    return len(path) - 1


def _split(mesh: Any, path: list[int]) -> None:
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        work.verts.ensure_lookup_table()
        corners = [work.verts[index] for index in path]
        edges = [work.edges.get(pair) for pair in pairwise(corners)]
        bmesh.ops.split_edges(work, edges=edges)
        work.to_mesh(mesh)
    finally:
        work.free()
    mesh.update()
