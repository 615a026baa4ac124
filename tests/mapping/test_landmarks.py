"""Landmarks of a head, read off the skin that was fitted to it."""

from __future__ import annotations

import numpy as np

from mmtalker.mapping.fit import FittedSkin
from mmtalker.mapping.landmarks import read_landmarks
from mmtalker.mapping.lips import BOTH, LOWER, UPPER
from mmtalker.mapping.template import load_template
from mmtalker.mesh.canonical import load_canonical

HEAD, SKIN = load_canonical(), load_template()
OPENED = SKIN.rest + SKIN.opening


def fitted(head: np.ndarray, bits: np.ndarray, posed: np.ndarray = OPENED) -> FittedSkin:
    return FittedSkin(SKIN, posed, head, bits, False, np.zeros(len(posed)))


def test_on_the_canonical_head_itself_they_are_its_own() -> None:
    found = read_landmarks(SKIN.rest, SKIN.triangles, fitted(OPENED, SKIN.lips))
    assert list(found.points) == list(found.vertices) == list(HEAD.landmarks)
    for name, vertex in HEAD.landmarks.items():
        np.testing.assert_allclose(found.points[name], SKIN.rest[vertex], atol=1e-9, err_msg=name)
        assert found.vertices[name] == vertex, name


def test_they_are_read_in_the_space_of_the_vertices_given() -> None:
    own = 100.0 * SKIN.rest[:, [0, 2, 1]] + 7.0
    found = read_landmarks(own, SKIN.triangles, fitted(OPENED, SKIN.lips))
    np.testing.assert_allclose(found.points["chin"], own[HEAD.landmarks["chin"]], atol=1e-7)


def test_on_a_large_triangle_they_are_where_the_skin_lies_and_not_at_a_corner() -> None:
    # A face of two triangles, a decimetre in front of which the whole skin lies.
    wall = np.array([[-1.0, -1.0, 0.1], [1.0, -1.0, 0.1], [1.0, 1.0, 0.1], [-1.0, 1.0, 0.1]])
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    found = read_landmarks(wall, triangles, fitted(wall, np.full(4, BOTH), SKIN.rest))
    for name in ("nose_tip", "mouth_left", "eye_right_outer"):
        at = SKIN.rest[HEAD.landmarks[name]]
        np.testing.assert_allclose(found.points[name], [at[0], at[1], 0.1], atol=1e-9, err_msg=name)


def test_each_lip_has_its_own_even_where_they_touch() -> None:
    # Two sheets in the same place, one of each lip, the skin's mouth shut on them.
    sheet = np.array([[-0.1, -0.2, 0.05], [0.1, -0.2, 0.05], [0.1, 0.2, 0.05], [-0.1, 0.2, 0.05]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    for first, second in ((UPPER, LOWER), (LOWER, UPPER)):
        bits = np.repeat([first, second], 4)
        found = read_landmarks(
            np.concatenate([sheet, sheet]),
            np.concatenate([faces, faces + 4]),
            fitted(np.concatenate([sheet, sheet]), bits, SKIN.rest),
        )
        assert bits[found.vertices["lip_upper_inner"]] == UPPER
        assert bits[found.vertices["lip_lower_inner"]] == LOWER


def test_where_no_triangle_is_of_a_lip_any_will_do() -> None:
    found = read_landmarks(SKIN.rest, SKIN.triangles, fitted(OPENED, np.zeros_like(SKIN.lips)))
    assert all(np.isfinite(point).all() for point in found.points.values())
    np.testing.assert_allclose(found.points["chin"], SKIN.rest[HEAD.landmarks["chin"]], atol=1e-9)


def test_where_the_own_lip_is_far_the_nearest_triangle_will_do() -> None:
    # Of the upper lip there is nothing but a triangle a decimetre aside; the other lip is in place.
    sheet = np.array([[-0.1, -0.2, 0.05], [0.1, -0.2, 0.05], [0.1, 0.2, 0.05], [-0.1, 0.2, 0.05]])
    aside = np.array([[0.12, -0.05, 0.05], [0.14, -0.05, 0.05], [0.14, -0.03, 0.05]])
    head = np.concatenate([sheet, aside])
    bits = np.array([LOWER] * 4 + [UPPER] * 3)
    found = read_landmarks(head, np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]]), fitted(head, bits, SKIN.rest))
    at = SKIN.rest[HEAD.landmarks["lip_upper_inner"]]
    np.testing.assert_allclose(found.points["lip_upper_inner"], [at[0], at[1], 0.05], atol=1e-9)
