"""Points over a surface: on it, as many on every square millimetre, and the same ones again."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mapping.cloud import SurfaceCloud, spread, triangle_normals

from .samples import ball

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-3, 0, 0]], dtype=np.float64)
SMALL_AND_LARGE = np.array([[0, 1, 2], [0, 2, 3]])
"""Areas of 1/2 and 3/2, both facing up."""


def drawn(count: int = 4000, seed: int = 0, weight: np.ndarray | None = None) -> SurfaceCloud:
    return spread(CORNERS, SMALL_AND_LARGE, count, np.random.default_rng(seed), weight)


def test_points_lie_in_the_triangles_that_they_name() -> None:
    mesh = ball()
    vertices, triangles = mesh.vertices.astype(np.float64), mesh.triangles().astype(np.int64)
    cloud = spread(vertices, triangles, 500, np.random.default_rng(0))
    a, b, c = vertices[triangles[cloud.triangle]].transpose(1, 0, 2)
    whole = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    # The three triangles that a point makes with the edges fill the whole one only if it lies in it.
    parts = sum(np.linalg.norm(np.cross(p - cloud.points, q - cloud.points), axis=1)
                for p, q in ((a, b), (b, c), (c, a)))  # fmt: skip
    np.testing.assert_allclose(parts, whole, rtol=1e-4)


def test_normals_are_those_of_the_triangles_and_of_length_one() -> None:
    mesh = ball(24, 32)
    cloud = spread(mesh.vertices, mesh.triangles(), 500, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(cloud.normals, axis=1), 1.0, atol=1e-5)
    # On a ball about the origin outwards is away from it.
    assert (np.einsum("nk,nk->n", cloud.normals, cloud.points) > 0.97).all()


def test_three_times_the_area_gets_three_times_the_points() -> None:
    counts = np.bincount(drawn(4000).triangle, minlength=2)
    assert abs(counts[0] - 1000) <= 1
    assert counts.sum() == 4000


def test_within_a_triangle_no_corner_gets_more_than_its_share() -> None:
    weights = drawn(8000).weights
    assert (weights >= 0.0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)
    # Half way towards a corner begins a quarter of the area.
    np.testing.assert_allclose((weights > 0.5).mean(axis=0), 0.25, atol=0.02)


def test_a_weight_makes_a_triangle_denser_and_zero_leaves_it_out() -> None:
    assert set(drawn(weight=np.array([1.0, 0.0])).triangle) == {0}
    assert set(drawn(weight=np.array([0.0, 1.0])).triangle) == {1}
    even = np.bincount(drawn(4000, weight=np.array([3.0, 1.0])).triangle)
    np.testing.assert_allclose(even, 2000, atol=1)


def test_reading_a_field_interpolates_it() -> None:
    cloud = drawn(200)
    linear = CORNERS @ np.array([2.0, -1.0, 0.0]) + 5.0
    expected = cloud.points @ np.array([2.0, -1.0, 0.0]) + 5.0
    np.testing.assert_allclose(cloud.read(linear, SMALL_AND_LARGE), expected, atol=1e-5)
    np.testing.assert_allclose(cloud.read(CORNERS, SMALL_AND_LARGE), cloud.points, atol=1e-6)


def test_the_same_chance_gives_the_same_cloud_and_another_one_another() -> None:
    np.testing.assert_array_equal(drawn(seed=3).points, drawn(seed=3).points)
    assert (drawn(seed=3).points != drawn(seed=4).points).any()


def test_a_triangle_without_area_has_no_normal_and_gets_no_points() -> None:
    triangles = np.array([[0, 1, 2], [0, 1, 1]])
    normals, areas = triangle_normals(CORNERS, triangles)
    np.testing.assert_allclose(normals, [[0, 0, 1], [0, 0, 0]])
    assert areas.tolist() == pytest.approx([0.5, 0.0])
    assert set(spread(CORNERS, triangles, 100, np.random.default_rng(0)).triangle) == {0}
