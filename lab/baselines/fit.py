"""Training of a decoder by the network's own loop: same batches, steps, rate law and running average."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.baselines.base import Draws
from lab.baselines.decoder import Decoder
from lab.comparison.runs import claim
from lab.training.checkpoint import Checkpoint
from lab.training.config import TrainConfig
from lab.training.distributed import Processes
from lab.training.log import Log
from lab.training.loop import learn
from lab.training.stages import Stage, Terms
from lab.training.stages import draws as chance

Int64 = NDArray[np.int64]

AnyDecoder = TypeVar("AnyDecoder", bound=Decoder)

MEASURED_BATCHES = 6
"""Batches by which speech is standardised, and components are found."""

MEASURED_STAGE = 9
"""Of :func:`lab.training.stages.draws`: chance that no step of training uses."""


class KnownPoints:
    """The points of a face about whose motion a recording's source says enough, as the evaluation has it.

    Elsewhere a decoder is right whatever it does, as the network is in channels that a source does not know.

    Args:
        lists: rows of the points by the name of their list.
        needs: channels that a source must know for a list to count, by its name.
        count: of points; one in no list counts with any of them.
    """

    def __init__(self, lists: Mapping[str, Int64], needs: Mapping[str, Sequence[int]], count: int) -> None:
        self._lists, self._needs, self._count = lists, needs, count
        self._masks: dict[bytes, NDArray[np.bool_]] = {}

    def mask(self, known: Tensor) -> Tensor:
        """(B, K) known channels -> (B, P) known points."""
        rows = [self._of_source(channels) for channels in known.cpu().numpy()]
        return torch.from_numpy(np.stack(rows)).to(known.device)

    def _of_source(self, channels: NDArray[np.bool_]) -> NDArray[np.bool_]:
        key = channels.tobytes()
        if key not in self._masks:
            listed, mask = np.zeros(self._count, dtype=bool), np.zeros(self._count, dtype=bool)
            for name, rows in self._lists.items():
                listed[rows] = True
                mask[rows] |= bool(channels[list(self._needs[name])].all())
            self._masks[key] = mask | (~listed & mask.any())
        return self._masks[key]


def fit(
    decoder: AnyDecoder, draws: Draws, shapes: Tensor, points: KnownPoints, config: TrainConfig, out: Path
) -> AnyDecoder:
    """Train ``decoder``, or go on where that was stopped; gives the running average of its weights.

    Args:
        decoder: on the device to train on.
        draws: where batches come from.
        shapes: (K, P, 3) shape keys of the face whose motion is learned, mm.
        points: which of the face's a source knows.
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
    loss_at = _loss_at(decoder, draws, shapes, points, config)
    stage = Stage("all", config.steps, decoder, [group], decoder, loss_at)  # type: ignore[arg-type]
    learn(stage, config, checkpoint, Log(out / "log.csv"), run, average)  # type: ignore[arg-type]
    return average


def _loss_at(
    decoder: Decoder, draws: Draws, shapes: Tensor, points: KnownPoints, config: TrainConfig
) -> Callable[[int], Terms]:
    def loss_at(step: int) -> Terms:
        rng, _ = chance(config, 0, step)
        batch = draws.draw(rng).to(shapes.device)
        last = batch.before[:, -1] * (~batch.from_rest).to(shapes)[:, None]
        made = decoder.animate(batch.features, torch.einsum("bk,kpc->bpc", last, shapes), batch.person)
        with torch.autocast(shapes.device.type, enabled=False):
            made = made.float()
            truth = torch.einsum("btk,kpc->btpc", batch.target, shapes)
            counted = points.mask(batch.known)[:, None, :, None]
            return {"displacement": decoder.criterion(made, torch.where(counted, truth, made.detach()))}

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
