"""The log-mel spectrogram against librosa's, which Whisper's own filters come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmtalker.speech import mel
from mmtalker.speech.audio import Audio
from mmtalker.speech.mel import LogMel, log_mel, mel_filters

librosa = pytest.importorskip("librosa")


def test_filters_are_librosas() -> None:
    expected = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=80)
    assert mel_filters().numpy() == pytest.approx(expected, abs=1e-7)


def test_a_sentence_gives_what_whispers_recipe_gives(speech: Audio) -> None:
    samples = np.append(speech.samples, np.zeros(-len(speech.samples) % 160, np.float32))  # whole columns
    stft = librosa.stft(samples, n_fft=400, hop_length=160, window="hann", pad_mode="reflect")
    power = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=80) @ np.abs(stft[:, :-1]) ** 2
    bels = np.log10(np.maximum(power, 1e-10))
    expected = (np.maximum(bels, bels.max() - 8.0) + 4.0) / 4.0

    result = log_mel(torch.from_numpy(speech.samples)).numpy()

    assert result == pytest.approx(expected, abs=1e-4)


def test_blocks_change_nothing(speech: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = torch.from_numpy(speech.samples)
    whole = log_mel(samples)
    monkeypatch.setattr(mel, "_BLOCK", 17)
    assert torch.allclose(log_mel(samples), whole, atol=1e-5)


@pytest.mark.parametrize("count", [1, 160, 161, 1_600])
def test_a_short_clip_has_a_column_for_every_10_ms(count: int) -> None:
    result = log_mel(torch.full((count,), 0.1))
    assert result.shape == (80, -(-count // 160))
    assert torch.isfinite(result).all()


def test_silence_is_finite() -> None:
    assert torch.equal(log_mel(torch.zeros(1_600)), torch.full((80, 10), -1.5))


def test_a_gain_is_that_of_louder_samples() -> None:
    samples = 0.01 * torch.randn(20_000, generator=torch.Generator().manual_seed(3))
    raised = LogMel(samples, 800, 8.0)
    torch.testing.assert_close(
        raised.columns(0, raised.count), LogMel(8.0 * samples, 800).columns(0, raised.count)
    )
