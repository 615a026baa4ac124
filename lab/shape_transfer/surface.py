"""The surfaces that transfer works on: a head's visible skin, its named markers, and closest points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lab.heads.training_heads import TrainingHead
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.mesh import Similarity
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.rigid import umeyama
from mmtalker.mesh.roles import Role

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles of which every vertex is used.

    Attributes:
        vertices: (V, 3). triangles: (T, 3).
        markers: vertex by name; other surfaces have the same places under the same names.
    """

    vertices: Float64
    triangles: Int64
    markers: dict[str, int]

    @cached_property
    def areas(self) -> Float64:
        """(T,)."""
        areas: Float64 = 0.5 * np.linalg.norm(self._crosses, axis=1)
        return areas

    @cached_property
    def face_normals(self) -> Float64:
        """(T, 3) of unit length."""
        normals: Float64 = self._crosses / np.maximum(2.0 * self.areas, 1e-30)[:, None]
        return normals

    @cached_property
    def centroids(self) -> Float64:
        """(T, 3)."""
        centroids: Float64 = self.vertices[self.triangles].mean(axis=1)
        return centroids

    @cached_property
    def normals(self) -> Float64:
        """(V, 3) of unit length."""
        return vertex_normals(self.vertices, self.triangles).astype(np.float64)

    @property
    def diagonal(self) -> float:
        """Of the box around it."""
        return float(np.linalg.norm(np.ptp(self.vertices, axis=0)))

    @cached_property
    def _crosses(self) -> Float64:
        corners = self.vertices[self.triangles]
        return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])

    def at(self, vertices: Float64) -> Surface:
        """Return the same triangles with the vertices elsewhere."""
        return Surface(vertices, self.triangles, self.markers)


@dataclass(frozen=True, eq=False)
class Skin:
    """What is seen of a head's skin.

    Attributes:
        surface: all triangles with a corner that is seen, so that the rims of lips and lids belong to it.
        vertices: (V,) the head's vertex of each of the surface's.
        shapes: (52, V, 3) displacements.
    """

    surface: Surface
    vertices: Int64
    shapes: Float32


def visible_skin(head: TrainingHead) -> Skin:
    """Cut out a head's skin without the pockets behind lips and lids.

    A landmark in a pocket (some lower lids have theirs there) becomes the nearest vertex of the skin.
    """
    seen = head.role == Role.SKIN
    triangles = head.triangles[seen[head.triangles].any(axis=1)].astype(np.int64)
    vertices, compact = np.unique(triangles, return_inverse=True)
    points = head.vertices.astype(np.float64)
    names = list(head.landmarks)
    _, nearest = cKDTree(points[vertices]).query(points[[head.landmarks[name] for name in names]])
    surface = Surface(
        points[vertices], compact.reshape(-1, 3), dict(zip(names, nearest.tolist(), strict=True))
    )
    return Skin(surface, vertices, head.shapes[:, vertices])


def common_markers(source: Surface, target: Surface) -> tuple[Int64, Int64]:
    """Return (M,) vertices of both surfaces in the same places."""
    names = [name for name in source.markers if name in target.markers]
    own, theirs = (np.array([s.markers[name] for name in names], dtype=np.int64) for s in (source, target))
    return own, theirs


def aligned(source: Surface, target: Surface) -> Similarity:
    """Return the similarity that brings the markers of ``source`` onto those of ``target``."""
    own, theirs = common_markers(source, target)
    return umeyama(source.vertices[own], target.vertices[theirs])


def closest_points(points: Float64, normals: Float64, surface: Surface) -> tuple[Int64, Float64, Float64]:
    """Find the closest points of a surface that face like the given ones, if there are such points.

    Args:
        points, normals: (N, 3). surface: in metres, as every head here is.

    Returns:
        (N,) triangle, (N, 3) barycentric weights and (N,) distance.
    """
    return closest_on_triangles(points, normals, surface.vertices, surface.triangles)
