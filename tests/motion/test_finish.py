"""Finishing: silence, blinks, strengths, range and rate."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.errors import MMTalkerError
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.motion.finish import AnimateOptions, finish_curves
from mmtalker.motion.resample import frame_times, sample_curves
from mmtalker.motion.silence import RAMP, loudness, speech_gate

RATE = 50.0
JAW = ARKIT_INDEX["jawOpen"]


def level_with_pause() -> np.ndarray:
    """Two seconds of speech, one of silence, two of speech."""
    level = np.full(250, -20.0, dtype=np.float32)
    level[100:150] = -90.0
    return level


def test_the_mouth_rests_in_a_pause_and_only_there() -> None:
    raw = np.full((250, 52), 0.5, dtype=np.float32)

    still = AnimateOptions(life=0, blink_rate=0)

    curves = finish_curves(raw, ARKIT_NAMES, level_with_pause(), RATE, still, seed=0)

    ramp = round(RAMP * RATE) + 1
    assert (curves[100 + ramp : 150 - ramp, JAW] == 0).all()
    assert curves[:100, JAW] == pytest.approx(0.5)
    assert curves[150:, JAW] == pytest.approx(0.5)
    assert curves[:, ARKIT_INDEX["browInnerUp"]] == pytest.approx(0.5)


def test_a_closed_consonant_is_no_pause() -> None:
    level = np.full(100, -20.0, dtype=np.float32)
    level[50:58] = -80.0  # 160 ms

    assert (speech_gate(level, RATE) == 1.0).all()


def test_digital_silence_has_no_speech_at_all() -> None:
    level = loudness(np.zeros(16000, dtype=np.float32), 16000, RATE)

    assert len(level) == 50
    assert not speech_gate(level, RATE).any()


def test_loudness_is_the_level_in_decibels() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 200 * np.arange(16000) / 16000).astype(np.float32)

    level = loudness(tone, 16000, RATE)

    assert level[5:-5] == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.1)


def test_values_stay_in_the_range_of_a_shape_key() -> None:
    raw = np.linspace(-1, 2, 250 * 52, dtype=np.float32).reshape(250, 52)

    curves = finish_curves(raw, ARKIT_NAMES, np.full(250, -20.0), RATE, AnimateOptions(), seed=0)

    assert curves.min() >= 0.0 and curves.max() <= 1.0


def test_the_seed_decides_the_blinks() -> None:
    raw, level = np.zeros((3000, 52), dtype=np.float32), np.full(3000, -20.0, dtype=np.float32)

    def blinks(seed: int) -> np.ndarray:
        return finish_curves(raw, ARKIT_NAMES, level, RATE, AnimateOptions(), seed)[:, 0]

    assert np.array_equal(blinks(1), blinks(1))
    assert not np.array_equal(blinks(1), blinks(2))
    assert not np.array_equal(blinks(-1), blinks(1))


def test_blinks_take_the_place_of_the_mean_that_the_network_tells() -> None:
    raw, level = np.full((3000, 52), 0.2, dtype=np.float32), np.full(3000, -20.0, dtype=np.float32)

    lids = finish_curves(raw, ARKIT_NAMES, level, RATE, AnimateOptions(), seed=0)[:, 0]
    awake = finish_curves(raw, ARKIT_NAMES, level, RATE, AnimateOptions(blink_rate=0), seed=0)[:, 0]

    assert lids.max() > 0.8 and np.median(lids) < 0.05
    assert not awake.any()


def test_life_moves_brows_and_lids_and_leaves_mouth_and_blinks() -> None:
    raw, level = np.full((3000, 52), 0.2, dtype=np.float32), np.full(3000, -20.0, dtype=np.float32)

    lively, still = (
        finish_curves(raw, ARKIT_NAMES, level, RATE, AnimateOptions(life=life), seed=4) for life in (1.0, 0.0)
    )

    moved = {name for i, name in enumerate(ARKIT_NAMES) if not np.array_equal(lively[:, i], still[:, i])}
    assert moved and all(name.startswith(("brow", "eyeWide", "eyeSquint")) for name in moved)
    assert lively[:, ARKIT_INDEX["browInnerUp"]].std() > 0.02


@pytest.mark.parametrize("fps", [24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 60.0])
def test_curves_follow_time_at_any_frame_rate(fps: float) -> None:
    times = np.arange(500) / RATE
    curves = np.stack([times / 10.0, 1.0 - times / 10.0], axis=1).astype(np.float32)

    made = sample_curves(curves, RATE, frame_times(round(9.9 * fps), fps))

    assert made[:, 0] == pytest.approx(np.arange(len(made)) / fps / 10.0, abs=1e-5)


def test_outside_the_audio_the_face_rests() -> None:
    curves = np.ones((50, 1), dtype=np.float32)

    made = sample_curves(curves, RATE, np.array([-1.0, 0.0, 0.5, 0.98, 1.0, 5.0]))

    assert made[:, 0].tolist() == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def test_an_unknown_option_is_told() -> None:
    with pytest.raises(MMTalkerError, match="blink_rate"):
        AnimateOptions.from_json({"blinkrate": 3})
    with pytest.raises(MMTalkerError, match="finite"):
        AnimateOptions.from_json({"blink_rate": float("nan")})
    with pytest.raises(MMTalkerError, match="finite"):
        AnimateOptions.from_json({"mouth_strength": 10**400})
