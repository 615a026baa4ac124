"""Where on the canonical head each pixel of a picture is: a small U-Net, with a confidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu, softplus

SMALLEST_SCALE = 0.005
"""Decimetres: nobody can say better where skin lies that has no features."""


@dataclass(frozen=True)
class PixelConfig:
    """Sizes of a network.

    Attributes:
        inputs: channels of a picture.
        widths: channels at each resolution, finest first: half the picture's, a quarter, and so on.
        blocks: residual blocks at the coarsest one.
    """

    inputs: int
    widths: tuple[int, ...]
    blocks: int = 3

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class PixelPlaces:
    """What the network says of every other pixel (the even ones) of N pictures, R = S / 2.

    Attributes:
        place: (N, 3, R, R) canonical position, dm.
        scale: (N, R, R) expected error of it, dm.
        face: (N, R, R) logit of being skin of the head.
    """

    place: Tensor
    scale: Tensor
    face: Tensor


class Block(nn.Module):
    """x + two convolutions of it."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        inner = relu(self.first_norm(self.first(x)))
        return relu(x + self.second_norm(self.second(inner)))


def _step(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class PixelNetwork(nn.Module):
    """Down to the coarsest resolution, there round the whole picture, and up again."""

    def __init__(self, config: PixelConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = nn.Sequential(
            nn.Conv2d(config.inputs, widths[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        self.down = nn.ModuleList(nn.Sequential(_step(a, b, stride=2), Block(b)) for a, b in pairwise(widths))
        self.middle = nn.Sequential(*(Block(widths[-1], dilation=1 + i % 2) for i in range(config.blocks)))
        self.up = nn.ModuleList(nn.Sequential(_step(a + b, b), Block(b)) for a, b in pairwise(widths[::-1]))
        self.out = nn.Conv2d(widths[0], 5, 1)

    def forward(self, image: Tensor) -> PixelPlaces:
        """(N, inputs, S, S), S a multiple of the coarsest pixel."""
        x = self.stem(image)
        fine = []
        for down in self.down:
            fine.append(x)
            x = down(x)
        x = self.middle(x)
        for up, beside in zip(self.up, fine[::-1], strict=True):
            x = up(torch.cat([interpolate(x, scale_factor=2.0, mode="nearest"), beside], dim=1))
        out = self.out(x).float()
        return PixelPlaces(out[:, :3], SMALLEST_SCALE + softplus(out[:, 3]), out[:, 4])
