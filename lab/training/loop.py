"""The optimisation loop that every stage of a run goes through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

import torch
from torch import Tensor
from torch.nn import Module

from lab.training.checkpoint import Checkpoint
from lab.training.config import TrainConfig
from lab.training.distributed import Processes
from lab.training.log import Log
from lab.training.stages import Stage
from lab.training.step import weighted
from mmtalker.model.network import MMTalkerNetwork

CHECKPOINT_EVERY = 500

WARM_UP = 100
"""Steps over which the learning rate rises."""

LICENCE = "GPL-3.0-or-later"
"""Of the weights that a run writes."""


def learn(
    stage: Stage,
    config: TrainConfig,
    checkpoint: Checkpoint,
    log: Log,
    run: Processes,
    average: MMTalkerNetwork | None = None,
) -> None:
    """Do the steps of a stage that are not done yet.

    Args:
        stage: what to minimise.
        config: of the run.
        checkpoint: where the stage goes on from, and is kept.
        log: of the terms.
        run: this process.
        average: follows the stage's network, if given.
    """
    parameters = [parameter for group in stage.groups for parameter in group["params"]]
    for parameter in parameters:
        parameter.requires_grad_(True)
    stage.network.train(average is not None)  # only what speaks behaves otherwise in training
    optimiser = stage.optimiser(stage.groups, betas=(0.9, 0.98))  # type: ignore[call-arg]
    mixed = torch.autocast(run.device.type, torch.bfloat16, enabled=config.precision == "bfloat16")
    for step in range(checkpoint.begin(stage.name, optimiser), stage.steps):
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * learning_rate_factor(step, stage.steps)
        with mixed:
            terms = stage.loss_at(step)
            loss = weighted(terms, config)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if average is not None:
            follow(average, stage.network, min(config.average, (step + 1) / (step + 10)))
        log.add(stage.name, step, run.mean({name: float(term.detach()) for name, term in terms.items()}))
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == stage.steps:
            checkpoint.save(stage.name, step + 1, stage.network, average, optimiser)
    if average is None:
        for parameter in parameters:
            parameter.requires_grad_(False)


def learning_rate_factor(step: int, steps: int, warm_up: int = WARM_UP) -> float:
    """Linear start over ``warm_up`` steps, then half a cosine down to a hundredth."""
    warm = min(1.0, (step + 1) / warm_up)
    return warm * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * step / max(1, steps))))


@torch.no_grad()
def follow(average: Module, network: Module, decay: float) -> None:
    """Move the running average of all weights, and of what normalisation has seen, towards the network."""
    for slow, fast in zip(_tensors(average), _tensors(network), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1.0 - decay)
        else:
            slow.copy_(fast)


def _tensors(network: Module) -> Iterator[Tensor]:
    return chain(network.parameters(), network.buffers())
