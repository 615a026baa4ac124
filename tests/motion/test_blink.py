"""Blinks: as often as asked for, as long as filmed ones, where people blink, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.motion.blink import SHORTEST_INTERVAL, BlinkStyle, blink_curves, blink_times, find_blinks

RATE = 50.0
TEN_MINUTES = 600.0
PHRASES = [(start, start + 2.0) for start in np.arange(0.5, TEN_MINUTES - 3.0, 3.0)]

FILMED_MS = (78, 134, 162, 193, 318)
"""GRID's speaker, below half open: 5th, 25th, 50th, 75th, 95th percentile; see data/blink_statistics.py."""


def ten_minutes(rate: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    starts = blink_times(TEN_MINUTES, rate, PHRASES, rng)
    return blink_curves(starts, round(TEN_MINUTES * RATE), RATE, rng)


@pytest.mark.parametrize("rate", [10.0, 30.0, 47.3])
def test_blinks_come_as_often_as_asked_for(rate: float) -> None:
    starts = blink_times(TEN_MINUTES, rate, PHRASES, np.random.default_rng(0))

    spread = np.sqrt(10 * rate / BlinkStyle().regularity)  # of a renewal process
    assert len(starts) == pytest.approx(10 * rate, abs=3 * spread)
    assert np.diff(starts).min() >= SHORTEST_INTERVAL - 1e-9


def test_blinks_filmed_at_25_fps_are_as_long_as_real_ones() -> None:
    filmed = find_blinks(ten_minutes(30.0, 0)[::2].mean(axis=1), RATE / 2)

    lengths = 1000 * np.quantile([blink.length for blink in filmed], [0.05, 0.25, 0.5, 0.75, 0.95])
    assert lengths[1:4] == pytest.approx(FILMED_MS[1:4], rel=0.1)
    assert lengths[[0, 4]] == pytest.approx([FILMED_MS[0], FILMED_MS[4]], rel=0.35)


def test_blinks_prefer_the_end_of_a_phrase() -> None:
    starts = np.array(blink_times(TEN_MINUTES, 30.0, PHRASES, np.random.default_rng(0)))

    near_the_end = np.min([np.abs(starts - (end - 0.4)) for _, end in PHRASES], axis=0) < 0.4
    assert near_the_end.mean() > 0.5  # it is a quarter of the time


def test_speech_without_a_pause_blinks_as_often() -> None:
    starts = blink_times(TEN_MINUTES, 20.0, [(0.0, TEN_MINUTES)], np.random.default_rng(0))

    assert len(starts) == pytest.approx(200, abs=30)


def test_lids_close_fast_and_open_slowly_and_nearly_alike() -> None:
    curves = ten_minutes(20.0, 3)

    speed = np.diff(curves[:, 0])
    assert (speed < -0.01).sum() > 2.0 * (speed > 0.01).sum()
    assert curves.min() >= 0.0 and curves.max() <= 1.0
    assert np.abs(curves[:, 0] - curves[:, 1]).max() < 0.25
    assert (curves.max(axis=1) < 0.02).mean() > 0.5  # the eyes are open most of the time


def test_the_seed_decides() -> None:
    one, same, other = (ten_minutes(20.0, seed) for seed in (5, 5, 6))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("seconds", "rate"), [(10.0, 0.0), (10.0, -1.0), (0.0, 20.0)])
def test_no_rate_or_no_time_is_no_blink(seconds: float, rate: float) -> None:
    assert blink_times(seconds, rate, [], np.random.default_rng(0)) == []


def test_blinks_are_found_between_frames() -> None:
    lids = np.array([0.0, 0.0, 0.4, 0.8, 0.9, 0.3, 0.0, 0.0])

    (blink,) = find_blinks(lids, 10.0)

    assert blink.time == pytest.approx(0.225)
    assert blink.length == pytest.approx(0.4 + 0.1 * 4 / 6 - 0.225)
    assert blink.depth == 0.9
