"""The figures of the report, on lips whose motion is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo.clip import Clip, Phone
from demo.measure import judge_lips, lip_gap, smooth, speech_level

FPS = 50


@pytest.fixture
def clip() -> Clip:
    """Silence, then an open vowel, a p, a vowel, and silence; loud in the vowels alone."""
    phones = (
        Phone("sil", 0.0, 0.5),
        Phone("oʊ", 0.5, 0.9),
        Phone("p", 0.9, 1.0),
        Phone("oʊ", 1.0, 1.5),
        Phone("sil", 1.5, 2.0),
    )
    samples = np.zeros(16000, dtype=np.float32)
    tone = np.sin(np.arange(16000) * 0.3).astype(np.float32)
    for phone in phones:
        if phone.name == "oʊ":
            part = slice(int(phone.start * 8000), int(phone.end * 8000))
            samples[part] = tone[part]
    return Clip(Path("tone.wav"), samples, 8000, "a pa", phones)


def test_the_gap_is_what_the_lips_are_further_apart_than_at_rest():
    upper = np.zeros((3, 2, 3))
    lower = np.zeros((3, 2, 3))
    lower[:, :, 1] = -0.001  # at rest they are a millimetre apart
    lower[1, :, 1] = -0.006
    upper[2, :, 1] = -0.004  # pressed together
    assert lip_gap(upper, lower) == pytest.approx([0.0, 0.005, 0.0])


def test_lips_that_follow_the_voice_get_good_marks(clip: Clip):
    times = np.arange(100) / FPS
    gap = smooth(0.01 * speech_level(clip, times), times, 0.01)
    figures = judge_lips(gap, times, clip)
    assert (figures.closures, figures.closures_met, figures.missed) == (1, 1, ())
    assert figures.gap_speech_mm > 4.0
    assert figures.gap_silence_mm < 0.01
    assert figures.energy_correlation > 0.98


def test_a_missed_closure_is_named_with_its_time(clip: Clip):
    times = np.arange(100) / FPS
    gap = np.where((times > 0.5) & (times < 1.5), 0.01, 0.0)
    figures = judge_lips(gap, times, clip)
    assert figures.closures_met == 0
    assert figures.missed == ("p at 0.90 s",)


def test_a_still_face_correlates_with_nothing_and_is_no_error(clip: Clip):
    figures = judge_lips(np.zeros(100), np.arange(100) / FPS, clip)
    assert figures.energy_correlation == 0.0


def test_a_mouth_that_moves_in_silence_is_seen(clip: Clip):
    times = np.arange(100) / FPS
    figures = judge_lips(np.full(100, 0.003), times, clip)
    assert figures.gap_silence_mm == pytest.approx(3.0)
