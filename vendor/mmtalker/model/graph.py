"""Residual graph convolution over geometry samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def nearest_neighbours(points: Tensor, count: int) -> Tensor:
    """Return the (S, count) nearest samples of each of the (S, 3) points, itself first."""
    count = min(count, len(points))
    return torch.cdist(points, points).topk(count, largest=False).indices


class ResidualEdgeConvolution(nn.Module):
    """x_i + W max_j relu(A x_i + B (x_j - x_i)), the edge convolution of Wang et al. 2019 (DGCNN).

    A and B act before the gather, so the cost is one product for each sample and not for each edge.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.centre = nn.Linear(width, width)
        self.edge = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, neighbours: Tensor) -> Tensor:
        """(..., S, width), (S, k) -> (..., S, width)."""
        normed = self.norm(x)
        edge = self.edge(normed)
        # relu is monotone: the maximum over neighbours may be taken before it.
        gathered = edge.index_select(-2, neighbours.flatten()).unflatten(-2, neighbours.shape)
        reach = gathered.amax(dim=-2) - edge
        out: Tensor = x + self.out(torch.relu(self.centre(normed) + reach))
        return out


class GeometryNetwork(nn.Module):
    """Samples with position, normal, chart place and recent motion -> tokens.

    Args:
        width: channels inside.
        layers: residual edge convolutions.
    """

    STATIC = 3 + 3 + 2
    MOTION = 3 + 3

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.static = nn.Linear(self.STATIC, width)
        self.motion = nn.Linear(self.MOTION, width, bias=False)
        self.layers = nn.ModuleList(ResidualEdgeConvolution(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, static: Tensor, motion: Tensor, neighbours: Tensor) -> Tensor:
        """Encode samples.

        Args:
            static: (S, 8) position in dm, unit normal, (u, v).
            motion: (B, S, 6) displacement and velocity of the frames before the window, cm; zero
                where nothing came before.
            neighbours: (S, k).

        Returns:
            (B, S, width).
        """
        x = self.static(static) + self.motion(motion)
        for layer in self.layers:
            x = layer(x, neighbours)
        out: Tensor = self.norm(x)
        return out
