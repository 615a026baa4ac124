"""Slices through lips, and the height between them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mmtalker.contact.gaps import FAR, certain_clearances, clearances, refined_clearances
from mmtalker.contact.lips import canonical_lips, meeting_axes
from mmtalker.contact.slices import STEPS, lip_slices
from mmtalker.mesh.canonical import canonical_surface, load_canonical


def lip(height: float, bulge: float, depth: float = 0.0) -> np.ndarray:
    """(15, 2) depth and height of a lip's line whose edge is ``bulge`` below or above its ends."""
    place = np.linspace(-0.005, 0.005, 15)
    return np.stack([place + depth, height + bulge * (1.0 - (place / 0.005) ** 2)], axis=1)


def pair(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(2, 2, A) lines of two lips of (A, 2) points."""
    return np.stack([upper.T, lower.T]).astype(np.float32)


def test_slices_lie_on_their_own_lips_and_mirror_each_other() -> None:
    head, slices = load_canonical(), lip_slices()
    points = canonical_surface().interpolate(head.vertices[: head.chart_count], slices.uv.reshape(-1, 2))
    points = points.reshape(*slices.uv.shape[:-1], 3)

    np.testing.assert_allclose(points[:, :, :, 1:], points[::-1, :, :, 1:], atol=1e-5)
    np.testing.assert_allclose(points[..., 0], -points[::-1, ..., 0], atol=1e-5)
    assert (np.ptp(points[..., 0], axis=(1, 2)) < 1e-4).all()
    middle = points[np.abs(slices.across) < 0.8]
    assert (middle[:, 0, 0, 1] > middle[:, 1, 0, 1] + 0.003).all()  # outside, upper above lower
    assert (middle[:, :, 0, 2] > middle[:, :, -1, 2]).all()  # from the outside to the inside
    assert np.abs(middle[:, :, STEPS, 1].max(axis=1) - middle[:, :, STEPS, 1].min(axis=1)).max() < 0.002


def test_height_between_round_lips_is_that_of_their_edges() -> None:
    gap = clearances(pair(lip(0.004, -0.002), lip(-0.003, 0.0025)))
    assert gap == pytest.approx(0.0025, abs=1e-5)


def test_crossing_lips_have_a_negative_height() -> None:
    gap = clearances(pair(lip(0.001, -0.0015), lip(-0.001, 0.0015)))
    assert gap == pytest.approx(-0.001, abs=1e-5)


def test_the_height_counts_where_one_lip_is_above_the_other() -> None:
    behind = lip(-0.003, 0.0025, depth=-0.004)
    upright = lip(-0.003, 0.0025)
    upper = lip(0.004, -0.002)
    assert clearances(pair(upper, behind)) > clearances(pair(upper, upright))
    assert clearances(pair(upper, lip(-0.003, 0.0025, depth=-0.02))) == pytest.approx(FAR)


def test_what_is_far_apart_counts_as_far() -> None:
    assert clearances(pair(lip(0.03, 0.0), lip(-0.03, 0.0))) == pytest.approx(FAR)


def test_lips_meet_from_above_unless_one_lies_further_forward() -> None:
    rest = np.array(canonical_lips()[0])
    assert meeting_axes(rest)[1, 1] > 0.95

    rest[:, 0] += [0.0, 0.003, 0.003]  # an upper lip that stands out and is up
    up = meeting_axes(rest)[:, 1]

    assert up[0] == 0.0 and up[1] > 0.5 and up[2] > 0.3
    np.testing.assert_allclose(meeting_axes(rest).T @ meeting_axes(rest), np.eye(2), atol=1e-6)


def plain_clearance(upper: np.ndarray, lower: np.ndarray) -> float:
    """The smallest height between two lines of (A, 2) points, corner by corner."""
    heights = [FAR]
    for corners, line, sign in ((upper, lower, 1.0), (lower, upper, -1.0)):
        for depth, height in corners:
            for (d0, h0), (d1, h1) in pairwise(line):
                if min(d0, d1) <= depth <= max(d0, d1):
                    heights.append(sign * (height - (h0 + (depth - d0) / (d1 - d0) * (h1 - h0))))
    return min(heights)


@pytest.fixture
def crooked() -> np.ndarray:
    """(2, 2, 9, 40, 3) lips of random lines, above each other or not, some crossing."""
    rng = np.random.default_rng(3)
    points = np.cumsum(rng.normal(0.0004, 0.0006, (40, 3, 2, 9, 2)), axis=3)
    points[:, :, 0, :, 1] += rng.uniform(-0.002, 0.014, (40, 3, 1))
    return points.astype(np.float32).transpose(2, 4, 3, 0, 1)


def test_clearance_is_that_of_the_plain_way(crooked: np.ndarray) -> None:
    lips = crooked.astype(np.float64).transpose(3, 4, 0, 2, 1)
    plain = [[plain_clearance(*pair) for pair in frame] for frame in lips]

    np.testing.assert_allclose(clearances(crooked), plain, atol=2e-6)


def test_what_is_clear_for_certain_is_never_too_much(crooked: np.ndarray) -> None:
    certain, exact = certain_clearances(crooked), clearances(crooked)

    assert (certain <= exact + 1e-6).all()
    assert (exact - certain).max() > 0.0005  # these lips are crooked enough to tell the difference


def test_only_what_is_looked_at_becomes_exact(crooked: np.ndarray) -> None:
    certain, exact = certain_clearances(crooked), clearances(crooked)
    asked = np.zeros(certain.shape, dtype=bool)
    asked[::2] = True

    np.testing.assert_array_equal(
        refined_clearances(crooked, certain, asked), np.where(asked, exact, certain)
    )
