"""Smoothing along the skin: noise goes, the face's own motion stays, on fine and coarse meshes alike."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mesh.smoothing import smooth_along_skin

LENGTH = 0.002


def sheet(step: float, size: float = 0.08) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of triangles, ``step`` metres apart."""
    count = round(size / step) + 1
    y, x = np.mgrid[0:count, 0:count] * step
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + count + 1], axis=1)
    upper = np.stack([corner, corner + count + 1, corner + count], axis=1)
    return vertices, np.concatenate([lower, upper])


def wave(vertices: np.ndarray, length: float) -> np.ndarray:
    """A (1, V, 3) displacement along z that swings once in ``length`` metres."""
    field = np.zeros((1, len(vertices), 3), dtype=np.float32)
    field[0, :, 2] = np.cos(2 * np.pi * vertices[:, 0] / length)
    return field


def strength(step: float, length: float) -> float:
    """What is left of a wave, measured away from the sheet's border."""
    vertices, triangles = sheet(step)
    field = wave(vertices, length)
    smooth = smooth_along_skin(vertices, triangles, field, LENGTH)
    inside = (np.abs(vertices[:, :2] - 0.04) < 0.02).all(axis=1)
    return float(smooth[0, inside, 2].std() / field[0, inside, 2].std())


@pytest.mark.parametrize("step", [0.001, 0.002])
def test_what_is_shorter_goes_and_what_is_longer_stays(step: float) -> None:
    assert strength(step, 0.005) < 0.1
    assert strength(step, 0.04) > 0.98


def test_the_loss_is_that_of_the_formula_at_any_resolution() -> None:
    wanted = 1.0 / (1.0 + (2 * np.pi / 0.016 * LENGTH) ** 4)

    for step in (0.001, 0.002):
        assert strength(step, 0.016) == pytest.approx(wanted, abs=0.03)


def test_a_head_that_moves_as_a_whole_is_left_alone() -> None:
    vertices, triangles = sheet(0.002)
    field = np.broadcast_to(np.float32([0.1, -0.2, 0.3]), (2, len(vertices), 3)).copy()

    assert smooth_along_skin(vertices, triangles, field, LENGTH) == pytest.approx(field, abs=1e-5)


def test_zero_area_triangles_do_not_break_it() -> None:
    vertices, triangles = sheet(0.004)
    vertices[triangles[7]] = vertices[triangles[7, 0]]

    smooth = smooth_along_skin(vertices, triangles, wave(vertices, 0.02), LENGTH)

    assert np.isfinite(smooth).all() and np.abs(smooth).max() < 1.5


@pytest.mark.parametrize("step", [0.001, 0.006])
def test_skin_far_from_what_moves_changes_nothing_about_it(step: float) -> None:
    vertices, triangles = sheet(step)
    away = np.linalg.norm(vertices - [0.02, 0.02, 0.0], axis=1)
    field = np.zeros((2, len(vertices), 3), dtype=np.float32)
    field[0, away < 0.01, 1] = 0.004
    field[1, away < 0.006, 2] = -0.002
    # A third field that moves all of the sheet has all of it looked at.
    everywhere = np.concatenate([field, wave(vertices, 0.03)])

    smooth = smooth_along_skin(vertices, triangles, field, LENGTH)

    assert smooth == pytest.approx(smooth_along_skin(vertices, triangles, everywhere, LENGTH)[:2], abs=1e-5)
    assert np.abs(smooth[:, away > 0.045]).max() < 1e-6


def test_fields_that_are_still_stay_so() -> None:
    vertices, triangles = sheet(0.004)
    still = np.zeros((3, len(vertices), 3), dtype=np.float32)
    assert not smooth_along_skin(vertices, triangles, still, LENGTH).any()
