"""What kind of head it is, in a few numbers: principal components of where its skin lies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LIMIT = 2.5
"""Standard deviations beyond which a head counts as the farthest one of training."""


class HeadIdentity(nn.Module):
    """z = B (x - x̄), with x the positions of fixed chart places, clipped to what training has seen.

    The components are found once, from the heads of training, and never learned by gradient.

    Args:
        components: J, how many numbers.
        places: N, how many chart places are looked at.
    """

    places: Tensor
    mean: Tensor
    basis: Tensor

    def __init__(self, components: int, places: int) -> None:
        super().__init__()
        self.register_buffer("places", torch.zeros(places, 2))
        self.register_buffer("mean", torch.zeros(3 * places))
        self.register_buffer("basis", torch.zeros(components, 3 * places))

    def forward(self, positions: Tensor) -> Tensor:
        """(N, 3) positions in dm at ``places`` -> (J,), of unit variance over the heads of training."""
        return (self.basis @ (positions.flatten() - self.mean)).clamp(-LIMIT, LIMIT)

    @torch.no_grad()
    def fit(self, places: Tensor, positions: Tensor) -> None:
        """Find the components of H heads; those that H heads do not have stay zero.

        Args:
            places: (N, 2) chart places.
            positions: (H, N, 3) dm.
        """
        flat = positions.flatten(1)
        mean = flat.mean(dim=0)
        _, size, directions = torch.linalg.svd(flat - mean, full_matrices=False)
        deviation = size / len(flat) ** 0.5
        found = min(len(self.basis), int((deviation > 1e-4).sum()))
        self.places.copy_(places)
        self.mean.copy_(mean)
        self.basis.zero_()
        self.basis[:found] = directions[:found] / deviation[:found, None]
