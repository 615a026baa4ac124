"""A small network on film alone: how far a few convolutions go with a hundred seconds of training.

One linear layer down to 64 channels, four residual convolutions of three taps dilated 1, 2, 4 and 8, and
linear components as VOCA-style has them. Half of the features are dropped and noise is added, and each person
has a learned vector, whose mean is used for people whom nobody saw. Loss of value and of velocity.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout1d, gelu

from lab.baselines.voca import Components

WIDTH = 64
DILATIONS = (1, 2, 4, 8)
DROPOUT = 0.5
NOISE = 0.3
STYLE = 8
MOST_PEOPLE = 64


class SmallNetwork(Components):
    """See the module; arguments as in :class:`lab.baselines.decoder.Decoder`."""

    def __init__(self, layers: int, speech_width: int, points: int) -> None:
        super().__init__(layers, speech_width, points)
        self.read = nn.Linear(self.channels, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, padding=dilation, dilation=dilation) for dilation in DILATIONS
        )
        self.people = nn.Embedding(MOST_PEOPLE, STYLE)
        nn.init.normal_(self.people.weight, std=0.1)
        self.register_buffer("seen", torch.zeros(MOST_PEOPLE))
        self.style = nn.Linear(STYLE, WIDTH)
        self.encode = nn.Linear(WIDTH, self.decode.in_features)

    seen: Tensor

    def animate(self, features: Tensor, before: Tensor | None = None, person: Tensor | None = None) -> Tensor:
        """(B, T, L, D) -> (B, T, P, 3) mm; a negative ``person`` (B,), or none, is the mean of those seen."""
        x = self.standardised(features)
        if self.training:
            x = x + NOISE * torch.randn_like(x)
            x = dropout1d(x.transpose(1, 2), DROPOUT).transpose(1, 2)
        x = (self.read(x) + self.style(self._vector(person, len(features)))[:, None]).transpose(1, 2)
        for convolution in self.convolutions:
            x = x + gelu(convolution(x))
        made = self.decode(self.encode(x.transpose(1, 2)))
        return self.as_points(made)

    def _vector(self, person: Tensor | None, count: int) -> Tensor:
        if person is None:
            person = torch.full((count,), -1, device=self.seen.device)
        if self.training:
            self.seen[person[person >= 0]] = 1.0
        mean = (self.seen[:, None] * self.people.weight).sum(dim=0) / self.seen.sum().clamp_min(1.0)
        out: Tensor = torch.where((person >= 0)[:, None], self.people(person.clamp_min(0)), mean)
        return out
