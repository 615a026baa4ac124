"""What the trained baselines share: standardised speech in, displacement of a fixed list of points out."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from lab.baselines.base import Float32
from lab.evaluation.takes import Take

SMALLEST_DEVIATION = 1e-3
"""A channel that varies less is as good as constant."""


class Decoder(nn.Module, ABC):
    """Speech features -> displacement in millimetres.

    The published systems read one layer of an encoder that they train along. Here all are given the same L
    layers of the same frozen encoder, standardised by channel and put side by side, which a linear layer
    can mix as it likes.

    Args:
        layers, speech_width: L and D of the features.
        points: P, of the face.
    """

    rate = 1.0
    """Peak learning rate, as a part of the network's."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, layers: int, speech_width: int, points: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(layers, speech_width))
        self.register_buffer("deviation", torch.ones(layers, speech_width))
        self.channels = layers * speech_width
        self.points = points

    @torch.no_grad()
    def start(self, features: Tensor, truth: Tensor) -> None:
        """Set what is measured before training, not learned.

        Args:
            features: (N, L, D) frames of the training speech.
            truth: (N, P, 3) their displacement, mm.
        """
        self.mean.copy_(features.mean(dim=0))
        self.deviation.copy_(features.std(dim=0).clamp_min(SMALLEST_DEVIATION))

    def standardised(self, features: Tensor) -> Tensor:
        """(B, T, L, D) -> (B, T, L D)."""
        return ((features - self.mean) / self.deviation).flatten(2)

    def as_points(self, flat: Tensor) -> Tensor:
        """(..., 3 P) -> (..., P, 3)."""
        return flat.reshape(*flat.shape[:-1], self.points, 3)

    @abstractmethod
    def animate(self, features: Tensor, before: Tensor | None = None, person: Tensor | None = None) -> Tensor:
        """Give the motion of speech.

        Args:
            features: (B, T, L, D).
            before: (B, P, 3) mm, displacement of the frame before the first; None for rest. Only an
                autoregressive system looks at it.
            person: (B,) number of the speaker, negative for nobody's; only a system with styles looks.

        Returns:
            (B, T, P, 3) mm.
        """

    @abstractmethod
    def criterion(self, made: Tensor, truth: Tensor) -> Tensor:
        """Return what training minimises, of (B, T, P, 3) mm both."""

    @torch.no_grad()
    def predict(self, take: Take) -> Float32:
        """Return (T, P, 3) displacement in millimetres of one recording."""
        features = torch.from_numpy(take.features.astype(np.float32)).to(self.mean)
        made: Float32 = self.animate(features[None])[0].cpu().numpy()
        return made
