"""A face made up for tests of transfer: a shell with a nose, its markers and two shapes."""

from __future__ import annotations

import numpy as np

from lab.heads.training_heads import TrainingHead
from lab.shape_transfer.surface import Surface
from mmtalker.mesh.roles import Role
from mmtalker.motion.arkit import ARKIT_INDEX


def face(side: int = 15, nose: float = 0.03) -> Surface:
    """A shell of 16 cm with a nose, as ``side`` by ``side`` vertices and six markers."""
    x, y = (axis.ravel() for axis in np.meshgrid(*2 * [np.linspace(-0.08, 0.08, side)]))
    z = 0.1 - 6.0 * x**2 - 4.0 * y**2 + nose * np.exp(-(x**2 + y**2) / 0.0004)
    row, column = (index.ravel() for index in np.meshgrid(*2 * [np.arange(side - 1)], indexing="ij"))
    a = row * side + column
    triangles = np.concatenate(
        [np.stack(t, 1) for t in ((a, a + 1, a + side + 1), (a, a + side + 1, a + side))]
    )
    places = {"tip": (0, 0), "a": (-0.08, -0.08), "b": (0.08, -0.08), "c": (-0.08, 0.08), "d": (0.08, 0.08)}
    places["cheek"] = (0.04, 0.0)
    markers = {name: int(np.argmin((x - u) ** 2 + (y - v) ** 2)) for name, (u, v) in places.items()}
    return Surface(np.stack([x, y, z], axis=1), triangles, markers)


def smile(surface: Surface) -> np.ndarray:
    """Two shapes that leave the rim still: the middle turns and rises, and one side is pushed."""
    x, y, _ = surface.vertices.T
    middle = np.clip(1.0 - (x**2 + y**2) / 0.003, 0.0, None) ** 2
    side = np.clip(1.0 - ((x - 0.03) ** 2 + y**2) / 0.001, 0.0, None) ** 2
    turned = np.stack([-y, x, 0.2 + 0.0 * x], axis=1) * middle[:, None]
    return np.stack([0.3 * turned, 0.01 * side[:, None] * np.array([0.3, 0.5, -1.0])])


def head_of(surface: Surface) -> TrainingHead:
    """All of it skin; its shapes are jawOpen and mouthLeft."""
    shapes = np.zeros((52, len(surface.vertices), 3), dtype=np.float32)
    shapes[[ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthLeft"]]] = smile(surface)
    return TrainingHead(
        name="made",
        vertices=surface.vertices.astype(np.float32),
        triangles=surface.triangles.astype(np.int32),
        uv=np.zeros((len(surface.vertices), 2), dtype=np.float32),
        role=np.full(len(surface.vertices), Role.SKIN, dtype=np.uint8),
        shapes=shapes,
        landmarks=surface.markers,
        known_shapes=np.ones(52, dtype=bool),
    )
