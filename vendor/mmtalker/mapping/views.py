"""Pictures of a cloud of points from any direction: normals, depth, and which point each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Float64 = NDArray[np.float64]

DEPTH_STEPS = 1 << 20
"""Depths that a pixel tells apart; with the point's number they share one 64-bit integer."""

GAP_PIXELS = 4.0
"""So many pixels deeper than its neighbours, a pixel shows the inside through a gap between points."""

CHANNELS = 5
"""Normal in the view's axes, depth, and whether the surface's front is seen (1), its back (-1) or nothing."""


@dataclass(frozen=True)
class Views:
    """N square, parallel projections.

    Attributes:
        rotation: (N, 3, 3) from the cloud's axes to the view's: x to the right, y up, z towards the viewer.
        centre: (N, 3) what is in the middle.
        half: (N,) half a side, in the cloud's units.
    """

    rotation: Tensor
    centre: Tensor
    half: Tensor

    def __len__(self) -> int:
        return len(self.half)


@dataclass(frozen=True)
class Pictures:
    """What views show.

    Attributes:
        image: (N, CHANNELS, S, S).
        index: (N, S, S) number of the point in each pixel, -1 where there is none.
    """

    image: Tensor
    index: Tensor


def look(points: Tensor, normals: Tensor, views: Views, size: int) -> Pictures:
    """Splat (P, 3) points with (P, 3) normals into N pictures of S x S pixels, the nearest in front.

    A pixel that no point fell into shows the nearest of what its neighbours show.
    """
    count = len(views)
    place = torch.einsum("nij,npj->npi", views.rotation, points[None] - views.centre[:, None])
    place = place / views.half[:, None, None]
    pixel = ((place[..., :2] * 0.5 + 0.5) * size).floor().long()
    inside = ((pixel >= 0) & (pixel < size)).all(dim=-1) & (place[..., 2].abs() < 2.0)
    row, column = size - 1 - pixel[..., 1], pixel[..., 0]
    view = torch.arange(count, device=points.device)[:, None]
    flat = ((view * size + row) * size + column)[inside]
    depth = ((place[..., 2] * 0.25 + 0.5) * DEPTH_STEPS).long().clamp(0, DEPTH_STEPS - 1)
    number = torch.arange(len(points), device=points.device).expand(count, -1)
    key = ((depth << 32) | number)[inside]
    nearest = torch.full((count * size * size,), -1, dtype=torch.long, device=points.device)
    nearest.scatter_reduce_(0, flat, key, reduce="amax")
    nearest = _fill(nearest.view(count, size, size))
    seen = nearest >= 0
    index = torch.where(seen, nearest & 0xFFFFFFFF, -1)
    shown = index.clamp_min(0)
    normal = torch.einsum("nij,nabj->niab", views.rotation, normals[shown])
    depth_shown = place[..., 2].gather(1, shown.view(count, -1)).view_as(shown)
    front = torch.where(normal[:, 2] >= 0.0, 1.0, -1.0)
    image = torch.cat([normal, depth_shown[:, None], front[:, None]], dim=1) * seen[:, None]
    return Pictures(image, index)


def _fill(nearest: Tensor) -> Tensor:
    """Close the gaps between points: where most neighbours show something much nearer, so does the pixel."""
    size = nearest.shape[-1]
    padded = torch.nn.functional.pad(nearest, (1, 1, 1, 1), value=-1)
    around = torch.stack(
        [padded[:, i : i + size, j : j + size] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    )
    behind = int(GAP_PIXELS * 2.0 / size * 0.25 * DEPTH_STEPS) << 32
    covered = (around > nearest.clamp_min(0) + behind).sum(dim=0) >= 4
    return torch.where(covered, around.amax(dim=0), nearest)


def look_at_rotation(directions: Float64, up: Float64) -> Float64:
    """Return (N, 3, 3) rotations of views from ``directions`` (N, 3), with ``up`` (N, 3) up."""
    back = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    right = np.cross(up, back)
    right = right / np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(back, right), back], axis=1)
