"""How a person speaks, apart from what they say: a few learned numbers, and how much of each channel."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LARGEST_FACTOR = 20.0

START = 0.1
"""Deviation of the learned numbers before training. From far apart, each person is learned for themselves,
and people whom nobody saw gain nothing by it."""


class PersonalStyle(nn.Module):
    """A learned vector for each person of the training set, and named styles that are made from people.

    The people's mean is the default, so that no one's habit is taken for everybody's. A named style lies off
    it in the direction of people who do more of something, and scales channels by how far people differ.

    Args:
        people: P, whom training sees; without any, the default is zero.
        named: N, styles that may be asked for.
        width: numbers of a person's vector.
        channels: K.
    """

    named: Tensor
    gain: Tensor
    offset: Tensor

    def __init__(self, people: int, named: int, width: int, channels: int) -> None:
        super().__init__()
        self.people = nn.Parameter(START * torch.randn(people, width))
        self.register_buffer("named", torch.zeros(named, width))
        self.register_buffer("gain", torch.zeros(named, channels))
        self.register_buffer("offset", torch.zeros(named, channels))

    def default(self) -> Tensor:
        """Return the (1, width) mean of all people."""
        if not len(self.people):
            return self.people.new_zeros(1, self.people.shape[1])
        return self.people.mean(dim=0, keepdim=True)

    def of_people(self, people: Tensor) -> Tensor:
        """Return the (B, width) vectors of (B,) people; a negative number stands for the default."""
        own = self.default().expand(len(people), -1)
        if not len(self.people):
            return own
        return torch.where((people >= 0)[:, None], self.people[people.clamp_min(0)], own)

    def asked(self, style: int, strength: float) -> Tensor:
        """Return the (1, width) default, gone ``strength`` of the way to named style number ``style``."""
        out: Tensor = self.default() + strength * self.named[style][None]
        return out

    def shade(self, style: int, strength: float, activations: Tensor) -> Tensor:
        """Return (T, K) activations as in a named style: a exp(strength gain) + strength offset.

        Beyond a factor of ``LARGEST_FACTOR`` a stronger style scales no further.
        """
        most = math.log(LARGEST_FACTOR)
        factor = (strength * self.gain[style]).clamp(-most, most).exp()
        return activations * factor + strength * self.offset[style]
