"""Light on simple bodies."""

from __future__ import annotations

import numpy as np
import pytest

from demo.portrait import Camera, Surface, blur, choose_samples, draw, look_up
from demo.rasteriser import rasterise

CAMERA = Camera(target=(0.0, 0.0, 0.0), yaw=0.0, pitch=0.0, field=0.26)


def ball(rings: int = 16, radius: float = 0.1) -> tuple[np.ndarray, Surface]:
    """A grey ball as a grid of quads round the upright axis."""
    down, round_ = np.meshgrid(np.linspace(0.02, np.pi - 0.02, rings), np.linspace(0, 2 * np.pi, 2 * rings))
    points = radius * np.stack(
        [np.sin(down) * np.sin(round_), np.cos(down), np.sin(down) * np.cos(round_)], axis=-1
    )
    index = np.arange(points.shape[0] * points.shape[1]).reshape(points.shape[:2])
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    points = points.reshape(-1, 3).astype(np.float32)
    grey = np.full((4, 4, 3), 0.5, dtype=np.float32)
    places = np.full((len(triangles), 3, 2), 0.5, dtype=np.float32)
    return points, Surface(triangles, places, grey, np.zeros(len(points)), np.ones(len(points)))


def test_the_side_towards_the_key_light_is_brighter():
    picture = draw(*ball(), CAMERA, 64).astype(int).sum(axis=2)
    assert picture[22, 42] > 1.3 * picture[42, 22]


def test_the_backdrop_is_where_no_head_is():
    picture = draw(*ball(), CAMERA, 64)
    nothing = draw(np.full((3, 3), 9.0, dtype=np.float32), one_triangle(), CAMERA, 64)
    assert (picture[:4, :4] == nothing[:4, :4]).all()
    assert (picture[32, 32] != nothing[32, 32]).any()


def one_triangle() -> Surface:
    zeros = np.zeros((1, 3, 2), dtype=np.float32)
    grey = np.full((4, 4, 3), 0.5, dtype=np.float32)
    return Surface(np.array([[0, 1, 2]], dtype=np.int32), zeros, grey, np.zeros(3), np.ones(3))


def test_a_plate_before_the_light_throws_a_shadow():
    points, surface = ball()
    plate = np.array([[0.05, 0.08, 0.14], [0.16, 0.08, 0.14], [0.1, 0.2, 0.14]], dtype=np.float32)
    corner = len(points) + np.array([[0, 1, 2], [0, 2, 1]], dtype=np.int32)
    both = Surface(
        np.concatenate([surface.triangles, corner]),
        np.concatenate([surface.colour_places, surface.colour_places[:2]]),
        surface.colours,
        np.zeros(len(points) + 3),
        np.ones(len(points) + 3),
    )
    free = draw(points, surface, CAMERA, 96).astype(int)
    shaded = draw(np.concatenate([points, plate]), both, CAMERA, 96).astype(int)
    assert (free - shaded).max() > 40


def test_inside_a_surface_a_pixel_is_shaded_once_and_at_its_edge_four_times():
    points, surface = ball()
    flat = CAMERA.project(points, 128)
    samples = choose_samples(rasterise(flat, surface.triangles, 128), flat, surface, 64, 2)
    covered = samples.total(samples.share)
    assert covered.max() == pytest.approx(1.0)
    assert 0.0 < covered[covered > 0].min() < 1.0
    assert np.bincount(samples.pixel).max() <= 4
    assert (np.bincount(samples.pixel)[[64 * 32 + 32]] == 1).all()


def test_blurring_a_constant_changes_nothing_even_at_the_edge():
    points, surface = ball()
    flat = CAMERA.project(points, 128)
    samples = choose_samples(rasterise(flat, surface.triangles, 128), flat, surface, 64, 2)
    assert np.allclose(blur(np.full(len(samples.pixel), 3.0, dtype=np.float32), samples, 4.0), 3.0, atol=1e-4)


def test_colours_are_looked_up_with_v_upwards_and_mixed_between():
    colours = np.zeros((2, 2, 3), dtype=np.float32)
    colours[0, 0] = 1.0  # the top left
    places = np.array([[0.25, 0.75], [0.5, 0.75], [0.25, 0.25]], dtype=np.float32)
    assert np.allclose(look_up(colours, places)[:, 0], [1.0, 0.5, 0.0], atol=0.01)


def test_a_camera_looks_from_the_left_of_the_head_when_it_is_turned_to_it():
    side = Camera(target=(0.0, 0.0, 0.0), yaw=90.0, pitch=0.0)
    nose = side.project(np.array([[0.0, 0.0, 0.1]], dtype=np.float32), 100)
    assert nose[0, 0] < 50.0  # from the subject's left, the nose points to the left of the picture
