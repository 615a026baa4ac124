"""Training of a decoder by the network's own loop: same batches, steps, rate law and running average."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from benchmarks.baselines.base import Draws
from benchmarks.baselines.decoder import Decoder
from benchmarks.runs import claim
from mmtalker.training.checkpoint import Checkpoint
from mmtalker.training.config import TrainConfig
from mmtalker.training.distributed import Processes
from mmtalker.training.log import Log
from mmtalker.training.loop import learn
from mmtalker.training.stages import Stage, Terms
from mmtalker.training.stages import draws as chance

AnyDecoder = TypeVar("AnyDecoder", bound=Decoder)

MEASURED_BATCHES = 6
"""Batches by which speech is standardised, and components are found."""

MEASURED_STAGE = 9
"""Of :func:`mmtalker.training.stages.draws`: chance that no step of training uses."""


class Unknown:
    """Takes out of an error what a recording's source does not know.

    A source that says nothing about some channels leaves their share of the displacement open: error along
    their shape keys is no error there, as it is none for a network that predicts the channels.

    Args:
        shapes: (K, P, 3) of the face, mm.
    """

    def __init__(self, shapes: Tensor) -> None:
        self._shapes = shapes.flatten(1)
        self._bases: dict[bytes, Tensor] = {}

    def fill(self, truth: Tensor, made: Tensor, known: Tensor) -> Tensor:
        """Return ``truth`` with what is unknown set to what was made of it.

        Args:
            truth, made: (B, T, P, 3) mm.
            known: (B, K).
        """
        filled = truth.clone()
        for row in range(len(truth)):
            basis = self._basis(known[row])
            error = (made[row].detach() - truth[row]).flatten(1)
            filled[row] += (error @ basis @ basis.T).reshape(truth.shape[1:])
        return filled

    def _basis(self, known: Tensor) -> Tensor:
        """(3 P, U) orthonormal: what the unknown channels' shape keys span."""
        key = known.cpu().numpy().tobytes()
        if key not in self._bases:
            _, size, directions = torch.linalg.svd(self._shapes[~known], full_matrices=False)
            # A shape that moves none of these points spans nothing.
            self._bases[key] = directions[size > 1e-4 * self._shapes.norm()].T
        return self._bases[key]


def fit(decoder: AnyDecoder, draws: Draws, shapes: Tensor, config: TrainConfig, out: Path) -> AnyDecoder:
    """Train ``decoder``, or go on where that was stopped; gives the running average of its weights.

    Args:
        decoder: on the device to train on.
        draws: where batches come from.
        shapes: (K, P, 3) shape keys of the face whose motion is learned, mm.
        config: number of steps, rate, decay, average, precision and seed.
        out: folder for checkpoint and log.

    Raises:
        MMTalkerError: FILE_FORMAT when ``out`` is of another run.
    """
    claim(out, config)
    run = Processes(0, 1, decoder.mean.device)
    shapes = shapes.to(run.device)
    decoder.start(*_measure(draws, shapes, config))
    average = deepcopy(decoder).requires_grad_(False).eval()
    checkpoint = Checkpoint(out / "checkpoint.pt", run)
    checkpoint.restore(decoder, average)  # type: ignore[arg-type]
    group = {
        "params": list(decoder.parameters()),
        "peak": decoder.rate * config.learning_rate,
        "weight_decay": config.weight_decay,
    }
    torch.manual_seed(config.seed)
    loss_at = _loss_at(decoder, draws, shapes, config)
    stage = Stage("all", config.steps, decoder, [group], decoder, loss_at)  # type: ignore[arg-type]
    learn(stage, config, checkpoint, Log(out / "log.csv"), run, average)  # type: ignore[arg-type]
    return average


def _loss_at(decoder: Decoder, draws: Draws, shapes: Tensor, config: TrainConfig) -> Callable[[int], Terms]:
    unknown = Unknown(shapes)

    def loss_at(step: int) -> Terms:
        rng, _ = chance(config, 0, step)
        batch = draws.draw(rng).to(shapes.device)
        last = batch.before[:, -1] * (~batch.from_rest).to(shapes)[:, None]
        made = decoder.animate(batch.features, torch.einsum("bk,kpc->bpc", last, shapes))
        with torch.autocast(shapes.device.type, enabled=False):
            made = made.float()
            truth = torch.einsum("btk,kpc->btpc", batch.target, shapes)
            return {"displacement": decoder.criterion(made, unknown.fill(truth, made, batch.known))}

    return loss_at


def _measure(draws: Draws, shapes: Tensor, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Return some training frames (N, L, D) and the displacement of each fourth of them (N / 4, P, 3)."""
    features, truth = [], []
    for number in range(MEASURED_BATCHES):
        rng, _ = chance(config, MEASURED_STAGE, number)
        batch = draws.draw(rng).to(shapes.device)
        features.append(batch.features.flatten(0, 1))
        truth.append(torch.einsum("nk,kpc->npc", batch.target.flatten(0, 1)[::4], shapes))
    return torch.cat(features), torch.cat(truth)
