"""The loss of one training step: one head, one batch of speech, every term."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmtalker.model.heads import Chart, sample_head
from mmtalker.model.inference import past_motion
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import JointRegression
from mmtalker.training.batches import Batch
from mmtalker.training.config import TrainConfig
from mmtalker.training.head_set import HeadTensors, Places
from mmtalker.training.losses import (
    across,
    contact_loss,
    displacement_loss,
    facing_gap,
    shape_loss,
    velocity_loss,
)


class StepLoss(nn.Module):
    """The network with its losses, as one module, so that several processes can share the work.

    Args:
        network: to train.
        chart: over which samples are drawn.
        config: sizes.
    """

    def __init__(self, network: MMTalkerNetwork, chart: Chart, config: TrainConfig) -> None:
        super().__init__()
        self.network, self._chart, self._config = network, chart, config

    def forward(self, head: HeadTensors, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return every term of the loss, unweighted."""
        network, config = self.network, self._config
        device = self._chart.corners.device
        batch = batch.to(device)
        sampled = sample_head(network, self._chart, head.surface, config.samples, generator)
        true_at_samples = head.at(sampled.uv.detach().cpu().numpy()).shapes.to(device)
        past = past_motion(true_at_samples, batch.before[:, 0], batch.before[:, 1])
        past = past * (~batch.from_rest).to(past)[:, None, None]

        rows = torch.multinomial(head.weight, config.shape_points, replacement=True, generator=generator)
        places = head.places[rows].to(device)
        lips, lids = _Facing(head.lips, head.lip_rest, device), _Facing(head.lids, head.lid_rest, device)
        if isinstance(network.regression, JointRegression):
            motion = network.motion(sampled, batch.features, past)
            few_rows = torch.arange(config.motion_points, device=device)
            return _joint_terms(network, sampled, motion, batch, places[few_rows], lips, lids)
        everywhere = [places, lips.places, lids.places]
        shapes = network.shapes(
            sampled,
            torch.cat([part.uv for part in everywhere]),
            torch.cat([part.point for part in everywhere]),
        )
        at_places, at_lips, at_lids = torch.split(shapes, [len(part.uv) for part in everywhere], dim=1)
        activations = network.activations(sampled, batch.features, past)
        # Where a source says nothing, the network is right whatever it does, and must not be used to make up
        # for what other channels miss: so these are left out of both sides.
        known = batch.known[:, None].to(activations)
        activations, target = activations * known, batch.target * known

        few = slice(0, config.motion_points)
        predicted = torch.einsum("btk,kpc->btpc", activations, at_places[:, few])
        truth = torch.einsum("btk,kpc->btpc", target, places.shapes[:, few])
        one = torch.ones(config.shape_points, device=device)  # rows were drawn by weight already
        return {
            "shape": shape_loss(at_places, places.shapes, one)
            + shape_loss(at_lips, lips.places.shapes, torch.ones_like(lips.places.uv[:, 0])),
            "displacement": displacement_loss(predicted, truth, one[few]),
            "activation": ((activations - target) ** 2).mean(),
            "velocity": velocity_loss(activations, target),
            "lip_contact": contact_loss(
                activations @ facing_gap(at_lips), target @ facing_gap(lips.places.shapes), lips.rest
            ),
            "mouth_width": (
                (activations @ across(at_lips) - target @ across(lips.places.shapes)) ** 2
            ).mean(),
            "eye_closure": contact_loss(
                activations @ facing_gap(at_lids), target @ facing_gap(lids.places.shapes), lids.rest
            ),
        }


class _Facing:
    """Points of lips or lids on the device of the step."""

    def __init__(self, places: Places, rest: Tensor, device: torch.device) -> None:
        self.places, self.rest = places.to(device), rest.to(device)


def _joint_terms(
    network: MMTalkerNetwork,
    sampled: SampledHead,
    motion: Tensor,
    batch: Batch,
    places: Places,
    lips: _Facing,
    lids: _Facing,
) -> dict[str, Tensor]:
    """Return the terms of the joint form, which has displacement alone: no shape keys, no activations."""
    assert isinstance(network.regression, JointRegression)
    everywhere = [places, lips.places, lids.places]
    uv, point = torch.cat([p.uv for p in everywhere]), torch.cat([p.point for p in everywhere])
    local, whole = network.point_features(sampled, uv)
    made = network.regression(motion, uv, point, local, whole)
    truth = torch.einsum("btk,kpc->btpc", batch.target, torch.cat([p.shapes for p in everywhere], dim=1))
    sizes = [len(part.uv) for part in everywhere]
    _, made_lips, made_lids = torch.split(made, sizes, dim=2)
    _, true_lips, true_lids = torch.split(truth, sizes, dim=2)
    return {
        "displacement": displacement_loss(made, truth, torch.ones(len(uv), device=uv.device)),
        "velocity": velocity_loss(made, truth),
        "lip_contact": contact_loss(facing_gap(made_lips), facing_gap(true_lips), lips.rest),
        "mouth_width": ((across(made_lips) - across(true_lips)) ** 2).mean(),
        "eye_closure": contact_loss(facing_gap(made_lids), facing_gap(true_lids), lids.rest),
    }


def weighted(terms: dict[str, Tensor], config: TrainConfig) -> Tensor:
    """Return the sum of the loss's terms, each times its weight."""
    weights = vars(config.losses)
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum()
