"""Which triangle a pixel shows."""

from __future__ import annotations

import numpy as np

from demo.rasteriser import rasterise

SQUARE = np.array([[2, 2, 0], [14, 2, 0], [14, 14, 0], [2, 14, 0]], dtype=np.float32)
TWO = np.array([[0, 2, 1], [0, 3, 2]], dtype=np.int32)


def test_two_triangles_of_a_square_cover_each_pixel_once():
    seen = rasterise(SQUARE, TWO, 16)
    covered = np.zeros(256, dtype=int)
    np.add.at(covered, seen.pixel, 1)
    expected = np.zeros((16, 16), dtype=int)
    expected[2:14, 2:14] = 1
    assert (covered.reshape(16, 16) == expected).all()


def test_a_linear_function_of_the_place_comes_out_exactly():
    seen = rasterise(SQUARE, TWO, 16)
    place = seen.mix(SQUARE[TWO][:, :, :2])
    assert np.allclose(place[:, 0], seen.pixel % 16 + 0.5, atol=1e-4)
    assert np.allclose(place[:, 1], seen.pixel // 16 + 0.5, atol=1e-4)


def test_the_nearer_triangle_is_seen_whatever_the_order():
    near = SQUARE + np.array([0, 0, 1], dtype=np.float32)
    points = np.concatenate([near, SQUARE])
    for triangles in (np.concatenate([TWO, TWO + 4]), np.concatenate([TWO + 4, TWO])):
        seen = rasterise(points, triangles, 16)
        assert (triangles[seen.triangle] < 4).all()
        assert len(seen.pixel) == 144


def test_a_triangle_seen_from_behind_or_outside_the_picture_is_not_drawn():
    assert len(rasterise(SQUARE, TWO[:, ::-1], 16).pixel) == 0
    assert len(rasterise(SQUARE + np.float32(100), TWO, 16).pixel) == 0


def test_a_triangle_larger_than_the_picture_fills_it():
    huge = np.array([[-500, -500, 0], [-500, 900, 0], [900, -500, 0]], dtype=np.float32)
    assert len(rasterise(huge, np.array([[0, 1, 2]], dtype=np.int32), 16).pixel) == 256


def test_a_mesh_without_area_gives_an_empty_picture():
    flat = np.zeros((3, 3), dtype=np.float32)
    assert len(rasterise(flat, np.array([[0, 1, 2]], dtype=np.int32), 16).pixel) == 0
