"""A half and its images: which vertices are shared, and what the half can follow."""

from __future__ import annotations

import numpy as np

from mmtalker_addon.core.mirror import Reflection, complete, of_half

FLIP_X = np.diag([-1.0, 1.0, 1.0, 1.0])
FLIP_Y = np.diag([1.0, -1.0, 1.0, 1.0])
QUAD = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0005, 2.0, 0.0]])
CORNERS, STARTS = np.arange(4, dtype=np.int32), np.array([0, 4], dtype=np.int32)


def area(vertices: np.ndarray) -> float:
    """Signed area of a polygon in the plane of x and y."""
    x, y = vertices[:, 0], vertices[:, 1]
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def test_vertices_at_the_plane_are_one_with_their_images_and_faces_look_the_same_way():
    whole = complete(QUAD, CORNERS, STARTS, [Reflection(FLIP_X, 0.01)])
    assert len(whole.vertices) == 6
    np.testing.assert_array_equal(whole.vertices[:4], QUAD)
    np.testing.assert_array_equal(whole.rows, [[0, 1, 2, 3], [0, 4, 5, 3]])
    np.testing.assert_array_equal(whole.vertices[whole.rows[1, 1:3]], [[-1.0, 0.0, 0.0], [-1.0, 2.0, 0.0]])
    polygons = np.split(whole.loop_vertices, whole.loop_starts[1:-1])
    assert all(area(whole.vertices[polygon]) > 1.9 for polygon in polygons)
    assert whole.face.tolist() == [0, 0]


def test_nothing_is_merged_where_the_modifier_merges_nothing():
    assert len(complete(QUAD, CORNERS, STARTS, [Reflection(FLIP_X, 0.0)]).vertices) == 8


def test_two_planes_make_four_copies():
    whole = complete(QUAD, CORNERS, STARTS, [Reflection(FLIP_X, 0.01), Reflection(FLIP_Y, 0.01)])
    assert len(whole.loop_starts) == 5 and whole.rows.shape == (4, 4)
    np.testing.assert_array_equal(
        whole.vertices[whole.rows[:, 2]][:, :2], [[1, 2], [-1, 2], [1, -2], [-1, -2]]
    )
    polygons = np.split(whole.loop_vertices, whole.loop_starts[1:-1])
    assert all(area(whole.vertices[polygon]) > 1.9 for polygon in polygons)


def test_without_planes_a_mesh_is_its_own_whole():
    whole = complete(QUAD, CORNERS, STARTS, [])
    np.testing.assert_array_equal(whole.loop_vertices, CORNERS)
    moved = np.random.default_rng(0).normal(size=(3, 4, 3))
    np.testing.assert_array_equal(of_half(whole, moved), moved)


def test_a_symmetrical_motion_is_followed_and_a_shift_is_not():
    whole = complete(QUAD, CORNERS, STARTS, [Reflection(FLIP_X, 0.01)])
    wider = np.sign(np.round(whole.vertices, 2)) * [0.1, 0.0, 0.0]
    np.testing.assert_allclose(of_half(whole, wider)[:, 0], [0.0, 0.1, 0.1, 0.0])
    np.testing.assert_allclose(of_half(whole, np.full((6, 3), [0.3, 0.0, 0.0])), 0.0, atol=1e-12)


def test_what_one_side_does_is_shared_by_both():
    whole = complete(QUAD, CORNERS, STARTS, [Reflection(FLIP_X, 0.01)])
    moved = np.zeros((6, 3))
    moved[1] = [0.2, 0.4, 0.6]
    np.testing.assert_allclose(of_half(whole, moved)[1], [0.1, 0.2, 0.3])
