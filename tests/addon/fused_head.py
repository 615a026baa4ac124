"""The demo head with lips that are one surface, as scans and statues have them."""

from __future__ import annotations

from itertools import pairwise

import bmesh
import bpy
import numpy as np

from mmtalker_addon.bridge import demo_head


def add_fused_head():
    """Add the demo head without the inside of its mouth, the gap between the lips filled with triangles."""
    bpy.ops.mmtalker.add_demo_head()
    head = bpy.context.scene.mmtalker.head
    with np.load(demo_head.asset_path()) as arrays:
        role, pairs = arrays["role"], arrays["lip_pairs"]
        landmarks = dict(
            zip(arrays["landmark_names"].tolist(), arrays["landmark_vertices"].tolist(), strict=True)
        )
    mesh = bmesh.new()
    mesh.from_mesh(head.data)
    mesh.verts.ensure_lookup_table()
    ends = [mesh.verts[landmarks[name]] for name in ("mouth_right", "mouth_left")]
    rims: list[list] = []
    for side in (1, 0):  # lower, upper
        stops = [ends[0], *(mesh.verts[index] for index in pairs[:, side]), ends[1]]
        rims.append(_chain(stops, {vertex for rim in rims for vertex in rim} - set(ends)))
    rim_edges = {_edge(a, b) for rim in rims for a, b in pairwise(rim)}
    inside = _flood([face for face in mesh.faces if all(role[v.index] == 1 for v in face.verts)], rim_edges)
    others = [face for face in mesh.faces if all(role[v.index] not in (0, 1) for v in face.verts)]
    bmesh.ops.delete(mesh, geom=list(inside | set(others)), context="FACES")
    filled = bmesh.ops.contextual_create(mesh, geom=list(rim_edges))["faces"]
    bmesh.ops.triangulate(mesh, faces=filled)
    mesh.to_mesh(head.data)
    mesh.free()
    head.data.update()
    return head


def _edge(a, b):
    return next(edge for edge in a.link_edges if edge.other_vert(a) == b)


def _chain(stops, avoided) -> list:
    """Vertices from stop to stop, along edges."""
    chain = [stops[0]]
    for stop in stops[1:]:
        before = {chain[-1]: None}
        pending = [chain[-1]]
        while stop not in before:
            vertex = pending.pop(0)
            for edge in vertex.link_edges:
                other = edge.other_vert(vertex)
                if other not in before and other not in avoided:
                    before[other] = vertex
                    pending.append(other)
        steps = []
        while stop != chain[-1]:
            steps.append(stop)
            stop = before[stop]
        chain += steps[::-1]
    assert len(set(chain)) == len(chain)
    return chain


def _flood(start, barrier) -> set:
    """Faces that hang together with some without crossing certain edges."""
    found, pending = set(start), list(start)
    while pending:
        for edge in pending.pop().edges:
            for face in edge.link_faces if edge not in barrier else ():
                if face not in found:
                    found.add(face)
                    pending.append(face)
    return found
