from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mesh.flatten import boundary_loop, mean_value_layout, signed_areas, slim

from .samples import tetrahedron


def bumpy_square(side: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A rough height field over the unit square: a disc with one boundary."""
    steps = np.linspace(0.0, 1.0, side)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    heights = np.random.default_rng(0).normal(0.0, 0.15, x.shape)
    vertices = np.stack([x.ravel(), y.ravel(), heights.ravel()], axis=1)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    near = np.stack([corner, corner + side, corner + side + 1], axis=1)
    far = np.stack([corner, corner + side + 1, corner + 1], axis=1)
    return vertices, np.concatenate([near, far])


def symmetric_dirichlet(vertices: np.ndarray, uv: np.ndarray, triangles: np.ndarray) -> float:
    corners, flat = vertices[triangles], uv[triangles]
    edges = np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2)
    plane = np.swapaxes(flat[:, 1:] - flat[:, :1], 1, 2)
    frame, rest = np.linalg.qr(edges)
    singular = np.linalg.svd(plane @ np.linalg.inv(rest), compute_uv=False)
    areas = 0.5 * np.abs(np.linalg.det(rest))
    assert frame.shape == (len(triangles), 3, 2)
    return float(np.sum(areas * np.sum(singular**2 + singular**-2.0, axis=1)) / areas.sum())


def test_the_boundary_goes_once_around_in_the_triangles_sense():
    _, triangles = bumpy_square(3)
    assert boundary_loop(triangles).tolist() == [0, 3, 6, 7, 8, 5, 2, 1]


def test_a_closed_surface_has_no_boundary_to_lay_out():
    with pytest.raises(ValueError, match="closed"):
        boundary_loop(tetrahedron().triangles())


def test_the_start_never_flips_even_on_a_rough_surface():
    vertices, triangles = bumpy_square()
    uv = mean_value_layout(vertices, triangles)
    assert (signed_areas(uv, triangles) > 0.0).all()
    np.testing.assert_allclose(np.linalg.norm(uv[boundary_loop(triangles)], axis=1), 1.0)


def test_the_boundary_can_be_placed_by_angle():
    vertices, triangles = bumpy_square(4)
    angles = np.zeros(len(vertices))
    loop = boundary_loop(triangles)
    angles[loop] = np.linspace(0.0, 2.0 * np.pi, len(loop), endpoint=False)
    uv = mean_value_layout(vertices, triangles, angles)
    np.testing.assert_allclose(uv[loop[3]], [np.cos(angles[loop[3]]), np.sin(angles[loop[3]])])


def test_slim_lowers_the_distortion_and_never_flips():
    vertices, triangles = bumpy_square()
    start = mean_value_layout(vertices, triangles)
    better = slim(vertices, triangles, start, np.ones(len(triangles)))
    assert (signed_areas(better, triangles) > 0.0).all()
    assert symmetric_dirichlet(vertices, better, triangles) < 0.5 * symmetric_dirichlet(
        vertices, start, triangles
    )


def test_slim_enlarges_what_is_asked_to_be_large():
    vertices, triangles = bumpy_square()
    corner = vertices[triangles].mean(axis=1)[:, :2].max(axis=1) < 0.4
    start = mean_value_layout(vertices, triangles)

    def share(scale: np.ndarray) -> float:
        areas = signed_areas(slim(vertices, triangles, start, scale), triangles)
        return float(areas[corner].sum() / areas.sum())

    assert share(np.where(corner, 3.0, 1.0)) > 2.0 * share(np.ones(len(triangles)))
