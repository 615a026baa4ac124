"""VOCA-style: temporal convolutions over a window of speech give one frame, decoded by linear components.

After Cudeiro, Bolkart, Laidlaw, Ranjan, Black: Capture, Learning, and Synthesis of 3D Speaking Styles, CVPR
2019.

Kept: a window of 16 frames, four convolutions over time with stride 2 (32, 32, 64, 64 channels), 128 hidden
units, 50 components that start as the principal components of the training motion and are trained on, squared
error of position plus ten times that of velocity.
Left out: the subject's one-hot vector (one style is learned) and batch normalisation of the input, which
comes standardised.
Other: Whisper's layers in place of DeepSpeech's letters, 50 Hz in place of 60.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from lab.baselines.decoder import Decoder

WINDOW = 16
TAPS = 3
CHANNELS = (32, 32, 64, 64)
HIDDEN = 128
COMPONENTS = 50
VELOCITY_WEIGHT = 10.0


class Components(Decoder):
    """Ends in linear components that start as the principal ones of the training motion.

    Arguments as in :class:`Decoder`. Trained on squared error of position plus ten times that of velocity.
    """

    def __init__(self, layers: int, speech_width: int, points: int) -> None:
        super().__init__(layers, speech_width, points)
        self.decode = nn.Linear(COMPONENTS, 3 * points)

    @torch.no_grad()
    def start(self, features: Tensor, truth: Tensor) -> None:
        """Standardise by ``features``, and let the components start as those of ``truth``."""
        super().start(features, truth)
        flat = truth.flatten(1)
        _, size, components = torch.linalg.svd(flat, full_matrices=False)
        count = min(COMPONENTS, len(size))
        self.decode.weight.zero_()
        # One unit is a standard deviation along its component; uncentred, so that zero is the still face.
        self.decode.weight[:, :count] = (size[:count, None] * components[:count]).T / len(flat) ** 0.5
        self.decode.bias.zero_()

    def criterion(self, made: Tensor, truth: Tensor) -> Tensor:
        """Return squared error of position and of velocity, a vertex on the average."""
        position = ((made - truth) ** 2).sum(dim=-1).mean()
        velocity = ((made.diff(dim=1) - truth.diff(dim=1)) ** 2).sum(dim=-1).mean()
        return position + VELOCITY_WEIGHT * velocity


class VocaStyle(Components):
    """See the module; arguments as in :class:`Decoder`."""

    def __init__(self, layers: int, speech_width: int, points: int) -> None:
        super().__init__(layers, speech_width, points)
        # The first convolution by its taps: a frame is in 16 windows and is multiplied once.
        self.taps = nn.Linear(self.channels, TAPS * CHANNELS[0])
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, TAPS, stride=2, padding=1) for before, after in pairwise(CHANNELS)
        )
        self.encode = nn.Sequential(nn.Linear(CHANNELS[-1], HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, COMPONENTS))

    def animate(self, features: Tensor, before: Tensor | None = None, person: Tensor | None = None) -> Tensor:
        """(B, T, L, D) -> (B, T, P, 3) mm; each frame sees eight before it and seven after."""
        batch, frames = features.shape[:2]
        half = WINDOW // 2
        around = pad(self.standardised(features), (0, 0, half, half - 1))
        tapped = self.taps(around).unflatten(-1, (TAPS, CHANNELS[0]))
        windows = pad(tapped.unfold(1, WINDOW, 1).flatten(0, 1), (1, 1))  # (B T, taps, channels, 1 + 16 + 1)
        x = sum(
            (windows[:, tap, :, tap : tap + WINDOW : 2] for tap in range(TAPS)),
            windows.new_zeros(()),
        )
        x = relu(x)
        for convolution in self.convolutions:
            x = relu(convolution(x))
        made = self.decode(self.encode(x.flatten(1)))
        return self.as_points(made.reshape(batch, frames, -1))
