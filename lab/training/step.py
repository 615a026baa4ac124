"""The loss of one training step: one head, one batch of speech, every term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lab.training.batches import Batch
from lab.training.config import TrainConfig
from lab.training.head_set import HeadTensors, Places
from lab.training.losses import (
    across,
    closure_loss,
    contact_loss,
    displacement_loss,
    facing_gap,
    largest_error,
    phone_loss,
    velocity_loss,
)
from mmtalker.model.heads import Chart, sample_head
from mmtalker.model.inference import past_motion
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import JointRegression


class MotionLoss(nn.Module):
    """The network with the losses of its motion, as one module, so that several processes can share the work.

    Shape keys are as they are: what speech cannot tell would only bend them.

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
        with torch.set_grad_enabled(isinstance(network.regression, JointRegression)):
            sampled = sample_head(network, self._chart, head.surface, config.samples, generator)
        true_at_samples = head.at(sampled.uv.detach().cpu().numpy()).shapes.to(device)
        past = past_motion(true_at_samples, batch.before[:, 0], batch.before[:, 1])
        past = past * (~batch.from_rest).to(past)[:, None, None]

        rows = torch.multinomial(head.weight, config.motion_points, replacement=True, generator=generator)
        places = head.places[rows].to(device)
        lips, lids = _Lips(head.lips.to(device), head.lip_rest.to(device)), head.lids.to(device)
        local, whole = network.speech(batch.features)
        style = network.style.of_people(batch.person)
        motion = network.fuse(sampled, local, whole, past, style)
        phones = {"phones": phone_loss(network.phones(local), batch.phones)}
        if isinstance(network.regression, JointRegression):
            return phones | _joint_terms(network, sampled, motion, batch, places, lips, lids)
        compared = Places.joined([places, lips.places, lids])
        with torch.no_grad():
            shapes = network.shapes(sampled, compared.uv, compared.point)
        said = network.regression.each(motion)
        # In whole precision: half of it knows a displacement to a two hundredth.
        with torch.autocast(device.type, enabled=False):
            sizes = [len(part.uv) for part in (places, lips.places, lids)]
            made = torch.split(shapes.float(), sizes, dim=1)
            return phones | self._motion_terms(said.float(), batch, made, (places, lips, lids))

    def _motion_terms(
        self,
        said: Tensor,
        batch: Batch,
        made: Sequence[Tensor],
        true: tuple[Places, _Lips, Places],
    ) -> dict[str, Tensor]:
        """Return the terms of (R, B, T, K) activations on the ``made`` shapes of places, lips and lids."""
        # Where a source says nothing, the network is right whatever it does, and must not be used to make up
        # for what other channels miss: so these are left out of both sides.
        known = batch.known[:, None].to(said)
        # Each member learns by itself, as if the batch were so many times as large.
        keyed, mean = (within_range(values) * known for values in (said, said.mean(dim=0)))
        activations, target = keyed.flatten(0, 1), (batch.target * known).repeat(len(said), 1, 1)
        at_places, at_lips, at_lids = made
        places, lips, lids = true
        one = torch.ones_like(places.uv[:, 0])  # rows were drawn by weight already
        true_lips = lips.places.shapes
        lips_made, lips_true = _moved(activations, at_lips), _moved(target, true_lips)
        return {
            "displacement": displacement_loss(
                _moved(activations, at_places), _moved(target, places.shapes), one
            ),
            "lip_vertex": largest_error(lips_made, lips_true),
            "activation": ((activations - target) ** 2).mean(),
            "velocity": velocity_loss(lips_made, lips_true),
            # Of the members' mean: each misses a short closure in its own way, and the mean would not close.
            "lip_contact": contact_loss(
                mean @ facing_gap(at_lips),
                (batch.target * known) @ facing_gap(true_lips),
                lips.rest,
            ),
            "mouth_width": ((activations @ across(at_lips) - target @ across(true_lips)) ** 2).mean(),
            "eye_closure": closure_loss(activations @ facing_gap(at_lids), target @ facing_gap(lids.shapes)),
        }


@dataclass(frozen=True)
class _Lips:
    """Facing points of the lips, and the (G,) gap between them at rest, cm."""

    places: Places
    rest: Tensor


def within_range(activations: Tensor) -> Tensor:
    """Return activations as they are keyed, in 0..1, with the gradient of those that are not.

    What is cut off below zero would else open lips that many channels together keep shut.
    """
    return activations + (activations.clamp(0.0, 1.0) - activations).detach()


def _moved(activations: Tensor, shapes: Tensor) -> Tensor:
    """(B, T, K) activations of (K, P, 3) shapes -> (B, T, P, 3) displacement."""
    return torch.einsum("btk,kpc->btpc", activations, shapes)


def _joint_terms(
    network: MMTalkerNetwork,
    sampled: SampledHead,
    motion: Tensor,
    batch: Batch,
    places: Places,
    lips: _Lips,
    lids: Places,
) -> dict[str, Tensor]:
    """Return the terms of the joint form, which has displacement alone: no shape keys, no activations."""
    assert isinstance(network.regression, JointRegression)
    parts = [places, lips.places, lids]
    compared = Places.joined(parts)
    local, whole = network.point_features(sampled, compared.uv)
    made = network.regression(motion, compared.uv, compared.point, local, whole).float()
    with torch.autocast(made.device.type, enabled=False):
        truth = _moved(batch.target, compared.shapes)
        # Speech without motion has phones to tell and nothing else.
        moves = batch.known.any(dim=1)[:, None, None, None].to(made)
        made, truth = made * moves, truth * moves
    sizes = [len(part.uv) for part in parts]
    _, made_lips, made_lids = torch.split(made, sizes, dim=2)
    _, true_lips, true_lids = torch.split(truth, sizes, dim=2)
    return {
        "displacement": displacement_loss(made, truth, torch.ones_like(compared.uv[:, 0])),
        "lip_vertex": largest_error(made_lips, true_lips),
        "velocity": velocity_loss(made_lips, true_lips),
        "lip_contact": contact_loss(facing_gap(made_lips), facing_gap(true_lips), lips.rest),
        "mouth_width": ((across(made_lips) - across(true_lips)) ** 2).mean(),
        "eye_closure": closure_loss(facing_gap(made_lids), facing_gap(true_lids)),
    }


def weighted(terms: dict[str, Tensor], config: TrainConfig) -> Tensor:
    """Return the sum of the loss's terms, each times its weight."""
    weights = vars(config.losses)
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum()
