"""Targets: video frames become 50 Hz curves that bridge gaps and rest in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.data.grid import GridClip
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.training.targets import SILENCE_RAMP, clip_targets, mirror_order, speech_presence

JAW = ARKIT_INDEX["jawOpen"]
CLIP = GridClip(
    "test", Path("none.ogg"), slice(0, 75), ((0.0, 1.0, "sil"), (1.0, 2.0, "bin"), (2.0, 3.0, "sil"))
)


def rows(value: float = 0.4) -> np.ndarray:
    return np.full((75, 52), value, dtype=np.float32)


def test_the_mouth_is_free_in_speech_and_at_rest_in_silence() -> None:
    times = np.arange(150) / 50

    target = clip_targets(rows(), CLIP, times)

    assert target[50:100, JAW] == pytest.approx(0.4, abs=1e-5)
    assert not target[: round((1.0 - SILENCE_RAMP) * 50), JAW].any()
    assert not target[round((2.0 + SILENCE_RAMP) * 50) + 1 :, JAW].any()


def test_lost_frames_are_bridged_in_time() -> None:
    activations = np.repeat(np.linspace(0, 0.74, 75, dtype=np.float32)[:, None], 52, axis=1)
    broken = activations.copy()
    broken[35:40] = np.nan
    times = np.array([1.5, 1.6])

    assert clip_targets(broken, CLIP, times)[:, JAW] == pytest.approx(times * 0.25, abs=0.01)


def test_a_clip_without_any_face_rests() -> None:
    assert not clip_targets(rows(np.nan), CLIP, np.arange(10) / 50).any()


def test_blinks_are_left_out_and_brows_count_from_their_own_rest() -> None:
    target = clip_targets(rows(), CLIP, np.arange(150) / 50)

    assert not target[:, ARKIT_INDEX["eyeBlinkLeft"]].any()
    assert target[:, ARKIT_INDEX["browInnerUp"]] == pytest.approx(0.0, abs=1e-6)


def test_presence_falls_from_speech_to_silence_without_a_step() -> None:
    presence = speech_presence(CLIP.words, np.linspace(0, 3, 3001))

    assert presence.max() == 1.0 and presence.min() == 0.0
    assert np.abs(np.diff(presence)).max() < 0.02


def test_mirroring_twice_is_nothing_and_once_swaps_the_sides() -> None:
    order = mirror_order()

    assert [ARKIT_NAMES[i] for i in order[order]] == list(ARKIT_NAMES)
    assert ARKIT_NAMES[order[ARKIT_INDEX["mouthSmileLeft"]]] == "mouthSmileRight"
    assert order[JAW] == JAW
