"""Finishing: rest in silence, blinks, strengths, range and rate."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.errors import MMTalkerError
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.motion.finish import AnimateOptions, finish_curves
from mmtalker.motion.resample import frame_times, sample_curves
from mmtalker.motion.silence import (
    OPEN_AHEAD,
    READY,
    REST_AFTER,
    SETTLE,
    loudness,
    rest_gate,
    speech_gate,
)

RATE = 50.0
JAW = ARKIT_INDEX["jawOpen"]


LOUD = np.full(250, -20.0, dtype=np.float32)
VOICE = np.ones(250, dtype=np.float32)


def voice_with_pause(seconds: float) -> np.ndarray:
    """Two seconds of speech, a pause, and speech up to five seconds and the pause."""
    voice = np.ones(250 + round(seconds * RATE), dtype=np.float32)
    voice[100 : 100 + round(seconds * RATE)] = 0.0
    return voice


def finished(raw: np.ndarray, voice: np.ndarray, options: AnimateOptions, seed: int = 0) -> np.ndarray:
    level = np.full(len(raw), -20.0, dtype=np.float32)
    return finish_curves(raw, ARKIT_NAMES, level, voice, RATE, options, seed)


def test_the_mouth_rests_in_a_long_pause_after_a_while_and_opens_ahead_of_the_voice() -> None:
    voice = voice_with_pause(3.0)
    raw = np.full((len(voice), 52), 0.5, dtype=np.float32)

    jaw = finished(raw, voice, AnimateOptions(idle_motion=0, blink_rate=0))[:, JAW]

    end = 100 + round(3.0 * RATE)
    assert jaw[: 100 + round(REST_AFTER * RATE)] == pytest.approx(0.5)
    assert not jaw[100 + round((REST_AFTER + SETTLE) * RATE) : end - round(OPEN_AHEAD * RATE)].any()
    assert 0.1 < jaw[end - round(0.3 * RATE)] < 0.5
    assert jaw[end - round(READY * RATE) :] == pytest.approx(0.5, abs=2e-3)
    assert np.abs(np.diff(jaw)).max() < 0.08


def test_a_short_pause_is_never_touched() -> None:
    for seconds in (0.1, 0.3, 0.5, 0.9):
        voice = voice_with_pause(seconds)
        raw = np.full((len(voice), 52), 0.5, dtype=np.float32)

        assert finished(raw, voice, AnimateOptions(idle_motion=0, blink_rate=0))[:, JAW] == pytest.approx(0.5)


def test_how_far_it_rests_is_the_user_s_choice_and_the_upper_face_stays() -> None:
    voice = voice_with_pause(3.0)
    raw = np.full((len(voice), 52), 0.5, dtype=np.float32)

    kept = finished(raw, voice, AnimateOptions(idle_motion=0, blink_rate=0, silence_rest=0.0))
    half = finished(raw, voice, AnimateOptions(idle_motion=0, blink_rate=0, silence_rest=0.5))

    assert kept[:, JAW] == pytest.approx(0.5)
    assert half[:, JAW].min() == pytest.approx(0.25)
    assert half[:, ARKIT_INDEX["browInnerUp"]] == pytest.approx(0.5)


def test_without_a_voice_nothing_of_the_mouth_moves() -> None:
    raw = np.random.default_rng(0).random((250, 52)).astype(np.float32)

    curves = finished(raw, np.zeros(250, dtype=np.float32), AnimateOptions(idle_motion=0, blink_rate=0))

    assert not curves[:, [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))]].any()


def test_what_is_below_hearing_is_silent_whatever_is_taken_for_a_voice() -> None:
    gate = rest_gate(np.ones(250, dtype=np.float32), np.full(250, -90.0, dtype=np.float32), RATE)

    assert not gate.any()


def test_a_click_is_no_voice() -> None:
    voice = np.zeros(250, dtype=np.float32)
    voice[120:123] = 1.0

    assert not rest_gate(voice, LOUD, RATE).any()


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

    curves = finished(raw, VOICE, AnimateOptions())

    assert curves.min() >= 0.0 and curves.max() <= 1.0


def test_the_seed_decides_the_blinks() -> None:
    raw, voice = np.zeros((3000, 52), dtype=np.float32), np.ones(3000, dtype=np.float32)

    def blinks(seed: int) -> np.ndarray:
        return finished(raw, voice, AnimateOptions(), seed)[:, 0]

    assert np.array_equal(blinks(1), blinks(1))
    assert not np.array_equal(blinks(1), blinks(2))
    assert not np.array_equal(blinks(-1), blinks(1))


def test_blinks_take_the_place_of_the_mean_that_the_network_tells() -> None:
    raw, voice = np.full((3000, 52), 0.2, dtype=np.float32), np.ones(3000, dtype=np.float32)

    lids = finished(raw, voice, AnimateOptions())[:, 0]
    awake = finished(raw, voice, AnimateOptions(blink_rate=0))[:, 0]

    assert lids.max() > 0.8 and np.median(lids) < 0.05
    assert not awake.any()


def test_life_moves_brows_and_lids_and_leaves_mouth_and_blinks() -> None:
    raw, voice = np.full((3000, 52), 0.2, dtype=np.float32), np.ones(3000, dtype=np.float32)

    lively, still = (
        finished(raw, voice, AnimateOptions(idle_motion=idle_motion), seed=4) for idle_motion in (1.0, 0.0)
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
    with pytest.raises(MMTalkerError, match="name"):
        AnimateOptions.from_json({"style": 3})
    assert AnimateOptions.from_json({"style": "open"}).style == "open"
