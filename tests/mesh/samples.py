"""Small meshes for the tests of this folder."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about


def tetrahedron() -> Mesh:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    return Mesh.from_polygons(corners, [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])


def moved(mesh: Mesh, transform: Similarity) -> Mesh:
    return Mesh(transform.apply(mesh.vertices).astype(np.float32), mesh.loop_vertices, mesh.loop_starts)


def some_similarity() -> Similarity:
    """Centimetres, z up, turned by 70 degrees, and somewhere else."""
    upright = rotation_about(np.array([1.0, 0.0, 0.0]), np.pi / 2)
    turned = rotation_about(np.array([0.0, 0.0, 1.0]), np.radians(70.0))
    return Similarity(100.0, turned @ upright, np.array([12.0, -340.0, 165.0]))


def triangulated(mesh: Mesh) -> Mesh:
    return Mesh.from_polygons(mesh.vertices, mesh.triangles())


def split_along_seams(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    """Give some polygons vertices of their own, as a glTF export does; each copy follows its original."""
    corners = np.stack([mesh.loop_vertices, rng.integers(0, 2, len(mesh.loop_vertices))], axis=1)
    kept, index = np.unique(corners, axis=0, return_inverse=True)
    return Mesh(mesh.vertices[kept[:, 0]], index.ravel().astype(np.int32), mesh.loop_starts)
