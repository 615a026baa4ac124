"""Hierarchical speech features: several encoder layers read by several members, per frame and as a whole."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

TAPS = 3
"""Frames that one convolution sees, as far apart as its dilation."""


class EnsembleMember(nn.Module):
    """One member: all layers of a frame side by side, then residual convolutions, each twice as dilated.

    The layers are brought down to d channels by one product for each frame: a few people's films cannot
    teach more.

    Args:
        inputs: L D, channels of all layers together.
        width: d.
        temporal_layers: convolutions.
    """

    def __init__(self, inputs: int, width: int, temporal_layers: int) -> None:
        super().__init__()
        self.read = nn.Linear(inputs, width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, TAPS, padding=2**level, dilation=2**level)
            for level in range(temporal_layers)
        )
        self.score = nn.Linear(width, 1)
        self.whole = nn.Linear(width, width)

    def forward(self, layers: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, L D) -> local (B, T, d), global (B, d)."""
        local = self.read(layers).transpose(1, 2)
        for convolution in self.convolutions:
            local = local + gelu(convolution(local))
        local = local.transpose(1, 2)
        share = torch.softmax(self.score(local), dim=1)
        return local, self.whole((share * local).sum(dim=1))


class SpeechFeatureNetwork(nn.Module):
    """What R members take from the encoder's layers.

    Every channel of every layer is standardised first, by figures measured on the training speech: a few
    channels of the encoder's middle layers are hundreds of times louder than all others and would
    be all that a normalisation over channels sees. Layers lie side by side, so that each member mixes
    them channel by channel.

    Args:
        layers: L, encoder layers given.
        speech_width: D.
        width: d.
        members: R.
        temporal_layers: of each member.
        dropout: share of the channels that a member misses in a window during training.
        noise: deviation of what is added to every standardised channel during training. A few people's films
            say little of all voices: without both, a member learns by heart how those sound.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        layers: int,
        speech_width: int,
        width: int,
        members: int,
        temporal_layers: int,
        dropout: float,
        noise: float,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(layers, speech_width))
        self.register_buffer("deviation", torch.ones(layers, speech_width))
        self.noise = noise
        self.drop = nn.Dropout(dropout)  # of whole channels, so of one number for each
        self.members = nn.ModuleList(
            EnsembleMember(layers * speech_width, width, temporal_layers) for _ in range(members)
        )

    @torch.no_grad()
    def standardise_by(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the (L, D) mean and standard deviation of the speech to train on."""
        self.mean.copy_(mean)
        self.deviation.copy_(deviation.clamp_min(1e-3))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, L, D) -> local (B, R, T, d), global (B, R, d)."""
        layers = ((features - self.mean) / self.deviation).flatten(2)
        if self.training:
            layers = layers + self.noise * torch.randn_like(layers)
            all_channels = torch.ones_like(layers[:, :1])
            read = [member(layers * self.drop(all_channels)) for member in self.members]
        else:
            read = [member(layers) for member in self.members]
        local, whole = zip(*read, strict=True)
        return torch.stack(local, dim=1), torch.stack(whole, dim=1)
