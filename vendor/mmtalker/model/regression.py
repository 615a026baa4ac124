"""From a chart point and the motion feature to a displacement, at any resolution."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, grid_sample

from mmtalker.model.layers import zero_linear

DISPLACEMENT_SCALE = 0.01
"""Metres for each unit that the network puts out: it works in centimetres."""


def read_grid(grid: Tensor, uv: Tensor) -> Tensor:
    """Read a (1, F, R, R) grid over the unit square bilinearly at (P, 2); returns (P, F).

    Node (row i, column j) lies at u = j / (R - 1), v = i / (R - 1).
    """
    place = (2.0 * uv - 1.0)[None, :, None]
    return grid_sample(grid, place, align_corners=True, padding_mode="border")[0, :, :, 0].T


class ChartEncoding(nn.Module):
    """γ(u, v): learnable feature grids of several resolutions over the chart, read bilinearly.

    Grids reach the sharp borders of lips and lids in far fewer steps than sines of the coordinates do.
    """

    def __init__(self, resolutions: tuple[int, ...], features: int) -> None:
        super().__init__()
        self.grids = nn.ParameterList(
            nn.Parameter(1e-2 * torch.randn(1, features, size, size)) for size in resolutions
        )
        self.width = features * len(resolutions)

    def forward(self, uv: Tensor) -> Tensor:
        """(P, 2) in 0..1 -> (P, width)."""
        return torch.cat([read_grid(grid, uv) for grid in self.grids], dim=1)


def interpolate_samples(
    points_uv: Tensor, samples_uv: Tensor, features: Tensor, log_weight: Tensor, neighbours: int = 6
) -> Tensor:
    """Read sample features at chart points, by a Gaussian over the nearest samples.

    Args:
        points_uv: (P, 2).
        samples_uv: (S, 2).
        features: (S, F).
        log_weight: (S,) how many samples each stands for.

    Returns:
        (P, F).
    """
    distance, index = torch.cdist(points_uv, samples_uv).topk(neighbours, largest=False)
    width = distance[:, -1:].clamp_min(1e-6)
    # A compact kernel: the farthest neighbour has weight 0, so a point that passes from one set of
    # neighbours to another sees no jump.
    kernel = (1.0 - (distance / width) ** 2).clamp_min(0.0) ** 2 + 1e-6
    weight = kernel * log_weight.exp()[index]
    weight = weight / weight.sum(dim=1, keepdim=True)
    return (weight[..., None] * features[index]).sum(dim=1)


class Trunk(nn.Module):
    """The layers that see chart place, local geometry and the head as a whole.

    Args:
        encoding: γ.
        local_width: channels of the interpolated sample tokens.
        width, layers: of the MLP.
    """

    POINT = 3 + 3
    CONDITION = 32

    def __init__(self, encoding: ChartEncoding, local_width: int, width: int, layers: int) -> None:
        super().__init__()
        self.encoding = encoding
        self.local = nn.Linear(local_width, self.CONDITION)
        self.whole = nn.Linear(local_width, self.CONDITION)
        sizes = [encoding.width + self.POINT + 2 * self.CONDITION] + [width] * layers
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, uv: Tensor, point: Tensor, local: Tensor, whole: Tensor) -> Tensor:
        """(P, 2), (P, 6) position and normal, (P, F), (F,) -> (P, width)."""
        x = torch.cat(
            [self.encoding(uv), point, self.local(local), self.whole(whole).expand(len(uv), -1)], dim=1
        )
        for layer in self.layers:
            x = gelu(layer(x))
        return x


class FactorisedRegression(nn.Module):
    """D(p, t) = sum_k a_k(m_t) Φ_k(p): K shapes from the trunk, K activations from the branch.

    Every member gives activations of its own, and their mean is what counts: what each gets wrong in its own
    way cancels out. They are combinations of principal directions of the motion, so that all of it is learned
    alike, large and small.

    Φ_k = M_0k + sum_j z_j M_jk + what the trunk makes of this head's geometry, with M displacement maps
    over the chart and z the head's identity (:class:`HeadIdentity`).
    """

    def __init__(
        self,
        trunk: Trunk,
        trunk_width: int,
        motion_width: int,
        channels: int,
        map_resolution: int,
        identity_modes: int = 0,
        variation_resolution: int = 2,
        members: int = 1,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        fine, coarse = (map_resolution, map_resolution), (variation_resolution, variation_resolution)
        self.map = nn.Parameter(torch.zeros(1, channels * 3, *fine))
        self.variations = nn.Parameter(torch.zeros(identity_modes, channels * 3, *coarse))
        # An untrained network gives a still face.
        self.shape = zero_linear(trunk_width, channels * 3)
        self.members = nn.ModuleList(zero_linear(motion_width, channels) for _ in range(members))
        self.directions = nn.Parameter(torch.eye(channels))

    def shapes(self, uv: Tensor, point: Tensor, local: Tensor, whole: Tensor, identity: Tensor) -> Tensor:
        """Return Φ (K, P, 3) in centimetres; (J,) identity, and arguments of :meth:`Trunk.forward`."""
        variation = torch.einsum("j,jcab->cab", identity, self.variations)[None]
        map_says = read_grid(self.map, uv) + read_grid(variation, uv)
        flat: Tensor = map_says + self.shape(self.trunk(uv, point, local, whole))
        return flat.reshape(flat.shape[0], -1, 3).transpose(0, 1)

    @torch.no_grad()
    def start_map(self, shapes: Tensor) -> None:
        """Set the map from (K', 3, R, R) displacements in cm at its nodes, the same for every head."""
        self.variations.requires_grad_(False)
        self.map[:, : shapes.shape[0] * 3] = shapes.flatten(0, 1)

    @torch.no_grad()
    def set_maps(self, shared: Tensor, variations: Tensor) -> None:
        """Set all maps in cm, and learn none of them by gradient any more.

        Args:
            shared: (K, 3, R, R), of all heads.
            variations: (J, K, 3, V, V), what each identity mode adds.
        """
        for parameter, values in ((self.map, shared[None]), (self.variations, variations)):
            parameter.copy_(values.flatten(1, 2))
            parameter.requires_grad_(False)

    @torch.no_grad()
    def start_directions(self, directions: Tensor) -> None:
        """Set the (K, K) activations, one direction a row, that activations are combined from."""
        self.directions.copy_(directions)

    def each(self, motion: Tensor) -> Tensor:
        """(B, R, T, d) -> (R, B, T, K): what each member says."""
        said = [member(motion[:, i]) for i, member in enumerate(self.members)]
        return torch.stack(said) @ self.directions

    def activations(self, motion: Tensor) -> Tensor:
        """(B, R, T, d) -> (B, T, K): the mean of what the members say."""
        return self.each(motion).mean(dim=0)


class JointRegression(nn.Module):
    """The paper's form: one network over the point's feature and the motion feature together."""

    def __init__(self, trunk: Trunk, trunk_width: int, motion_width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.motion = nn.Linear(motion_width, trunk_width)
        self.hidden = nn.Linear(trunk_width, trunk_width)
        self.out = zero_linear(trunk_width, 3)

    def forward(self, motion: Tensor, uv: Tensor, point: Tensor, local: Tensor, whole: Tensor) -> Tensor:
        """(B, R, T, d) and P points -> displacement (B, T, P, 3) in centimetres."""
        place = self.trunk(uv, point, local, whole)
        mixed = gelu(place + self.motion(motion.transpose(1, 2).flatten(2))[:, :, None])
        out: Tensor = self.out(gelu(self.hidden(mixed)))
        return out
