"""The loss of one training step on moving vertices: one person, one batch of speech."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lab.training.config import TrainConfig
from lab.training.distributed import Processes
from lab.training.losses import displacement_loss, roughness_loss, velocity_loss
from lab.training.stages import Stage, Terms, draws, parameter_groups
from lab.training.vertex_heads import subject_surface
from lab.training.vertex_windows import SurfacePoints, VertexBatches, VertexWindows, at_places
from lab.vertex_sets.store import VertexCorpus
from mmtalker.model.heads import Chart, HeadSurface, sample_head
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import FactorisedRegression, JointRegression


class VertexStepLoss(nn.Module):
    """The network with its losses on displacement, as one module that several processes can share.

    Args:
        network: to train.
        chart: of the topology.
        triangles: (C, 3) vertices of the chart's triangles.
        weight: (V,) how much each vertex counts.
        config: sizes.
    """

    def __init__(
        self,
        network: MMTalkerNetwork,
        chart: Chart,
        triangles: NDArray[np.int32],
        weight: NDArray[np.float32],
        config: TrainConfig,
    ) -> None:
        super().__init__()
        self.network, self._chart, self._config = network, chart, config
        self._triangles = triangles.astype(np.int64)
        self._often = torch.from_numpy(weight[triangles].sum(axis=1))

    def forward(self, surface: HeadSurface, windows: VertexWindows, generator: torch.Generator) -> Terms:
        """Return every term of the loss, unweighted."""
        network, config = self.network, self._config
        device = self._chart.corners.device
        sampled = sample_head(network, self._chart, surface, config.samples, generator)
        past = windows.past(self._points_at(surface, sampled.uv)).to(device)
        past = past * torch.from_numpy(~windows.from_rest).to(past)[:, None, None]

        points = self._draw_points(config.motion_points, generator)
        uv, point = (
            torch.from_numpy(points.blend(field[points.vertices])).to(device)
            for field in (surface.uv, surface.point)
        )
        truth = windows.displacement(points).to(device)
        motion = network.motion(sampled, windows.features().to(device), past)
        places = windows.places().to(device)
        local, whole = network.point_features(sampled, uv)
        regression = network.regression
        if isinstance(regression, JointRegression):
            made = at_places(regression(motion, uv, point, local, whole), places)
        else:
            shapes = regression.shapes(uv, point, local, whole, sampled.identity)
            # Each member learns by itself, as if the batch were so many times as large.
            said = torch.cat([at_places(one, places) for one in regression.each(motion)])
            made = torch.einsum("btk,kpc->btpc", said, shapes)
            truth = truth.repeat(len(made) // len(truth), 1, 1, 1)
        one = torch.ones(config.motion_points, device=device)  # points were drawn by weight already
        return {"displacement": displacement_loss(made, truth, one), "velocity": velocity_loss(made, truth)}

    def _draw_points(self, count: int, generator: torch.Generator) -> SurfacePoints:
        """Draw triangles by the weight of their corners, and a place in each evenly."""
        rows = torch.multinomial(self._often, count, replacement=True, generator=generator)
        weights = torch.distributions.utils.clamp_probs(torch.rand(count, 3, generator=generator)).log()
        weights = weights / weights.sum(dim=1, keepdim=True)
        return SurfacePoints(self._triangles[rows.numpy()], weights.numpy())

    def _points_at(self, surface: HeadSurface, uv: Tensor) -> SurfacePoints:
        """Find the surface's points at (S, 2) chart places."""
        triangle, weights = surface.chart.locate(uv.detach().cpu().numpy())
        return SurfacePoints(surface.chart.triangles[triangle], weights.astype(np.float32))


def vertex_stage(
    network: MMTalkerNetwork,
    chart: Chart,
    corpus: VertexCorpus,
    batches: VertexBatches,
    weight: NDArray[np.float32],
    start: Tensor,
    config: TrainConfig,
    run: Processes,
) -> Stage:
    """Everything together, one subject a step.

    Args:
        network: to train.
        chart: of the topology.
        corpus: whose templates are read.
        batches: of speech with motion.
        weight: (V,) how much each vertex counts.
        start: the displacement map that training started from; leaving it roughly costs.
        config: of the run.
        run: this process.
    """
    surfaces = {subject: subject_surface(corpus, subject) for subject in batches.subjects}
    module = run.share(VertexStepLoss(network, chart, corpus.chart_triangles, weight, config))
    regression = network.regression

    def loss_at(step: int) -> Terms:
        rng, generator = draws(config, 0, step)
        windows = batches.draw(rng)
        surface = surfaces[windows.subject]
        terms: Terms = module(surface, windows.part(run.rank, run.count), generator)
        if isinstance(regression, FactorisedRegression):
            terms["roughness"] = roughness_loss(regression.map - start)
        return terms

    return Stage("vertices", config.steps, network, parameter_groups(network, config), module, loss_at)
