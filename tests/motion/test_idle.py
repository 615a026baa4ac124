"""Life of brows and lids: as strong and as fast as filmed, seeded, and without a jump."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.motion.idle import MOVEMENTS, IdleMotionStyle, add_idle_motion, draw_idle_motion, movements_of

RATE = 50.0
FRAMES = 30_000
STYLE = IdleMotionStyle()


def idle_motion(seed: int = 0, phrases: tuple[tuple[float, float], ...] = ()) -> np.ndarray:
    return draw_idle_motion(FRAMES, RATE, phrases, np.random.default_rng(seed))


def test_strength_is_that_of_speech_or_of_a_pause() -> None:
    assert idle_motion().std(axis=0) == pytest.approx(STYLE.pausing, rel=0.1)
    assert idle_motion(phrases=((0.0, 700.0),)).std(axis=0) == pytest.approx(STYLE.speaking, rel=0.1)


def test_movements_go_together_as_filmed_ones_do() -> None:
    assert np.corrcoef(idle_motion().T) == pytest.approx(np.array(STYLE.correlation), abs=0.1)


def test_it_is_as_lively_at_any_frame_rate() -> None:
    film = draw_idle_motion(FRAMES, 24.0, (), np.random.default_rng(0))

    assert film.std(axis=0) == pytest.approx(STYLE.pausing, rel=0.15)


def test_it_moves_at_the_filmed_pace() -> None:
    inner = idle_motion()[:, 0]
    lag = round(2 * STYLE.seconds * RATE)

    assert np.corrcoef(inner[lag:], inner[:-lag])[0, 1] == pytest.approx(3 * np.exp(-2), abs=0.05)
    assert np.abs(np.diff(inner)).max() < inner.std()


def test_the_seed_decides() -> None:
    assert np.array_equal(idle_motion(1), idle_motion(1))
    assert not np.array_equal(idle_motion(1), idle_motion(2))


def test_what_falls_below_rest_is_shown_by_the_opposite() -> None:
    still = np.zeros((2, 52), dtype=np.float32)
    moved = np.zeros((2, len(MOVEMENTS)))
    moved[:, 0] = [0.2, -0.3]

    shown = add_idle_motion(still, ARKIT_NAMES, moved)

    assert shown[:, ARKIT_INDEX["browInnerUp"]] == pytest.approx([0.2, 0.0])
    assert shown[:, ARKIT_INDEX["browDownLeft"]] == pytest.approx([0.0, 0.3])
    assert movements_of(shown, ARKIT_NAMES)[:, 0] == pytest.approx([0.2, -0.3])


def test_a_clip_of_no_frames_has_no_life() -> None:
    assert draw_idle_motion(0, RATE, (), np.random.default_rng(0)).shape == (0, len(MOVEMENTS))
