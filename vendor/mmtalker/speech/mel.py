"""Whisper's log-mel spectrogram: 80 bands, 25 ms windows every 10 ms, in plain torch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmtalker.speech.audio import SAMPLE_RATE

MEL_BANDS = 80
WINDOW = 400  # samples, 25 ms
HOP = 160  # samples, 10 ms
_DYNAMIC_RANGE = 8.0  # bels below the loudest bin of the clip; Whisper's own floor
_BLOCK = 6000  # mel frames a block: one minute, so that an hour needs no more scratch memory than that


def mel_filters(bands: int = MEL_BANDS, window: int = WINDOW, rate: int = SAMPLE_RATE) -> Tensor:
    """Triangular filters on Slaney's mel scale, each of unit area; float32 (bands, window // 2 + 1).

    The scale is linear below 1 kHz (200/3 Hz a mel) and logarithmic above (27 mels to a factor of 6.4):
    M. Slaney, Auditory Toolbox, 1998. Librosa's default filters are the same.
    """
    break_mel, step = 1000.0 / (200.0 / 3.0), math.log(6.4) / 27.0
    top = break_mel + math.log(rate / 2 / 1000.0) / step
    mels = torch.linspace(0.0, top, bands + 2, dtype=torch.float64)
    edges = torch.where(
        mels < break_mel, mels * (200.0 / 3.0), 1000.0 * torch.exp(step * (mels - break_mel).clamp(min=0.0))
    )
    bins = torch.linspace(0.0, rate / 2, window // 2 + 1, dtype=torch.float64)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - lower) / (centre - lower)
    falling = (upper - bins) / (upper - centre)
    return (torch.minimum(rising, falling).clamp(min=0.0) * (2.0 / (upper - lower))).float()


class LogMel:
    """Log-mel spectrogram of a clip; columns are made when they are asked for, so that none waits in memory.

    Column j is centred on sample 160 j. As in Whisper, values are bels above 1e-10, floored 8 below the
    loudest bin, then (x + 4) / 4. The clip is one clip for that floor however long it is, so windows of
    columns agree where they overlap. Looking for the loudest bin ahead costs a fiftieth of encoding.
    """

    def __init__(self, samples: Tensor, silence: int = 0, gain: float = 1.0) -> None:
        """Look through a clip.

        Args:
            samples: (N,) float32 at 16 kHz, N > 0.
            silence: samples of it that follow the clip.
            gain: factor on the samples, applied to the piece in hand.
        """
        self.count = -(-(len(samples) + silence) // HOP)
        self._samples, self._gain = samples, gain
        # A clip too short to mirror is filled with silence first.
        self._length = max(self.count * HOP, WINDOW // 2 + 1)
        self._filters, self._window = mel_filters(), torch.hann_window(WINDOW)
        loudest = max(float(self._bels(start, stop).max()) for start, stop in _blocks(self.count))
        self._floor = loudest - _DYNAMIC_RANGE

    def columns(self, start: int, stop: int) -> Tensor:
        """Return columns ``start`` to ``stop``, (80, stop - start) float32."""
        return self._bels(start, stop).clamp_(min=self._floor).add_(4.0).div_(4.0)

    def _bels(self, start: int, stop: int) -> Tensor:
        piece = self._mirrored(start * HOP - WINDOW // 2, (stop - 1) * HOP + WINDOW // 2)
        spectrum = torch.stft(piece, WINDOW, HOP, window=self._window, center=False, return_complex=True)
        power = self._filters @ spectrum.abs().square()
        return power.clamp_(min=1e-10).log10_()

    def _mirrored(self, first: int, last: int) -> Tensor:
        """Cut out samples ``first`` to ``last``; beyond the ends they run backwards, as Whisper's do."""
        before, end = max(0, -first), self._length - 1
        behind = max(0, last - self._length)
        inside = self._cut(max(0, first), min(last, self._length))
        return torch.cat([self._cut(1, 1 + before).flip(0), inside, self._cut(end - behind, end).flip(0)])

    def _cut(self, first: int, last: int) -> Tensor:
        part = self._samples[first:last]
        if self._gain != 1.0:
            part = part * self._gain
        return torch.nn.functional.pad(part, (0, last - first - len(part)))


def log_mel(samples: Tensor) -> Tensor:
    """Log-mel spectrogram of a whole clip; (N,) float32 at 16 kHz to (80, ceil(N / 160)) float32."""
    mel = LogMel(samples)
    return torch.cat([mel.columns(start, stop) for start, stop in _blocks(mel.count)], dim=1)


def _blocks(count: int) -> list[tuple[int, int]]:
    return [(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK)]
