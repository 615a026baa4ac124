"""A small head-like mesh and an animation of it, made anew for each test."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.animation import Animation
from mmtalker.mesh.mesh import Mesh
from mmtalker.motion.arkit import ARKIT_NAMES


@pytest.fixture
def sphere() -> Mesh:
    """A closed ball: 98 vertices, quads around it and a fan of triangles at each pole."""
    rings, around = 8, 14
    polar = np.linspace(0.0, np.pi, rings)[1:-1, None]
    turn = np.arange(around)[None] * 2 * np.pi / around
    x, y = np.sin(polar) * np.cos(turn), np.broadcast_to(np.cos(polar), (rings - 2, around))
    middle = np.stack([x, y, np.sin(polar) * np.sin(turn)], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([middle, [[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]])
    polygons: list[list[int]] = []
    for i in range(around):
        j = (i + 1) % around
        polygons.append([len(middle), j, i])
        polygons.append([len(middle) + 1, (rings - 3) * around + i, (rings - 3) * around + j])
        for ring in range(rings - 3):
            a, b = ring * around, (ring + 1) * around
            polygons.append([a + i, a + j, b + j, b + i])
    return Mesh.from_polygons(vertices.astype(np.float32) * 10.0, polygons)


@pytest.fixture
def animation(sphere: Mesh) -> Animation:
    """Two seconds at 24 fps: ARKit's shapes and one detail shape; jawOpen moves the lower half."""
    rng = np.random.default_rng(0)
    names = (*ARKIT_NAMES, "mmt_detail_01")
    shapes = np.zeros((len(names), sphere.vertex_count, 3), dtype=np.float32)
    shapes[names.index("jawOpen")] = np.where(sphere.vertices[:, 1:2] < 0.0, [[0.0, -1.5, 0.25]], 0.0)
    shapes[-1] = rng.normal(0.0, 0.1, shapes[-1].shape)  # moves every vertex
    return Animation(
        names=names,
        curves=rng.uniform(0.0, 1.0, (48, len(names))).astype(np.float32),
        fps=24.0,
        start_time=0.0,
        raw=rng.uniform(0.0, 1.0, (100, len(names))).astype(np.float32),
        mesh=sphere,
        shapes=shapes,
    )
