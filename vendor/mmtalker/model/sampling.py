"""Non-uniform differentiable sampling of the chart: one learnable logit per triangle."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Samples:
    """Points drawn on the chart.

    Attributes:
        triangle: (S,) canonical triangle of each sample.
        barycentric: (S, 3) position in it.
        log_weight: (S,) all zero in value; its gradient is that of log p(triangle).
    """

    triangle: Tensor
    barycentric: Tensor
    log_weight: Tensor


class TriangleSampler(nn.Module):
    """Draw samples with probability softmax(logit + log area).

    A drawn index has no gradient, so the gradient reaches the logits through the samples'
    weights: a sample stands for a density, and every reader of samples (attention, pooling,
    interpolation) multiplies it by p / stop(p), which is 1 in value and has the gradient of log p. In
    expectation that is the exact gradient of the reader's sum over triangles, by
    d/dl sum_i p_i f_i = E[f d log p / dl] (the likelihood-ratio identity, Glynn 1990).

    Args:
        area: (C,) area of each chart triangle; with zero logits the density is uniform on the chart.
        learned: whether the logits may move away from zero.
    """

    area: Tensor

    def __init__(self, area: Tensor, learned: bool = True) -> None:
        super().__init__()
        self.register_buffer("area", area.float())
        self.logits = nn.Parameter(torch.zeros(len(area)), requires_grad=learned)

    def log_probability(self) -> Tensor:
        """(C,) log of each triangle's probability."""
        return torch.log_softmax(self.logits + torch.log(self.area.clamp_min(1e-12)), dim=0)

    def forward(self, count: int, generator: torch.Generator | None = None) -> Samples:
        """Draw ``count`` samples by systematic sampling, which spreads them more evenly than chance.

        The same generator state gives the same samples.
        """
        log_p = self.log_probability()
        device = log_p.device
        # Drawn on the CPU, so that a seed means the same samples on every device.
        offset = torch.rand(count, generator=generator)
        inner = torch.rand(count, 2, generator=generator)
        position = (torch.arange(count) + offset) / count
        cumulative = torch.cumsum(log_p.detach().double().exp().cpu(), dim=0)
        triangle = torch.searchsorted(cumulative / cumulative[-1], position.double())
        triangle = triangle.clamp_max(len(log_p) - 1).to(device)
        root = inner[:, :1].sqrt()
        barycentric = torch.cat([1 - root, root * (1 - inner[:, 1:]), root * inner[:, 1:]], dim=1)
        chosen = log_p[triangle]
        return Samples(triangle, barycentric.to(device), chosen - chosen.detach())
