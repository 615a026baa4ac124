"""A mapped head as the network reads it: its surface over the chart, and samples drawn from that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.mesh.canonical import ChartLocator
from mmtalker.mesh.normals import vertex_normals
from mmtalker.model.graph import nearest_neighbours
from mmtalker.model.network import MMTalkerNetwork, SampledHead

Float32 = NDArray[np.float32]

POSITION_SCALE = 10.0
"""The network reads positions in decimetres."""


@dataclass(frozen=True)
class HeadSurface:
    """A head's skin over the chart.

    Attributes:
        uv: (V, 2) chart place of each vertex; meaningless where ``on_chart`` is false.
        point: (V, 6) position in dm and unit normal, canonical space.
        on_chart: (V,) whether the vertex has a chart place.
        triangles: (T, 3) those with all corners on the chart.
        locator: finds triangles of this head by chart place.
    """

    uv: Float32
    point: Float32
    on_chart: NDArray[np.bool_]
    triangles: NDArray[np.int32]
    locator: ChartLocator

    @staticmethod
    def build(
        vertices: NDArray[np.floating],
        triangles: NDArray[np.int32],
        uv: Float32,
        on_chart: NDArray[np.bool_],
    ) -> HeadSurface:
        """Prepare a head given in canonical space (metres)."""
        skin = triangles[on_chart[triangles].all(axis=1)]
        point = np.concatenate([vertices * POSITION_SCALE, vertex_normals(vertices, skin)], axis=1)
        return HeadSurface(uv, point.astype(np.float32), on_chart, skin, ChartLocator(uv, skin))

    def at(self, uv: Float32, field: Float32) -> Float32:
        """Read a per-vertex field (V, F) at (N, 2) chart places."""
        triangle, barycentric = self.locator.locate(uv)
        read: Float32 = np.einsum("nc,ncf->nf", barycentric, field[self.triangles[triangle]])
        return read.astype(np.float32)


@dataclass(frozen=True)
class Chart:
    """The canonical chart's triangles, over which samples are drawn.

    Attributes:
        corners: (C, 3, 2) chart place of each triangle's corners.
    """

    corners: torch.Tensor

    @property
    def area(self) -> torch.Tensor:
        """(C,) area of each triangle on the chart."""
        a, b = self.corners[:, 1] - self.corners[:, 0], self.corners[:, 2] - self.corners[:, 0]
        return 0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).abs()


def sample_head(
    network: MMTalkerNetwork,
    chart: Chart,
    surface: HeadSurface,
    count: int,
    generator: torch.Generator | None = None,
) -> SampledHead:
    """Draw ``count`` samples with the network's own density and connect them.

    The result lies on the network's device; its ``log_weight`` carries the gradient to the logits.
    """
    samples = network.sampler(count, generator)
    corners = chart.corners.to(samples.barycentric)
    uv = (samples.barycentric[..., None] * corners[samples.triangle]).sum(dim=1)
    point = torch.from_numpy(surface.at(uv.cpu().numpy(), surface.point)).to(uv)
    static = torch.cat([point, uv], dim=1)
    neighbours = nearest_neighbours(point[:, :3], network.config.neighbours)
    return SampledHead(static, neighbours, samples.log_weight)
