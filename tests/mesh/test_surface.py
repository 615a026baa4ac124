from __future__ import annotations

import numpy as np

from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.surface import CanonicalSurface

SQUARE = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]])
TWO_TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def test_a_point_inside_is_found_with_its_weights():
    surface = CanonicalSurface(SQUARE, TWO_TRIANGLES)
    triangle, weights = surface.locate(np.array([[0.7, 0.2], [0.2, 0.7]]))
    assert triangle.tolist() == [0, 1]
    np.testing.assert_allclose(surface.blend(SQUARE, triangle, weights), [[0.7, 0.2], [0.2, 0.7]])


def test_a_point_outside_snaps_to_the_nearest_edge():
    surface = CanonicalSurface(SQUARE, TWO_TRIANGLES)
    np.testing.assert_allclose(
        surface.interpolate(SQUARE, np.array([[0.5, -3.0], [5.0, 0.3], [0.0, 0.0]])),
        [[0.5, 0.1], [0.9, 0.3], [0.1, 0.1]],
        atol=1e-12,
    )


def test_every_chart_vertex_gets_its_own_value_back():
    head, surface = load_canonical(), canonical_surface()
    skin = head.vertices[: head.chart_count]
    np.testing.assert_allclose(surface.interpolate(skin, head.uv), skin, atol=1e-6)
    np.testing.assert_array_equal(surface.nearest_vertex(head.uv), np.arange(head.chart_count))


def test_many_random_places_agree_with_a_search_through_all_triangles():
    head, surface = load_canonical(), canonical_surface()
    points = np.random.default_rng(0).random((200, 2))
    triangle, weights = surface.locate(points)
    assert weights.min() >= 0.0
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    corners = head.uv.astype(np.float64)[surface.triangles]
    inverse = np.linalg.inv(np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=2))
    for point, found in zip(points, triangle, strict=True):
        second = np.einsum("tij,tj->ti", inverse, point - corners[:, 0])
        inside = np.flatnonzero((second >= 0.0).all(axis=1) & (second.sum(axis=1) <= 1.0))
        assert len(inside) == 0 or found in inside


def test_fields_of_any_shape_are_blended():
    surface = CanonicalSurface(SQUARE, TWO_TRIANGLES)
    field = np.arange(4 * 2 * 3, dtype=np.float64).reshape(4, 2, 3)
    middle = surface.interpolate(field, np.array([[0.5, 0.5]]))
    np.testing.assert_allclose(middle[0], 0.5 * (field[0] + field[2]))
