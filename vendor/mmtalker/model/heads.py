"""A mapped head as the network reads it: its surface over the chart, and samples drawn from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.roles import CHART_ROLES
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.model.graph import nearest_neighbours
from mmtalker.model.network import MMTalkerNetwork, SampledHead

Float32 = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

POSITION_SCALE = 10.0
"""The network reads positions in decimetres."""


INFERENCE_SEED = 0

SMALLEST_AREA = 1e-12
"""Triangles below this share of the chart cover nothing and are not looked up."""


def chart_areas(corners: Floats) -> Floats:
    """Return the (T,) areas of (T, 3, 2) triangles."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area: Floats = 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    return area


@dataclass(frozen=True)
class HeadSurface:
    """A head's skin over the chart.

    Attributes:
        uv: (V, 2) chart place of each vertex; meaningless where ``on_chart`` is false.
        point: (V, 6) position in dm and unit normal, canonical space.
        on_chart: (V,) whether the vertex has a chart place.
        triangles: (T, 3) those with all corners on the chart.
        chart: finds this head's triangles by chart place.
    """

    uv: Float32
    point: Float32
    on_chart: NDArray[np.bool_]
    triangles: NDArray[np.int32]
    chart: CanonicalSurface

    @staticmethod
    def build(
        vertices: Floats,
        triangles: NDArray[np.int32],
        uv: Float32,
        on_chart: NDArray[np.bool_],
    ) -> HeadSurface:
        """Prepare a head given in canonical space (metres)."""
        skin = triangles[on_chart[triangles].all(axis=1)]
        point = np.concatenate([vertices * POSITION_SCALE, vertex_normals(vertices, skin)], axis=1)
        covering = skin[chart_areas(uv[skin]) > SMALLEST_AREA]
        return HeadSurface(uv, point.astype(np.float32), on_chart, skin, CanonicalSurface(uv, covering))

    @staticmethod
    def mapped(vertices: Floats, mapping: HeadMapping) -> HeadSurface:
        """Prepare a head that was mapped; of vertices in one place one stands for all.

        Args:
            vertices: (V, 3) in canonical space (metres).
            mapping: where they lie.
        """
        itself = mapping.owner == np.arange(len(vertices))
        on_chart = np.isin(mapping.role, CHART_ROLES) & itself
        return HeadSurface.build(vertices, mapping.triangles, mapping.uv, on_chart)

    def skin_triangles(self) -> NDArray[np.int32]:
        """(T, 3) triangles in the numbering of the chart vertices alone."""
        return (np.cumsum(self.on_chart) - 1)[self.triangles].astype(np.int32)

    def at(self, uv: Float32, field: Float32) -> Float32:
        """Read a per-vertex field (V, F) at (N, 2) chart places."""
        read: Float32 = self.chart.interpolate(field, uv).astype(np.float32)
        return read


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
        return torch.from_numpy(chart_areas(self.corners.cpu().numpy())).to(self.corners)


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
    # Samples and the places that tell identity are looked up together: finding triangles is what takes time.
    looked_up = torch.cat([uv, network.identity.places.to(uv)])
    read = torch.from_numpy(surface.at(looked_up.cpu().numpy(), surface.point)).to(uv)
    point, places = read[:count], read[count:, :3]
    static = torch.cat([point, uv], dim=1)
    neighbours = nearest_neighbours(point[:, :3], network.config.neighbours)
    return SampledHead(static, neighbours, samples.log_weight, network.identity(places))


def sample_for_inference(network: MMTalkerNetwork, chart: Chart, surface: HeadSurface) -> SampledHead:
    """Draw the samples that a head always gets, so that its shape keys never change."""
    generator = torch.Generator().manual_seed(INFERENCE_SEED)
    return sample_head(network, chart, surface, network.config.samples, generator)
