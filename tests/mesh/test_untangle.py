"""Triangles that are turned over are turned back, and nothing else is disturbed."""

import numpy as np
from scipy.optimize import check_grad

from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.untangle import _energy, _rest_gradients, untangle

SIDE = 21


def sheet():
    """A bumpy square sheet of SIDE x SIDE vertices, and its plane."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    plane = np.stack([x.ravel(), y.ravel()], axis=1) / (SIDE - 1.0)
    height = 0.05 * np.sin(6.0 * plane[:, :1]) * np.cos(5.0 * plane[:, 1:])
    index = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    triangles = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    )
    return plane, np.hstack([plane, height]), triangles


def test_a_fold_is_undone_and_far_places_stay():
    plane, points, triangles = sheet()
    middle = np.linalg.norm(plane - 0.5, axis=1) < 0.2
    folded = plane.copy()
    # A turn by half a circle in the middle: all its triangles lie well, those around it are torn over.
    folded[middle] = 1.0 - plane[middle] + [0.12, 0.0]
    assert (signed_areas(folded, triangles) <= 0.0).sum() > 20

    laid, left = untangle(folded, points, triangles)

    assert len(left) == 0
    assert (signed_areas(laid, triangles) > 0.0).all()
    far = np.linalg.norm(plane - 0.5, axis=1) > 0.47
    np.testing.assert_array_equal(laid[far], plane[far])


def test_a_fold_that_cannot_be_undone_does_not_keep_others_from_it():
    plane, points, triangles = sheet()
    folded = plane.copy()
    folded[triangles[100]] = plane[triangles[100]][::-1]
    fixed = np.zeros(len(plane), dtype=bool)
    fixed[triangles[100]] = True
    middle = np.linalg.norm(plane - [0.75, 0.7], axis=1) < 0.12
    folded[middle] = [1.5, 1.4] - plane[middle]

    laid, left = untangle(folded, points, triangles, fixed)

    away = np.linalg.norm(laid[triangles[left]].mean(axis=1) - plane[triangles[100]].mean(axis=0), axis=1)
    assert 100 in left and away.max() < 0.15


def test_a_crumpled_patch_is_laid_out_afresh():
    plane, points, triangles = sheet()
    middle = np.linalg.norm(plane - 0.5, axis=1) < 0.4
    crumpled = plane.copy()
    # All in one heap, turned inside out: there is nothing in how it lies that could be kept.
    crumpled[middle] = 0.5 + np.random.default_rng(3).normal(scale=0.05, size=(int(middle.sum()), 2))
    crumpled[middle, 0] -= 2.0 * (plane[middle, 0] - 0.5)

    laid, left = untangle(crumpled, points, triangles)

    assert len(left) == 0
    far = np.linalg.norm(plane - 0.5, axis=1) > 0.65
    np.testing.assert_array_equal(laid[far], plane[far])


def test_what_is_well_laid_is_not_touched():
    plane, points, triangles = sheet()
    laid, left = untangle(plane, points, triangles)
    np.testing.assert_array_equal(laid, plane)
    assert len(left) == 0


def test_fixed_vertices_stay_and_what_they_make_impossible_is_told():
    plane, points, triangles = sheet()
    folded = plane.copy()
    folded[triangles[100]] = plane[triangles[100]][::-1]
    fixed = np.zeros(len(plane), dtype=bool)
    fixed[triangles[100]] = True

    laid, left = untangle(folded, points, triangles, fixed)

    np.testing.assert_array_equal(laid[fixed], folded[fixed])
    assert 100 in left


def test_the_slope_is_that_of_the_energy():
    rng = np.random.default_rng(0)
    triangles = np.array([[0, 1, 2], [2, 1, 3], [3, 4, 5], [0, 5, 4]])
    points, plane = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    gradients, area = _rest_gradients(points, plane, triangles)
    assert (signed_areas(plane, triangles) < 0.0).any()

    def value(flat):
        return _energy(flat.reshape(-1, 2), triangles, gradients, area, 0.3)[0]

    def slope(flat):
        return _energy(flat.reshape(-1, 2), triangles, gradients, area, 0.3)[1].ravel()

    size = np.linalg.norm(slope(plane.ravel()))
    assert check_grad(value, slope, plane.ravel()) < 1e-4 * size
