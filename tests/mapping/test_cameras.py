"""Where views are taken from, and what the fine network reads of them."""

from __future__ import annotations

import numpy as np
import torch

from mmtalker.mapping.cameras import (
    DECIMETRE,
    FINE_CENTRE,
    FINE_CHANNELS,
    FINE_HALF,
    FINE_YAWS,
    SIDE_YAWS,
    aligned,
    aligned_image,
    around,
)
from mmtalker.mapping.views import look
from mmtalker.mesh.canonical import load_canonical


def test_the_first_look_is_from_all_round() -> None:
    rotation = around()
    assert rotation.shape == (14, 3, 3)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    directions = rotation[:, 2]
    # Nothing is farther than 36 degrees from some view's direction, and none is preferred.
    anywhere = np.random.default_rng(0).normal(size=(2000, 3))
    anywhere /= np.linalg.norm(anywhere, axis=1, keepdims=True)
    assert (anywhere @ directions.T).max(axis=1).min() > np.cos(np.radians(36.0))
    np.testing.assert_allclose(directions.sum(axis=0), 0.0, atol=1e-12)


def test_the_aligned_views_are_from_the_front_and_as_far_to_either_side() -> None:
    views = aligned()
    assert len(views) == len(FINE_YAWS) == 3
    np.testing.assert_allclose(views.rotation[0], np.eye(3), atol=1e-7)
    left, right = views.rotation[1, 2].numpy(), views.rotation[2, 2].numpy()
    np.testing.assert_allclose(left, [np.sin(np.radians(40.0)), 0.0, np.cos(np.radians(40.0))], atol=1e-6)
    np.testing.assert_allclose(right, left * [-1.0, 1.0, 1.0], atol=1e-6)


def test_other_angles_can_be_asked_for() -> None:
    views = aligned(np.array([90.0]))
    np.testing.assert_allclose(views.rotation[0, 2], [1.0, 0.0, 0.0], atol=1e-6)
    assert views.centre.shape == (1, 3) and views.half.tolist() == [np.float32(FINE_HALF)]


def test_chin_and_brows_of_the_canonical_face_are_in_every_aligned_view() -> None:
    head = load_canonical()
    views = aligned()
    for name in ("chin", "forehead", "mouth_left", "eye_right_outer"):
        place = torch.from_numpy(head.vertices[head.landmarks[name]].astype(np.float32)) - views.centre[0]
        assert (views.rotation @ place)[:, :2].abs().max() < FINE_HALF, name


def test_nose_and_ear_of_the_canonical_head_are_in_a_view_of_a_side() -> None:
    head = load_canonical()
    left = aligned(SIDE_YAWS[1:])
    for name in ("ear_left", "nose_tip", "chin"):
        place = torch.from_numpy(head.vertices[head.landmarks[name]].astype(np.float32)) - left.centre[0]
        assert (left.rotation[0] @ place)[:2].abs().max() < FINE_HALF, name


def test_the_fine_network_reads_place_and_normal_in_canonical_axes() -> None:
    point = torch.tensor([FINE_CENTRE], dtype=torch.float32) + torch.tensor([[0.01, 0.02, 0.0]])
    normal = torch.tensor([[0.6, 0.0, 0.8]])
    pictures = look(point, normal, aligned(), 16)
    image = aligned_image(pictures, point, normal)
    assert image.shape == (3, FINE_CHANNELS, 16, 16)
    shown = pictures.index >= 0
    assert shown.sum(dim=(1, 2)).tolist() == [1, 1, 1]
    # However the view is turned, what it says of the point is the same.
    expected = torch.cat([normal[0], point[0] * DECIMETRE, torch.ones(1)])
    for view in range(3):
        torch.testing.assert_close(image[view][:, shown[view]][:, 0], expected)
        assert not image[view][:, ~shown[view]].any()
