"""The two stages of a run: shape keys, and then how speech moves them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lab.training.batches import Batches
from lab.training.config import TrainConfig
from lab.training.distributed import Processes
from lab.training.head_set import HeadTensors, Places
from lab.training.losses import facing_gap, shape_loss
from lab.training.step import MotionLoss
from mmtalker.model.heads import Chart, sample_head
from mmtalker.model.network import MMTalkerNetwork, makes_shape_keys
from mmtalker.model.regression import FactorisedRegression

CHART_RATE = 5.0
"""How much faster the grids over the chart learn: each of their nodes is touched by few points a step."""

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Stage:
    """A part of a run.

    Attributes:
        name: for log and checkpoint.
        steps: how many.
        network: what learns.
        groups: parameters as an optimiser takes them, each with its ``peak`` learning rate.
        module: what is called at each step.
        loss_at: the terms of a step's loss.
    """

    name: str
    steps: int
    network: MMTalkerNetwork
    groups: list[dict[str, Any]]
    module: nn.Module
    loss_at: Callable[[int], Terms]
    optimiser: type[torch.optim.Optimizer] = field(default=torch.optim.AdamW)


def draws(config: TrainConfig, stage: int, step: int) -> tuple[np.random.Generator, torch.Generator]:
    """Return the step's own sources of chance, so that a run which was stopped repeats nothing."""
    rng = np.random.default_rng([config.seed, stage, step])
    return rng, torch.Generator().manual_seed(int(rng.integers(2**62)))


def draw_head(heads: list[HeadTensors], rng: np.random.Generator, own: float = 0.35) -> HeadTensors:
    """Choose a head; a share of ``own`` goes to the models' own, which most users start from."""
    models = sum(head.own for head in heads)
    pool = models if rng.random() < own else len(heads)
    return heads[int(rng.integers(pool))]


def shape_keys(
    network: MMTalkerNetwork, chart: Chart, heads: list[HeadTensors], use: Tensor, config: TrainConfig
) -> Stage | None:
    """Only what makes shape keys, and what it sees of a head. None for the joint form.

    Args:
        network: to train.
        chart: over which samples are drawn.
        heads: to draw from.
        use: (K,) how much each shape counts.
        config: of the run.
    """
    regression = network.regression
    if not isinstance(regression, FactorisedRegression):
        return None
    device = chart.corners.device
    use = use.to(device)

    def loss_at(step: int) -> Terms:
        rng, generator = draws(config, 1, step)
        head = draw_head(heads, rng, own=0.5)
        # As many samples as at inference: the graph's features depend on their density.
        sampled = sample_head(network, chart, head.surface, config.model.samples, generator)
        points = 2 * config.shape_points
        rows = torch.multinomial(head.weight, points, replacement=True, generator=generator)
        # Lips and lids have to meet exactly, so their borders are looked at in every step.
        parts = [head.places[rows], head.lips, head.lids]
        compared = Places.joined(parts).to(device)
        shapes = network.shapes(sampled, compared.uv, compared.point)
        apart = shapes - compared.shapes
        _, lips, lids = torch.split(apart, [len(part.uv) for part in parts], dim=1)
        return {
            "shape": shape_loss(shapes, compared.shapes, use),
            "lip_contact": (facing_gap(lips).abs().mean(dim=1) * use).mean(),
            "eye_closure": (facing_gap(lids).abs().mean(dim=1) * use).mean(),
        }

    over_chart = list(regression.trunk.encoding.parameters())
    if config.model.sampling == "learned":
        over_chart += network.sampler.parameters()
    known = {id(parameter) for parameter in over_chart}
    moving = (network.geometry, regression.trunk, regression.shape)
    dense = [parameter for part in moving for parameter in part.parameters()]
    groups = [
        {"params": over_chart, "peak": CHART_RATE * config.learning_rate},
        {"params": [p for p in dense if id(p) not in known], "peak": config.learning_rate},
    ]
    return Stage("shapes", config.shape_steps, network, groups, network, loss_at, torch.optim.Adam)


def motion(
    network: MMTalkerNetwork,
    chart: Chart,
    heads: list[HeadTensors],
    batches: Batches,
    config: TrainConfig,
    run: Processes,
) -> Stage:
    """How speech moves the finished shape keys; in the joint form, everything.

    Args:
        network: to train.
        chart: over which samples are drawn.
        heads: to draw from.
        batches: of speech.
        config: of the run.
        run: this process.
    """
    module = run.share(MotionLoss(network, chart, config))

    def loss_at(step: int) -> Terms:
        rng, generator = draws(config, 0, step)
        torch.manual_seed(
            int(rng.integers(2**62))
        )  # of what members miss, so that a run that goes on repeats it
        head, batch = draw_head(heads, rng), batches.draw(rng).part(run.rank, run.count)
        terms: Terms = module(head, batch, generator)
        return terms

    regression = network.regression
    if isinstance(regression, FactorisedRegression):
        for name, parameter in network.named_parameters():
            if makes_shape_keys(name):
                parameter.requires_grad_(False)
        moving = (network.speech, network.style, network.phones, network.fusion, regression.members)
        parameters = [parameter for part in moving for parameter in part.parameters()]
        groups = [
            {"params": parameters, "peak": config.learning_rate, "weight_decay": config.weight_decay},
            {"params": [regression.directions], "peak": config.learning_rate, "weight_decay": 0.0},
        ]
    else:
        groups = parameter_groups(network, config)
    return Stage("motion", config.steps, network, groups, module, loss_at)


def parameter_groups(network: MMTalkerNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """Split the parameters: what lies over the chart is touched by few points a step and learns faster."""
    over_chart = [*network.regression.trunk.encoding.parameters(), *network.sampler.parameters()]
    left_out = {id(p) for p in network.sampler.parameters() if config.model.sampling == "uniform"}
    if isinstance(network.regression, FactorisedRegression):
        maps = [network.regression.map, network.regression.variations]
        over_chart += maps
        left_out |= {id(part) for part in maps if not part.requires_grad}
    over_chart = [parameter for parameter in over_chart if id(parameter) not in left_out]
    known = left_out | {id(parameter) for parameter in over_chart}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in known]
    return [
        {"params": rest, "peak": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": over_chart, "peak": CHART_RATE * config.learning_rate, "weight_decay": 0.0},
    ]


def frozen_copy(network: MMTalkerNetwork) -> MMTalkerNetwork:
    """A copy that follows the network and is what gets saved."""
    return deepcopy(network).requires_grad_(False).eval()
