"""Meshes that exporters and artists make of a head, for the tests of this folder."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.mesh import Mesh


def soup(mesh: Mesh) -> Mesh:
    """Give every polygon corner a vertex of its own, as STL does."""
    corners = np.arange(len(mesh.loop_vertices), dtype=np.int32)
    return Mesh(mesh.vertices[mesh.loop_vertices], corners, mesh.loop_starts)


def split_at_random(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Give some corners vertices of their own, as glTF does along seams."""
    corners = np.stack([mesh.loop_vertices, rng.integers(0, 2, len(mesh.loop_vertices))], axis=1)
    kept, index = np.unique(corners, axis=0, return_inverse=True)
    return Mesh(mesh.vertices[kept[:, 0]], index.ravel().astype(np.int32), mesh.loop_starts)


def from_triangles(vertices: np.ndarray, triangles: np.ndarray) -> Mesh:
    starts = np.arange(len(triangles) + 1, dtype=np.int32) * 3
    return Mesh(vertices.astype(np.float32), triangles.ravel().astype(np.int32), starts)


def ball(rings: int = 12, sides: int = 16, until: float = np.pi) -> Mesh:
    """A unit sphere about the origin from the north pole (+z) down to a polar angle."""
    polar = np.linspace(0.0, until, rings + 1)[1:]
    if until == np.pi:
        polar = polar[:-1]
    turn = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    rows = [
        np.stack([np.sin(p) * np.cos(turn), np.sin(p) * np.sin(turn), np.full(sides, np.cos(p))], axis=1)
        for p in polar
    ]
    vertices = np.concatenate([[[0.0, 0.0, 1.0]], *rows])
    after = [(s + 1) % sides for s in range(sides)]
    polygons = [[0, 1 + s, 1 + after[s]] for s in range(sides)]
    for row in range(len(polar) - 1):
        low, high = 1 + row * sides, 1 + (row + 1) * sides
        polygons += [[low + s, high + s, high + after[s], low + after[s]] for s in range(sides)]
    if until == np.pi:
        last = 1 + (len(polar) - 1) * sides
        polygons += [[last + after[s], last + s, len(vertices)] for s in range(sides)]
        vertices = np.concatenate([vertices, [[0.0, 0.0, -1.0]]])
    return Mesh.from_polygons(vertices.astype(np.float32), polygons)


def reversed_polygons(mesh: Mesh, chosen: np.ndarray) -> Mesh:
    """Turn some polygons over."""
    loops = mesh.loop_vertices.copy()
    for face in np.flatnonzero(chosen):
        own = slice(mesh.loop_starts[face], mesh.loop_starts[face + 1])
        loops[own] = loops[own][::-1]
    return Mesh(mesh.vertices, loops, mesh.loop_starts)


def together(*meshes: Mesh) -> Mesh:
    """Several meshes in one, side by side in its arrays."""
    first = np.cumsum([0, *(mesh.vertex_count for mesh in meshes)])
    corner = np.cumsum([0, *(len(mesh.loop_vertices) for mesh in meshes)])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.loop_vertices + v for mesh, v in zip(meshes, first, strict=False)]).astype(
            np.int32
        ),
        np.concatenate(
            [[0], *(mesh.loop_starts[1:] + c for mesh, c in zip(meshes, corner, strict=False))]
        ).astype(np.int32),
    )
