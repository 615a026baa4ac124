"""Fitting the life of the upper face: known life is found again, and what prosody tells is taken off."""

from __future__ import annotations

import numpy as np
import pytest

from lab.fitting.upper_face_fit import Seen, fit_life, prosody_at
from mmtalker.motion.idle import MOVEMENTS, IdleMotionStyle, draw_idle_motion

STYLE = IdleMotionStyle(seconds=0.15)
FRAMES, RATE = 250, 25.0
PHRASES = [(2.0, 5.0), (6.0, 9.0)]


def seen(seed: int, told: float) -> Seen:
    """A clip in which the inner brows follow loudness by ``told``, beside what they do of their own."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.normal(-30.0, 10.0, 50), 10).astype(np.float32)
    times = np.arange(FRAMES) / RATE
    movements = draw_idle_motion(2 * FRAMES, 2 * RATE, PHRASES, rng, STYLE)[::2]
    movements[:, 0] += told * np.interp(times, np.arange(500) / 50, level + 30.0)
    speaking = np.zeros(FRAMES)
    speaking[50:125] = speaking[150:225] = 1.0
    return Seen(movements, prosody_at(times, level, PHRASES), speaking, np.ones(FRAMES, dtype=bool), RATE)


def test_strength_pace_and_correlation_are_found_again() -> None:
    style, explained = fit_life([seen(seed, told=0.0) for seed in range(40)])

    assert style.speaking == pytest.approx(STYLE.speaking, rel=0.15)
    assert style.pausing[4] > 1.5 * style.speaking[4]  # lids, as in the style
    assert style.seconds == pytest.approx(STYLE.seconds, rel=0.15)
    assert np.array(style.correlation) == pytest.approx(np.array(STYLE.correlation), abs=0.1)
    assert explained == pytest.approx(np.zeros(len(MOVEMENTS)), abs=0.05)


def test_what_prosody_tells_is_not_drawn_again() -> None:
    style, explained = fit_life([seen(seed, told=0.01) for seed in range(40)])

    assert style.speaking[0] == pytest.approx(STYLE.speaking[0], rel=0.2)
    assert explained[0] > 0.4
