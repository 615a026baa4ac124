"""How a person speaks, apart from what they say: a few learned numbers each, as VOCA has them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

START = 1.0
"""Deviation of the numbers before training."""


class PersonalStyle(nn.Module):
    """A style for each person of the training set, and named ones made from them.

    Their mean is the default, so that no one's habit is taken for everybody's.

    Args:
        people: P, whom training sees; without any, the default is zero.
        named: N, styles that may be asked for.
        width: numbers of a style.
    """

    named: Tensor

    def __init__(self, people: int, named: int, width: int) -> None:
        super().__init__()
        self.people = nn.Parameter(START * torch.randn(people, width))
        self.register_buffer("named", torch.zeros(named, width))

    def default(self) -> Tensor:
        """Return the (1, width) mean of all people."""
        if not len(self.people):
            return self.people.new_zeros(1, self.people.shape[1])
        return self.people.mean(dim=0, keepdim=True)

    def of_people(self, people: Tensor) -> Tensor:
        """Return the (B, width) styles of (B,) people; a negative number stands for the default."""
        own = self.default().expand(len(people), -1)
        if not len(self.people):
            return own
        return torch.where((people >= 0)[:, None], self.people[people.clamp_min(0)], own)

    def asked(self, style: int, strength: float) -> Tensor:
        """Return the (1, width) default, gone ``strength`` of the way to named style number ``style``."""
        out: Tensor = self.default() + strength * self.named[style][None]
        return out
