"""Lag, warping, loudness and joins, on tracks whose answers are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lab.evaluation import timing

RATE = 50.0


def talk(frames: int = 300, late: float = 0.0) -> np.ndarray:
    """A lip gap of irregular syllables, ``late`` by so many frames."""
    time = (np.arange(frames) - late) / RATE
    return 4.0 + 2.0 * np.sin(2 * np.pi * 2.1 * time) + 1.5 * np.sin(2 * np.pi * 3.7 * time + 1.0)


def test_correlation_of_a_face_that_never_moves_has_no_value() -> None:
    assert timing.correlation(talk(), talk()) == pytest.approx(1.0)
    assert timing.correlation(talk(), 8.0 - talk()) == pytest.approx(-1.0)
    assert timing.correlation(talk(), np.zeros(300)) is None
    assert timing.correlation(talk(1), talk(1)) is None


@pytest.mark.parametrize("frames", [-3.0, 0.0, 2.0, 2.5])
def test_lag_finds_the_shift_and_is_positive_when_late(frames: float) -> None:
    found = timing.lag(talk(), talk(late=frames), RATE)

    assert found == pytest.approx(20.0 * frames, abs=2.0)


def test_lag_of_a_still_face_or_of_one_frame_has_no_value() -> None:
    assert timing.lag(talk(), np.zeros(300), RATE) is None
    assert timing.lag(talk(1), talk(1), RATE) is None


def test_warping_of_a_track_with_itself_keeps_to_the_diagonal() -> None:
    path = timing.warping_path(talk(40), talk(40), band=10)

    assert path == [(i, i) for i in range(40)]


def test_warping_finds_the_least_cost_by_hand() -> None:
    # The 5 of b stands for both of a: only so does the path cost nothing.
    path = timing.warping_path(np.array([0.0, 5.0, 5.0, 1.0]), np.array([0.0, 5.0, 1.0, 1.0]), band=2)

    assert path == [(0, 0), (1, 1), (2, 1), (3, 2), (3, 3)]


def test_misalignment_is_the_shift_of_peaks_and_valleys() -> None:
    assert timing.misalignments(talk(), talk(), RATE) == pytest.approx(
        [0.0] * len(timing.misalignments(talk(), talk(), RATE))
    )
    late = timing.misalignments(talk(), talk(late=3), RATE)

    assert len(late) > 15
    assert np.mean(late) == pytest.approx(60.0, abs=4.0)


def test_a_still_face_has_nothing_to_align() -> None:
    assert timing.misalignments(talk(), np.zeros(300), RATE) == []


def test_intensity_correlates_loudness_with_how_much_the_lips_move() -> None:
    assert timing.intensity_correlation([0.1, 0.2, 0.4], [10.0, 20.0, 40.0]) == pytest.approx(1.0)
    assert timing.intensity_correlation([0.1, 0.2, 0.4], [0.0, 0.0, 0.0]) is None
    assert timing.intensity_correlation([0.1, 0.2], [1.0, 2.0]) is None


def test_a_jump_where_windows_join_shows_as_a_seam() -> None:
    speed = np.full(100, 2.0)
    assert timing.seam_ratio(speed, [(40, 50)]) == pytest.approx(1.0)
    speed[40:50] = 5.0
    assert timing.seam_ratio(speed, [(40, 50)]) == pytest.approx(2.5)
    assert timing.seam_ratio(speed, []) is None
    assert timing.seam_ratio(np.zeros(100), [(40, 50)]) is None
