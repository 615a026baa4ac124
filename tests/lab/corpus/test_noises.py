"""Sounds without speech: of every level, never too loud, the same for the same chance."""

from __future__ import annotations

import numpy as np

from lab.augmentation.noises import LEVELS_DB, sound_without_speech


def test_sounds_are_within_their_levels_and_differ() -> None:
    sounds = [sound_without_speech(np.random.default_rng(seed)) for seed in range(24)]

    levels = np.array([20.0 * np.log10(np.sqrt(np.mean(sound**2))) for sound in sounds])
    assert all(len(sound) == 48_000 and np.abs(sound).max() <= 1.0 for sound in sounds)
    assert levels.min() >= LEVELS_DB[0] - 0.1 and levels.max() <= LEVELS_DB[1] + 0.1
    assert np.ptp(levels) > 20.0
    peaks = {int(np.abs(np.fft.rfft(sound)).argmax() / 3) for sound in sounds}
    assert len(peaks) > 8


def test_chance_decides_and_silence_is_digital() -> None:
    one, same = (sound_without_speech(np.random.default_rng(5)) for _ in range(2))

    assert np.array_equal(one, same)
    assert not sound_without_speech(np.random.default_rng(0), silent=True).any()
