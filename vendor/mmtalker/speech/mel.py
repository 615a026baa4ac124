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


def log_mel(samples: Tensor) -> Tensor:
    """Log-mel spectrogram of a whole clip; (N,) float32 at 16 kHz to (80, ceil(N / 160)) float32.

    Column j is centred on sample 160 j. As in Whisper, values are bels above 1e-10, floored 8 below the
    loudest bin, then (x + 4) / 4. The clip is one clip for that floor however long it is, so windows that
    are cut out of the result later agree where they overlap.
    """
    frames = -(-len(samples) // HOP)
    # A clip too short to mirror is filled with silence first.
    missing = max(frames * HOP, WINDOW // 2 + 1) - len(samples)
    filled = torch.nn.functional.pad(samples, (0, missing)) if missing else samples
    filters, window = mel_filters().to(samples.device), torch.hann_window(WINDOW, device=samples.device)
    result = torch.empty(MEL_BANDS, frames, device=samples.device)
    for start in range(0, frames, _BLOCK):
        stop = min(start + _BLOCK, frames)
        piece = _mirrored(filled, start * HOP - WINDOW // 2, (stop - 1) * HOP + WINDOW // 2)
        spectrum = torch.stft(piece, WINDOW, HOP, window=window, center=False, return_complex=True)
        power = filters @ spectrum.abs().square()
        result[:, start:stop] = power.clamp_(min=1e-10).log10_()
    floor = result.max() - _DYNAMIC_RANGE
    torch.maximum(result, floor, out=result)
    return result.add_(4.0).div_(4.0)


def _mirrored(samples: Tensor, first: int, last: int) -> Tensor:
    """Cut out samples ``first`` to ``last``; beyond the ends they run backwards, as Whisper's do."""
    before, end = max(0, -first), len(samples) - 1
    behind = max(0, last - len(samples))
    return torch.cat(
        [samples[1 : 1 + before].flip(0), samples[max(0, first) : last], samples[end - behind : end].flip(0)]
    )
