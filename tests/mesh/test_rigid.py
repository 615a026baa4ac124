from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mesh.rigid import kabsch, rotation_about, sphere_centre, umeyama

from .samples import some_similarity


def test_a_known_similarity_is_found_again():
    points = np.random.default_rng(0).normal(size=(50, 3))
    truth = some_similarity()
    found = umeyama(points, truth.apply(points))
    assert found.scale == pytest.approx(truth.scale)
    np.testing.assert_allclose(found.rotation, truth.rotation, atol=1e-9)
    np.testing.assert_allclose(found.translation, truth.translation, atol=1e-6)


def test_points_without_weight_do_not_count():
    points = np.random.default_rng(1).normal(size=(30, 3))
    truth = some_similarity()
    target = truth.apply(points)
    target[0] += 1000.0
    weights = np.ones(30)
    weights[0] = 0.0
    assert umeyama(points, target, weights).scale == pytest.approx(truth.scale)


def test_a_mirror_image_is_never_fitted_by_mirroring():
    points = np.random.default_rng(2).normal(size=(40, 3))
    mirrored = points * [-1.0, 1.0, 1.0]
    found = umeyama(points, mirrored)
    assert np.linalg.det(found.rotation) == pytest.approx(1.0)
    assert np.abs(found.apply(points) - mirrored).max() > 0.5


def test_kabsch_keeps_the_size():
    points = np.random.default_rng(3).normal(size=(20, 3))
    turn = rotation_about(np.array([0.0, 1.0, 0.0]), 0.4)
    rotation, shift = kabsch(points, points @ turn.T + [1.0, 2.0, 3.0])
    np.testing.assert_allclose(rotation, turn, atol=1e-12)
    np.testing.assert_allclose(shift, [1.0, 2.0, 3.0], atol=1e-12)


def test_rotation_follows_the_right_hand():
    quarter = rotation_about(np.array([0.0, 0.0, 1.0]), np.pi / 2)
    np.testing.assert_allclose(quarter @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-12)


def test_the_centre_of_a_cap_of_a_sphere_is_found():
    directions = np.random.default_rng(4).normal(size=(60, 3))
    directions[:, 2] = np.abs(directions[:, 2])
    cap = 0.016 * directions / np.linalg.norm(directions, axis=1, keepdims=True) + [0.03, -0.1, 0.2]
    np.testing.assert_allclose(sphere_centre(cap), [0.03, -0.1, 0.2], atol=1e-9)
