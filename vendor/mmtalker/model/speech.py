"""Hierarchical speech features: several encoder layers mixed, local per frame and one global vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SpeechFeatures(nn.Module):
    """Mix encoder layers by learned weights and split them into local and global features.

    Every channel of every layer is standardised first, by figures measured on the training speech: a few
    channels of the encoder's middle layers are hundreds of times louder than all others and would
    be all that a normalisation over channels sees.

    Args:
        layers: L, encoder layers given.
        speech_width: D.
        width: d.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, layers: int, speech_width: int, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(layers, speech_width))
        self.register_buffer("deviation", torch.ones(layers, speech_width))
        self.mix = nn.Parameter(torch.zeros(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(speech_width) for _ in range(layers))
        self.local = nn.Linear(speech_width, width)
        self.smooth = nn.Conv1d(width, width, kernel_size=3, padding=1)
        self.score = nn.Linear(speech_width, 1)
        self.globally = nn.Linear(speech_width, width)
        self.drop = nn.Dropout(dropout)

    @torch.no_grad()
    def standardise_by(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the (L, D) mean and standard deviation of the speech to train on."""
        self.mean.copy_(mean)
        self.deviation.copy_(deviation.clamp_min(1e-3))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, L, D) -> local (B, T, d), global (B, d)."""
        weights = torch.softmax(self.mix, dim=0)
        features = (features - self.mean) / self.deviation
        normed = [norm(features[:, :, i]) for i, norm in enumerate(self.norms)]
        mixed = sum((w * x for w, x in zip(weights, normed, strict=True)), torch.zeros_like(normed[0]))
        local = self.drop(torch.nn.functional.gelu(self.local(mixed)))
        local = local + self.smooth(local.transpose(1, 2)).transpose(1, 2)
        share = torch.softmax(self.score(mixed), dim=1)
        return local, self.globally((share * mixed).sum(dim=1))
