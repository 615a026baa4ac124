"""Splatted views: what is in front is seen, gaps close, backs are known, and directions are rotations."""

from __future__ import annotations

import numpy as np
import torch

from mmtalker.mapping.cloud import spread
from mmtalker.mapping.views import CHANNELS, Pictures, Views, look, look_at_rotation

from .samples import ball

SIZE = 32
UP = (0.0, 0.0, 1.0)


def views(*rotations: np.ndarray, half: float = 1.0) -> Views:
    count = len(rotations)
    return Views(torch.tensor(np.stack(rotations)).float(), torch.zeros(count, 3), torch.full((count,), half))


def seen(points: np.ndarray, normals: np.ndarray, half: float = 1.0) -> Pictures:
    """From the front."""
    return look(
        torch.tensor(points).float(), torch.tensor(normals).float(), views(np.eye(3), half=half), SIZE
    )


def sheet(depth: float, left: float = -1.0, right: float = 1.0) -> np.ndarray:
    """A point in the middle of each pixel between two columns, at one depth, rows from the top."""
    middles = (np.arange(SIZE) + 0.5) / SIZE * 2.0 - 1.0
    columns = middles[(middles > left) & (middles < right)]
    y, x = np.meshgrid(middles[::-1], columns, indexing="ij")
    return np.stack([x, y, np.full(x.shape, depth)], axis=-1).reshape(-1, 3)


def facing(points: np.ndarray, normal: tuple[float, float, float] = UP) -> np.ndarray:
    return np.tile(normal, (len(points), 1))


def test_a_ball_bulges_towards_the_viewer() -> None:
    mesh = ball(40, 60)
    cloud = spread(mesh.vertices, mesh.triangles(), 40_000, np.random.default_rng(0))
    pictures = seen(cloud.points, cloud.normals, half=1.25)
    assert pictures.image.shape == (1, CHANNELS, SIZE, SIZE)
    x, y, z, depth, front = pictures.image[0].numpy()
    middle = SIZE // 2
    assert z[middle, middle] > 0.98
    np.testing.assert_allclose(depth[middle, middle], 1.0 / 1.25, atol=0.01)
    # Rows run downwards and columns to the right: normals at the edges point outwards.
    assert x[middle, 27] > 0.7 and x[middle, 4] < -0.7
    assert y[4, middle] > 0.7 and y[27, middle] < -0.7
    # At the very rim a gap may show the back; the middle of the ball is front all over.
    assert (front[8:24, 8:24] == 1.0).all()
    assert not front[[0, 0, -1, -1], [0, -1, 0, -1]].any()


def test_where_nothing_is_the_picture_is_empty() -> None:
    pictures = seen(np.zeros((1, 3)), facing(np.zeros((1, 3))))
    empty = pictures.index[0] < 0
    assert int((~empty).sum()) == 1
    assert not pictures.image[0][:, empty].any()


def test_the_nearer_surface_hides_the_farther_one_whatever_their_order() -> None:
    near, far = sheet(0.5, right=0.0), sheet(-0.5)
    for parts in ((near, far), (far, near)):
        points = np.concatenate(parts)
        depth = seen(points, facing(points)).image[0, 3].numpy()
        np.testing.assert_allclose(depth[:, : SIZE // 2], 0.5, atol=1e-5)
        # Just beside the edge a pixel may be taken for a gap.
        np.testing.assert_allclose(depth[:, SIZE // 2 + 1 :], -0.5, atol=1e-5)


def test_each_pixel_names_the_point_that_it_shows() -> None:
    points = sheet(0.2)
    index = seen(points, facing(points)).index[0].numpy()
    np.testing.assert_array_equal(index.ravel(), np.arange(SIZE * SIZE))


def test_a_gap_between_points_shows_neither_nothing_nor_what_is_behind() -> None:
    near, far = sheet(0.5), sheet(-0.5)
    gap = 10 * SIZE + 20
    holed = np.delete(near, gap, axis=0)
    for points in (holed, np.concatenate([holed, far])):
        depth = seen(points, facing(points)).image[0, 3].numpy()
        np.testing.assert_allclose(depth, 0.5, atol=1e-5)


def test_a_hole_stays_a_hole() -> None:
    near = sheet(0.5)
    hole = np.abs(near[:, :2]).max(axis=1) < 0.3
    depth = seen(np.concatenate([near[~hole], sheet(-0.5)]), facing(np.zeros((2 * SIZE**2 - hole.sum(), 3))))
    np.testing.assert_allclose(depth.image[0, 3, 14:18, 14:18], -0.5, atol=1e-5)


def test_a_step_that_is_small_is_no_gap() -> None:
    near = sheet(0.5)
    near[10 * SIZE + 20, 2] -= 0.1
    depth = seen(near, facing(near)).image[0, 3]
    np.testing.assert_allclose(depth[10, 20], 0.4, atol=1e-5)


def test_the_back_of_a_surface_is_marked() -> None:
    points = sheet(0.0)
    normals = np.where(points[:, :1] < 0.0, [[0.0, 0.0, 1.0]], [[0.0, 0.0, -1.0]])
    front = seen(points, normals).image[0, 4].numpy()
    assert (front[:, : SIZE // 2] == 1.0).all()
    assert (front[:, SIZE // 2 :] == -1.0).all()


def test_what_lies_beside_or_far_before_and_behind_the_view_is_left_out() -> None:
    points = np.array([[1.01, 0, 0], [0, -1.01, 0], [0, 0, 2.1], [0, 0, -2.1]], dtype=np.float64)
    assert (seen(points, facing(points)).index == -1).all()


def test_a_view_is_centred_and_sized_as_it_says() -> None:
    points = torch.tensor([[10.4, 0.0, 0.0]])
    view = Views(torch.eye(3)[None], torch.tensor([[10.0, 0.0, 0.0]]), torch.tensor([0.5]))
    index = look(points, torch.tensor([UP]), view, SIZE).index[0]
    # 0.8 of the way from the middle to the right border.
    assert torch.nonzero(index >= 0).tolist() == [[15, int(SIZE * 0.9)]]


def test_several_views_do_not_mix() -> None:
    left, front = look_at_rotation(np.array([[1.0, 0, 0], [0, 0, 1.0]]), np.tile([0.0, 1.0, 0.0], (2, 1)))
    nose = torch.tensor([[0.0, 0.0, 0.5]])
    both = look(nose, torch.tensor([UP]), views(left, front), SIZE)
    # Seen from the subject's left, the nose points to the left of the picture.
    assert torch.nonzero(both.index >= 0).tolist() == [[0, 15, 8], [1, 15, 16]]
    np.testing.assert_allclose(both.image[0, :3, 15, 8], [-1.0, 0.0, 0.0], atol=1e-6)


def test_directions_give_proper_rotations_with_up_upwards() -> None:
    rng = np.random.default_rng(0)
    directions, up = rng.normal(size=(2, 50, 3))
    rotation = look_at_rotation(directions, up)
    np.testing.assert_allclose(
        rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", rotation, unit), np.tile(UP, (50, 1)), atol=1e-9)
    upwards = np.einsum("nij,nj->ni", rotation, up)
    np.testing.assert_allclose(upwards[:, 0], 0.0, atol=1e-9)
    assert (upwards[:, 1] > 0.0).all()
