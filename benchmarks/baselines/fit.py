"""Training of a decoder by the network's own schedule: same batches, steps, rate law and running average."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from benchmarks.baselines.base import Draws
from benchmarks.baselines.decoder import Decoder
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.progress import Progress, silent
from mmtalker.training.config import TrainConfig
from mmtalker.training.loop import CHECKPOINT_EVERY, follow, learning_rate_factor
from mmtalker.training.stages import draws as chance

AnyDecoder = TypeVar("AnyDecoder", bound=Decoder)

MEASURED_BATCHES = 6
"""Batches by which speech is standardised, and components are found."""

MEASURED_STAGE = 9
"""Of :func:`mmtalker.training.stages.draws`: chance that no step of training uses."""

LARGEST_GRADIENT = 1.0


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


def fit(
    decoder: AnyDecoder,
    draws: Draws,
    shapes: Tensor,
    config: TrainConfig,
    checkpoint: Path,
    progress: Progress = silent,
) -> AnyDecoder:
    """Train ``decoder``, or go on from ``checkpoint``; gives the running average of its weights.

    Args:
        decoder: on the device to train on.
        draws: where batches come from.
        shapes: (K, P, 3) shape keys of the face whose motion is learned, mm.
        config: number of steps, rate, decay, average and seed.
        checkpoint: file that is written now and then and at the end.
        progress: told after every step.

    Raises:
        MMTalkerError: FILE_FORMAT when ``checkpoint`` is of another run.
    """
    device = decoder.mean.device
    shapes = shapes.to(device)
    unknown = Unknown(shapes)
    peak = decoder.rate * config.learning_rate
    torch.manual_seed(config.seed)
    average = deepcopy(decoder).requires_grad_(False).eval()
    optimiser = torch.optim.AdamW(
        decoder.parameters(), peak, betas=(0.9, 0.98), weight_decay=config.weight_decay
    )
    run = json.dumps([peak, config.to_json()], sort_keys=True)
    first = 0
    if checkpoint.exists():
        first = _restore(checkpoint, run, decoder, average, optimiser, device)
    else:
        decoder.start(*_measure(draws, shapes, config))
        average.load_state_dict(decoder.state_dict())
    decoder.train()
    for step in range(first, config.steps):
        for group in optimiser.param_groups:
            group["lr"] = peak * learning_rate_factor(step, config.steps)
        rng, _ = chance(config, 0, step)
        batch = draws.draw(rng).to(device)
        truth = torch.einsum("btk,kpc->btpc", batch.target, shapes)
        last = batch.before[:, -1] * (~batch.from_rest).to(shapes)[:, None]
        made = decoder.animate(batch.features, torch.einsum("bk,kpc->bpc", last, shapes))
        loss = decoder.criterion(made, unknown.fill(truth, made, batch.known))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        follow(average, decoder, min(config.average, (step + 1) / (step + 10)))  # type: ignore[arg-type]
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == config.steps:
            _save(checkpoint, run, step + 1, decoder, average, optimiser)
        progress("training", (step + 1) / config.steps)
    return average


def _measure(draws: Draws, shapes: Tensor, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Return some training frames (N, L, D) and the displacement of each fourth of them (N / 4, P, 3)."""
    features, truth = [], []
    for number in range(MEASURED_BATCHES):
        rng, _ = chance(config, MEASURED_STAGE, number)
        batch = draws.draw(rng).to(shapes.device)
        features.append(batch.features.flatten(0, 1))
        truth.append(torch.einsum("nk,kpc->npc", batch.target.flatten(0, 1)[::4], shapes))
    return torch.cat(features), torch.cat(truth)


def _save(
    path: Path,
    run: str,
    step: int,
    decoder: Decoder,
    average: Decoder,
    optimiser: torch.optim.Optimizer,
) -> None:
    state = {
        "run": run,
        "step": step,
        "decoder": decoder.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    with replacing(path) as partial:
        torch.save(state, partial)


def _restore(
    path: Path,
    run: str,
    decoder: Decoder,
    average: Decoder,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> int:
    """Put a checkpoint's state back; gives the number of steps done."""
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    if state["run"] != run:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} was trained with other settings. Delete it, or give another folder.",
        )
    decoder.load_state_dict(state["decoder"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
