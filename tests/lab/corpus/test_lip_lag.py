"""Lips in time with their sound: a lag that was put in is measured."""

from __future__ import annotations

import numpy as np
import pytest

from lab.fitting.lip_lag import lags
from lab.phonetics.phone_speech import Phone

PHONES = [
    Phone("ə", 0.0, 0.4),
    Phone("p", 0.4, 0.5),
    Phone("ɑ", 0.5, 0.9),
    Phone("m", 0.9, 1.0),
    Phone("ə", 1.0, 1.5),
]


@pytest.mark.parametrize("lag", [-0.03, 0.0, 0.05])
def test_the_lag_of_a_closure_is_found(lag: float) -> None:
    time = np.arange(24_000) / 16_000
    samples = 0.3 * np.random.default_rng(0).standard_normal(24_000) * (np.abs(time - 0.46) > 0.04)
    frames = np.arange(38) / 25
    gap = np.clip(150.0 * (np.abs(frames - 0.46 - lag) - 0.03), 0.0, 10.0)

    (found,) = lags(PHONES, samples.astype(np.float32), gap, 25.0)

    assert found == pytest.approx(lag, abs=0.008)


def test_a_sound_without_a_break_tells_nothing() -> None:
    samples = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)

    assert list(lags(PHONES, samples, np.full(38, 5.0), 25.0)) == []
