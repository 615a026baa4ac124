"""Principal directions of the training motion, which activations are combined from.

Motion is nine tenths jaw, and in raw channels the rest would be learned last. One unit along a principal
direction is a standard deviation of the motion, so that all of them start on one footing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lab.training.batches import Batches
from lab.training.config import TrainConfig
from lab.training.head_set import HeadTensors
from lab.training.stages import draws

MEASURED_BATCHES = 30
"""Batches whose motion is looked at."""

MEASURED_STAGE = 3
"""Of :func:`lab.training.stages.draws`: chance that no step of training uses."""

MEASURED_POINTS = 2048

UNSEEN = 0.01
"""What an activation counts for by itself, as a part of the mean displacement: some move no point."""

SMALLEST = 1e-3
"""Directions that vary less than this part of the largest start at rest."""


def principal_directions(activations: Tensor, shapes: Tensor) -> Tensor:
    """Return (K, K): row i is the activation of one standard deviation along the i-th direction.

    Args:
        activations: (N, K) of the motion, from the face at rest: zero is no motion, so nothing is centred.
        shapes: (K, P, 3) displacement of each channel.
    """
    flat = shapes.flatten(1).double()
    metric = flat @ flat.T / shapes.shape[1]
    metric += UNSEEN * metric.diagonal().mean() * torch.eye(len(metric), dtype=metric.dtype)
    values, vectors = torch.linalg.eigh(metric)
    root, inverse = (vectors * values**power @ vectors.T for power in (0.5, -0.5))
    seen = activations.double() @ root
    variance, directions = torch.linalg.eigh(seen.T @ seen / len(seen))
    deviation = variance.clamp_min(0.0).sqrt()
    deviation[deviation < SMALLEST * deviation.max()] = 0.0
    rows = deviation[:, None] * (directions.T @ inverse)
    rows[:, ~activations.any(dim=0)] = 0.0  # exactly, whatever the arithmetic left there
    sorted_rows: Tensor = rows.flip(0).float()
    return sorted_rows


def training_activations(batches: Batches, config: TrainConfig) -> Tensor:
    """Return (N, K) activations of what training will show."""
    chance = (draws(config, MEASURED_STAGE, number) for number in range(MEASURED_BATCHES))
    drawn = (batches.draw(rng) for rng, _ in chance)
    return torch.cat([(batch.target * batch.known[:, None]).flatten(0, 1) for batch in drawn])


def training_directions(activations: Tensor, head: HeadTensors, config: TrainConfig) -> Tensor:
    """Return the :func:`principal_directions` of :func:`training_activations` on one head."""
    _, generator = draws(config, MEASURED_STAGE, MEASURED_BATCHES)
    rows = torch.multinomial(head.weight, MEASURED_POINTS, replacement=True, generator=generator)
    return principal_directions(activations, head.places[rows].shapes)


def channel_use(activations: Tensor) -> Tensor:
    """Return (K,) with mean 1: half of it the same for every channel, half how much speech uses it.

    Args:
        activations: (N, K) of the training motion.
    """
    used = activations.square().mean(dim=0).sqrt()
    return 0.5 + 0.5 * used / used.mean()
