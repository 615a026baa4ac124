"""Speech features of a clip of any length: the encoder in windows that join without a seam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.mel import LogMel
from mmtalker.speech.weights import EncoderConfig
from mmtalker.speech.whisper import DEFAULT_LAYERS, load_encoder

Float32 = NDArray[np.float32]

FEATURE_RATE = 50
"""Frames a second; frame i is centred on i / 50 s."""

WINDOW_FRAMES = 1000
"""The most frames that the encoder sees at once, 20 s."""

_MEL_COLUMNS = 2  # a feature frame
_TAIL = 50  # frames of silence after the clip
_OVERLAP = 100  # frames that neighbouring windows share
_FADE = 50  # frames in the middle of the overlap over which one gives way to the other


class SpeechEncoder:
    """Whisper base, loaded once, for clips of any length.

    The result does not depend on how the caller cuts the output, and memory beside it stays that of one
    window. One second of silence follows the clip and none precedes it: of the paddings tried, and at that
    cost, this gives features closest to Whisper's own padding to 30 s (mean relative difference of
    layers 2, 4 and 6 on clips of 2.9 s: 0.10, 0.25, 0.29; without it 0.12, 0.48, 0.35; half a second
    on both sides 0.53, 0.45, 0.48, since the encoder's states tell the position in the window).
    """

    def __init__(
        self,
        weights: Path,
        device: torch.device | str = "cpu",
        layers: Sequence[int] = DEFAULT_LAYERS,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Load the encoder.

        Args:
            weights: its file.
            device: where it runs.
            layers: hidden states to give.
            dtype: of its matrix products; sums and norms stay in float32.

        Raises:
            MMTalkerError: ``WEIGHTS_MISSING``.
        """
        self.layers = tuple(layers)
        self.width = EncoderConfig().width
        self._device, self._dtype = torch.device(device), dtype
        self._model = load_encoder(weights, self._device, self.layers)

    def features(self, audio: Audio, progress: Progress = silent, *, first_position: int = 0) -> Float32:
        """Encode a whole clip; returns (T, L, 512) float32 with T = ceil(50 * seconds).

        The states tell their position in the window (57 % of layer 2's variance over 20 s of speech), and a
        network that was trained on short clips has never met the later ones. Give it clips at random
        ``first_position`` s from 0 to ``WINDOW_FRAMES - T``: that is within 0.05 to 0.18 standard deviations
        of having as much speech before the clip, where position alone makes 0.3 to 0.8.
        """
        total = frame_count(audio)
        result = np.empty((total, len(self.layers), self.width), dtype=np.float32)
        for start, chunk in self.iter_features(audio, first_position=first_position):
            result[start : start + len(chunk)] = chunk
            progress("speech", (start + len(chunk)) / total)
        return result

    @torch.inference_mode()
    def iter_features(
        self, audio: Audio, *, first_position: int = 0, gain: float = 1.0
    ) -> Iterator[tuple[int, Float32]]:
        """Yield ``(first frame, (n, L, 512) float32)`` chunks that cover the clip once, in order.

        ``gain`` is a factor on the samples; they are not copied for it.
        """
        total = frame_count(audio)
        mel = LogMel(torch.from_numpy(audio.samples), _padding(audio, total), gain)
        carried: torch.Tensor | None = None  # the older window's view of the fade, already weighted
        weight = torch.linspace(0.0, 1.0, _FADE + 2)[1:-1, None, None]
        windows = window_bounds(total + _TAIL)
        limit = EncoderConfig().positions - max(stop - start for start, stop in windows)
        if not 0 <= first_position <= limit:
            raise ValueError(f"first_position must be within 0..{limit} for this clip, not {first_position}")
        for number, (start, stop) in enumerate(windows):
            columns = mel.columns(start * _MEL_COLUMNS, stop * _MEL_COLUMNS)[None].to(self._device)
            hidden = self._run(columns, first_position)[0].float().cpu()
            first, last = start, stop
            if carried is not None:
                first = start + (_OVERLAP - _FADE) // 2
                fade = hidden[first - start : first - start + _FADE]
                fade.mul_(weight).add_(carried)
            if number + 1 < len(windows):
                last = stop - (_OVERLAP + _FADE) // 2
                carried = hidden[last - start : last - start + _FADE] * (1.0 - weight)
            last = min(last, total)
            if first < last:
                yield first, hidden[first - start : last - start].numpy()

    def _run(self, columns: torch.Tensor, first_position: int) -> torch.Tensor:
        lower = self._dtype != torch.float32
        with torch.autocast(self._device.type, dtype=self._dtype, enabled=lower):
            hidden: torch.Tensor = self._model(columns, first_position)
        return hidden


def _padding(audio: Audio, total: int) -> int:
    """Samples of silence from the end of the clip to that of ``total`` frames and the tail."""
    return (total + _TAIL) * SAMPLE_RATE // FEATURE_RATE - len(audio.samples)


def frame_count(audio: Audio) -> int:
    """Frames at 50 Hz that cover the clip: ceil(50 * seconds)."""
    return -(-len(audio.samples) * FEATURE_RATE // SAMPLE_RATE)


def window_bounds(total: int) -> list[tuple[int, int]]:
    """Cut ``total`` frames into equal windows of at most 20 s, neighbours sharing two seconds.

    Equal ones, because a short last window would see less context than the others.
    """
    count = max(1, -(-(total - _OVERLAP) // (WINDOW_FRAMES - _OVERLAP)))
    step = (total - _OVERLAP) / count
    starts = [round(i * step) for i in range(count)]
    ends = [start + _OVERLAP for start in starts[1:]] + [total]
    return list(zip(starts, ends, strict=True))
