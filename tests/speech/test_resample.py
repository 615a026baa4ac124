"""Resampling in blocks is resampling in one piece."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly

from mmtalker.speech import resample
from mmtalker.speech.resample import resample_blocks


@pytest.mark.parametrize(
    ("rate", "up", "down"), [(48_000, 1, 3), (44_100, 160, 441), (8_000, 2, 1), (22_050, 320, 441)]
)
@pytest.mark.parametrize("block", [1, 999, 7_001])
def test_blocks_of_any_size_give_what_one_piece_gives(
    monkeypatch: pytest.MonkeyPatch, rate: int, up: int, down: int, block: int
) -> None:
    monkeypatch.setattr(resample, "_BLOCK", 2_000)
    signal = np.random.default_rng(0).normal(size=8_123 if block > 1 else 2_500).astype(np.float32)
    pieces = [signal[i : i + block] for i in range(0, len(signal), block)]

    result = np.concatenate(list(resample_blocks(pieces, rate, 16_000)))

    expected = resample_poly(signal, up, down)
    assert len(result) == len(expected)
    assert result == pytest.approx(expected, abs=1e-4)


def test_the_same_rate_changes_nothing() -> None:
    signal = np.arange(10, dtype=np.float32)
    assert np.concatenate(list(resample_blocks([signal], 16_000, 16_000))).tolist() == signal.tolist()


def test_an_odd_rate_drifts_by_less_than_a_sample() -> None:
    seconds = 20
    out = sum(
        len(piece) for piece in resample_blocks([np.zeros(44_101 * seconds, np.float32)], 44_101, 16_000)
    )
    assert abs(out - 16_000 * seconds) <= 1
