"""A polygon mesh as plain arrays, and the similarity transform between two heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]


@dataclass(frozen=True)
class Mesh:
    """Polygons of any size.

    Attributes:
        vertices: (V, 3) positions in the file's or object's own units and axes.
        loop_vertices: (L,) vertex index of each polygon corner, polygon after polygon.
        loop_starts: (F + 1,) offset of each polygon's first corner; the last entry is L.
    """

    vertices: Float32
    loop_vertices: Int32
    loop_starts: Int32

    @property
    def vertex_count(self) -> int:
        return len(self.vertices)

    @property
    def face_count(self) -> int:
        return len(self.loop_starts) - 1

    def triangles(self) -> Int32:
        """Fan-triangulate; returns (T, 3), in polygon order."""
        return self.triangles_with_faces()[0]

    def triangles_with_faces(self) -> tuple[Int32, Int32]:
        """Fan-triangulate; returns (T, 3) and the (T,) polygon that each triangle came from."""
        starts, sizes = self.loop_starts[:-1], np.diff(self.loop_starts)
        counts = np.maximum(sizes - 2, 0)
        face = np.repeat(np.arange(len(sizes), dtype=np.int32), counts)
        first_triangle = np.repeat(np.cumsum(counts) - counts, counts)
        step = np.arange(len(face), dtype=np.int32) - first_triangle
        corner = starts[face]
        picks = np.stack([corner, corner + step + 1, corner + step + 2], axis=1)
        return self.loop_vertices[picks].astype(np.int32), face

    @staticmethod
    def from_polygons(vertices: Float32, polygons: list[list[int]] | NDArray[np.integer[Any]]) -> Mesh:
        """Build from (F, k) indices, or a list of polygons; a trailing -1 pads a smaller one."""
        if isinstance(polygons, np.ndarray):
            real = polygons >= 0
            starts = np.concatenate([[0], np.cumsum(real.sum(axis=1))]).astype(np.int32)
            corners = polygons[real].astype(np.int32)
            return Mesh(np.ascontiguousarray(vertices, dtype=np.float32), corners, starts)
        rows = [[int(i) for i in row if i >= 0] for row in polygons]
        sizes = np.array([len(row) for row in rows], dtype=np.int32)
        return Mesh(
            np.ascontiguousarray(vertices, dtype=np.float32),
            np.array([i for row in rows for i in row], dtype=np.int32),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        )


@dataclass(frozen=True)
class Similarity:
    """x -> scale * rotation @ x + translation."""

    scale: float
    rotation: Float64  # (3, 3), determinant +1
    translation: Float64  # (3,)

    def apply(self, points: NDArray[np.floating[Any]]) -> Float64:
        """Transform (..., 3) positions."""
        return self.apply_vectors(points) + self.translation

    def apply_vectors(self, vectors: NDArray[np.floating[Any]]) -> Float64:
        """Transform (..., 3) displacements: scale and rotation, no translation."""
        return self.scale * (np.asarray(vectors, dtype=np.float64) @ self.rotation.T)

    def inverse(self) -> Similarity:
        rotation = self.rotation.T
        return Similarity(1.0 / self.scale, rotation, -(rotation @ self.translation) / self.scale)

    @staticmethod
    def identity() -> Similarity:
        return Similarity(1.0, np.eye(3), np.zeros(3))
