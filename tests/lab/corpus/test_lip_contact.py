"""Known closures are closed, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from lab.fitting.face_mesh import GAP_PAIRS
from lab.fitting.lip_contact import LARGEST_CM, close_lips, closures, from_closed_lips, lip_gap
from lab.phonetics.phone_speech import Phone

TIMES = np.arange(25) / 25


def mouth(gap: np.ndarray) -> np.ndarray:
    landmarks = np.zeros((len(gap), 68, 2))
    for upper, lower in GAP_PAIRS:
        landmarks[:, upper, 1], landmarks[:, lower, 1] = 0.3 * gap, -0.7 * gap
    return landmarks


def closing(narrowest: float) -> np.ndarray:
    """A gap of 1 cm that narrows between 0.40 and 0.56 s."""
    gap = np.ones(25)
    gap[9:15] = [0.6, 0.2 + narrowest, narrowest, narrowest + 0.02, 0.2 + narrowest, 0.6]
    return gap


def test_lips_meet_in_bilabial_stops_and_nasals_alone() -> None:
    said = [Phone(name, i, i + 1) for i, name in enumerate(("b", "w", "m", "f", "pʰ", "n", "sil", "ɸ"))]

    assert closures(said) == [(0, 1), (2, 3), (4, 5)]


def test_a_known_closure_is_closed_and_its_neighbours_follow() -> None:
    gap = closing(0.08)

    closed = lip_gap(close_lips(mouth(gap), TIMES, [(0.44, 0.48)]))

    assert closed[11] == pytest.approx(0.0)
    assert closed[12] == pytest.approx(0.02)
    assert closed[[10, 13]] == pytest.approx(gap[[10, 13]] - 0.04)
    assert closed[:10] == pytest.approx(gap[:10])
    assert closed[14:] == pytest.approx(gap[14:])


def test_lips_that_are_wide_apart_or_pressed_are_left() -> None:
    for narrowest in (LARGEST_CM + 0.05, -0.01):
        landmarks = mouth(closing(narrowest))

        assert np.array_equal(close_lips(landmarks, TIMES, [(0.44, 0.48)]), landmarks)


def test_what_is_not_known_is_left() -> None:
    landmarks = mouth(closing(0.08))

    assert np.array_equal(close_lips(landmarks, TIMES, []), landmarks)


def test_a_gap_counts_from_lips_that_touch_where_the_rest_was_parted() -> None:
    gap = np.concatenate([np.full(20, -0.3), np.linspace(-0.3, 1.0, 80)])

    counted = lip_gap(from_closed_lips(mouth(gap)))

    assert counted[:20] == pytest.approx(0.0, abs=1e-9)
    assert counted == pytest.approx(gap + 0.3)
    assert lip_gap(from_closed_lips(mouth(gap + 0.5))) == pytest.approx(gap + 0.5)
