"""Measuring blinks: a person who blinks in a known way is measured to do so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.fitting.blink_statistics import Watched, fit_lids, fit_moments, regularity
from mmtalker.motion.blink import BlinkStyle, blink_curves, blink_times

STYLE = BlinkStyle(
    rate=40.0,
    regularity=2.0,
    pause=0.5,
    start=0.0,
    end=8.0,
    end_delay=-0.3,
    end_spread=0.15,
    depth=0.95,
    depth_spread=0.1,
    hold=0.05,
    hold_spread=0.3,
    opening=0.12,
    opening_spread=0.1,
)
SECONDS = 6.0


def watched(style: BlinkStyle, clips: int) -> list[Watched]:
    found = []
    for seed in range(clips):
        rng = np.random.default_rng(seed)
        phrases = [(0.5, 2.2), (2.9, 5.1)]
        starts = blink_times(SECONDS, style.rate, phrases, rng, style)
        lids = blink_curves(starts, round(SECONDS * 25), 25.0, rng, style)
        found.append(Watched(lids.astype(np.float64), 25.0, phrases))
    return found


def test_place_in_the_phrase_is_found_again() -> None:
    measured = fit_moments(watched(STYLE, 60), STYLE)

    assert measured.end > 3.0 * measured.start
    # A blink is timed where its lids are half shut, which is a little after its start.
    assert measured.end_delay == pytest.approx(STYLE.end_delay + STYLE.closing / 2, abs=0.06)


def test_the_motion_of_the_lids_is_found_again() -> None:
    filmed = watched(replace(STYLE, rate=15.0), 100)

    measured = fit_lids(filmed, BlinkStyle())

    true = [blink for clip in filmed for blink in clip.blinks]
    drawn = [blink for clip in watched(replace(measured, rate=15.0), 100) for blink in clip.blinks]
    for quantile in (0.25, 0.5, 0.75):
        lengths = [np.quantile([blink.length for blink in blinks], quantile) for blinks in (true, drawn)]
        assert lengths[1] == pytest.approx(lengths[0], rel=0.1)
    depths = [np.median([blink.depth for blink in blinks]) for blinks in (true, drawn)]
    assert depths[1] == pytest.approx(depths[0], abs=0.03)
    assert measured.opening == pytest.approx(STYLE.opening, rel=0.15)
    assert measured.asymmetry == pytest.approx(STYLE.asymmetry, rel=0.3)


@pytest.mark.parametrize("shape", [1.0, 2.0, 5.0])
def test_regularity_is_found_again(shape: float) -> None:
    steady = replace(STYLE, regularity=shape, end=0.0, pause=1.0)
    times = [blink_times(SECONDS, 40.0, [], np.random.default_rng(seed), steady) for seed in range(2000)]

    assert regularity(np.array([len(t) for t in times])) == pytest.approx(shape, rel=0.25)
