"""The loss of one training step: one head, one batch of speech, every term."""

from __future__ import annotations

import torch
from torch import Tensor

from mmtalker.model.heads import Chart, sample_head
from mmtalker.model.inference import past_motion
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import JointRegression
from mmtalker.training.config import TrainConfig
from mmtalker.training.head_set import HeadTensors, Places
from mmtalker.training.losses import displacement_loss, lip_contact_loss, shape_loss, velocity_loss


def step_loss(
    network: MMTalkerNetwork,
    chart: Chart,
    head: HeadTensors,
    batch: tuple[Tensor, Tensor, Tensor],
    config: TrainConfig,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Return every term of the loss, unweighted, for one head and one batch of speech."""
    device = chart.corners.device
    features, target, before = (part.to(device) for part in batch)
    sampled = sample_head(network, chart, head.surface, config.samples, generator)
    true_at_samples = head.at(sampled.uv.detach().cpu().numpy()).shapes.to(device)
    past = past_motion(true_at_samples, before[:, 0], before[:, 1])
    starts_at_rest = torch.rand(len(features), generator=generator) < config.no_past
    past = past * (~starts_at_rest).to(past)[:, None, None]

    rows = torch.multinomial(head.weight, config.shape_points, replacement=True, generator=generator)
    places, lips = head.places[rows].to(device), head.lips.to(device)
    if isinstance(network.regression, JointRegression):
        motion = network.motion(sampled, features, past)
        few_rows = torch.arange(config.motion_points, device=device)
        return _joint_terms(
            network, sampled, motion, target, places[few_rows], lips, head.lip_rest.to(device)
        )
    shapes = network.shapes(sampled, torch.cat([places.uv, lips.uv]), torch.cat([places.point, lips.point]))
    at_places, at_lips = shapes[:, : len(rows)], shapes[:, len(rows) :]
    activations = network.activations(sampled, features, past)

    few = slice(0, config.motion_points)
    predicted = torch.einsum("btk,kpc->btpc", activations, at_places[:, few])
    truth = torch.einsum("btk,kpc->btpc", target, places.shapes[:, few])

    def gap_change(curves: Tensor, shapes_at_lips: Tensor) -> Tensor:
        upper, lower = shapes_at_lips[..., 1].chunk(2, dim=1)
        return curves @ (upper - lower)

    uniform = torch.ones(len(rows), device=device)  # rows were drawn by weight already
    lip_ones = torch.ones(lips.uv.shape[0], device=device)
    return {
        "shape": shape_loss(at_places, places.shapes, uniform) + shape_loss(at_lips, lips.shapes, lip_ones),
        "displacement": displacement_loss(predicted, truth, uniform[few]),
        "activation": ((activations - target) ** 2).mean(),
        "velocity": velocity_loss(activations, target),
        "lip_contact": lip_contact_loss(
            gap_change(activations, at_lips), gap_change(target, lips.shapes), head.lip_rest.to(device)
        ),
    }


def _joint_terms(
    network: MMTalkerNetwork,
    sampled: SampledHead,
    motion: Tensor,
    target: Tensor,
    places: Places,
    lips: Places,
    lip_rest: Tensor,
) -> dict[str, Tensor]:
    """Return the terms of the joint form, which has displacement alone: no shape keys, no activations."""
    assert isinstance(network.regression, JointRegression)
    uv, point = torch.cat([places.uv, lips.uv]), torch.cat([places.point, lips.point])
    local, whole = network.point_features(sampled, uv)
    made = network.regression(motion, uv, point, local, whole)
    truth = torch.einsum("btk,kpc->btpc", target, torch.cat([places.shapes, lips.shapes], dim=1))
    count = len(places.uv)

    def gap_change(displacement: Tensor) -> Tensor:
        upper, lower = displacement[:, :, count:, 1].chunk(2, dim=2)
        return upper - lower

    return {
        "displacement": displacement_loss(made, truth, torch.ones(len(uv), device=uv.device)),
        "velocity": velocity_loss(made, truth),
        "lip_contact": lip_contact_loss(gap_change(made), gap_change(truth), lip_rest),
    }


def weighted(terms: dict[str, Tensor], config: TrainConfig) -> Tensor:
    """Return the sum of the loss's terms, each times its weight."""
    weights = vars(config.losses)
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum()
