"""Phrases are heard in loudness, also in a room with noise."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.motion.phrases import find_phrases

RATE = 50.0


def level(noise_db: float) -> np.ndarray:
    """Four seconds with a phrase from 1 to 2 and one from 2.6 to 3.4 s, which a stop interrupts at 1.5 s."""
    loud = np.full(200, noise_db, dtype=np.float32)
    loud[50:100] = loud[130:170] = -20.0
    loud[75:81] = noise_db
    return loud + np.random.default_rng(0).normal(0.0, 1.0, 200).astype(np.float32)


@pytest.mark.parametrize("noise_db", [-90.0, -45.0])
def test_phrases_begin_and_end_where_speech_does(noise_db: float) -> None:
    found = find_phrases(level(noise_db), RATE)

    assert np.array(found) == pytest.approx(np.array([[1.0, 2.0], [2.6, 3.4]]), abs=0.06)


def test_silence_and_nothing_have_no_phrase() -> None:
    assert find_phrases(np.full(200, -120.0, dtype=np.float32), RATE) == []
    assert find_phrases(np.zeros(0, dtype=np.float32), RATE) == []


def test_speech_without_a_pause_is_one_phrase() -> None:
    assert find_phrases(np.full(200, -20.0, dtype=np.float32), RATE) == [(0.0, 4.0)]
