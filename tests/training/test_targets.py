"""Targets: the mouth rests in silence, and a mirrored face swaps left and right."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.training.targets import (
    SILENCE_RAMP,
    mirror_order,
    rest_in_silence,
    speech_presence,
)

JAW = ARKIT_INDEX["jawOpen"]
WORDS = ((0.0, 1.0, "sil"), (1.0, 2.0, "bin"), (2.0, 3.0, "sil"))


def test_the_mouth_is_free_in_speech_and_at_rest_in_silence() -> None:
    moving = np.full((150, 52), 0.4, dtype=np.float32)

    target = rest_in_silence(moving, WORDS, np.arange(150) / 50)

    assert target[50:100, JAW] == pytest.approx(0.4, abs=1e-5)
    assert not target[: round((1.0 - SILENCE_RAMP) * 50), JAW].any()
    assert not target[round((2.0 + SILENCE_RAMP) * 50) + 1 :, JAW].any()
    assert (target[:, ARKIT_INDEX["browInnerUp"]] == moving[:, 0]).all()


def test_presence_falls_from_speech_to_silence_without_a_step() -> None:
    presence = speech_presence(WORDS, np.linspace(0, 3, 3001))

    assert presence.max() == 1.0 and presence.min() == 0.0
    assert np.abs(np.diff(presence)).max() < 0.02


def test_mirroring_twice_is_nothing_and_once_swaps_the_sides() -> None:
    order = mirror_order()

    assert [ARKIT_NAMES[i] for i in order[order]] == list(ARKIT_NAMES)
    assert ARKIT_NAMES[order[ARKIT_INDEX["mouthSmileLeft"]]] == "mouthSmileRight"
    assert order[JAW] == JAW
