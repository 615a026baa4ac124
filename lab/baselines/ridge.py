"""Ridge regression from speech to motion, in closed form: how far plain linearity goes.

A frame's motion is a linear function of the L encoder layers at the frame and at a few frames around it.
Displacement is linear in activations, and a ridge with one penalty commutes with linear maps of its targets:
regressing the K activations and applying the shape keys gives the same vertices as regressing vertices. A
channel is fitted on the speech whose source knows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.baselines.base import Draws, Float32, displacement
from lab.baselines.decoder import SMALLEST_DEVIATION
from lab.evaluation.takes import Take
from lab.training.batches import Batch
from lab.training.config import TrainConfig
from lab.training.stages import draws as chance
from mmtalker.io.arrays import write_arrays
from mmtalker.progress import Progress, silent

OFFSETS = (-6, -3, 0, 3, 6)
"""Frames around a frame that are read: 0.12 s to each side."""

PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0)
"""Factors tried, for inputs of unit deviation, in thousandths of the number of frames."""

BATCHES = 100
"""Batches read."""

VALIDATION_BATCHES = 8
"""Further ones, by which the penalty is chosen."""

MEASURED_BATCHES = 6
"""Of them, those by which speech is standardised."""

STAGE = 8
"""Of :func:`lab.training.stages.draws`: chance that no step of training uses."""


@dataclass
class Moments:
    """Sums over frames that the normal equations are made of; inputs have a constant 1 at their end.

    Attributes:
        inputs: (F + 1, F + 1) products of inputs.
        crossed: (F + 1, K) products of inputs and targets.
        count: frames.
    """

    inputs: Tensor
    crossed: Tensor
    count: int

    def add(self, x: Tensor, y: Tensor) -> None:
        """Count in (N, F + 1) inputs and (N, K) targets."""
        self.inputs.addmm_(x.T, x)
        self.crossed.addmm_(x.T, y)
        self.count += len(x)


Known = tuple[bool, ...]
"""Which channels a source says something about."""


def in_context(features: Tensor, offsets: Sequence[int]) -> Tensor:
    """(B, T, C) -> (B, T, C len(offsets)): every frame beside its neighbours; the ends are repeated."""
    frame = torch.arange(features.shape[1], device=features.device)
    last = features.shape[1] - 1
    return torch.cat([features[:, (frame + offset).clamp(0, last)] for offset in offsets], dim=2)


def solve(inputs: Tensor, crossed: Tensor, added: float) -> Tensor:
    """Return (F + 1, K): the W that solves (X'X + added) W = X'Y; the constant at the end is free."""
    penalty = torch.full((len(inputs),), added, dtype=torch.float64, device=inputs.device)
    penalty[-1] = 0.0
    # Symmetric and positive definite, so Cholesky; in double, since neighbouring frames are nearly equal.
    factor = torch.linalg.cholesky(inputs.double() + torch.diag(penalty))
    return torch.cholesky_solve(crossed.double(), factor).to(crossed)


def solve_known(sums: Mapping[Known, Moments], penalty: float) -> Tensor:
    """Return (F + 1, K) weights, a channel's from the frames where it is known; 0 for one that never is."""
    table = np.array(list(sums))
    every = list(sums.values())
    weights = torch.zeros_like(every[0].crossed)
    for pattern in np.unique(table, axis=1).T:
        known_channels = [moments for moments, known in zip(every, pattern, strict=True) if known]
        if known_channels:
            inputs = torch.stack([moments.inputs for moments in known_channels]).sum(dim=0)
            crossed = torch.stack([moments.crossed for moments in known_channels]).sum(dim=0)
            frames = sum(moments.count for moments in known_channels)
            channels = torch.from_numpy((table == pattern[:, None]).all(axis=0))
            weights[:, channels] = solve(inputs, crossed[:, channels], penalty * frames / 1000.0)
    return weights


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Attributes:
        mean, deviation: (L D,) of the speech it was fitted on.
        weights: (F + 1, K), F = L D len(OFFSETS).
        penalty: chosen on batches that were not fitted.
        shapes: (K, P, 3) of the face, mm.
    """

    mean: Float32
    deviation: Float32
    weights: Float32
    penalty: float
    shapes: Float32

    def curves(self, features: NDArray[np.float16]) -> Float32:
        """(T, L, D) -> (T, K) activations, which are not kept within 0..1."""
        flat = features.astype(np.float32).reshape(1, len(features), -1)
        standard = torch.from_numpy((flat - self.mean) / self.deviation)
        inputs = in_context(standard, OFFSETS)[0].numpy()
        made: Float32 = inputs @ self.weights[:-1] + self.weights[-1]
        return made

    def predict(self, take: Take) -> Float32:
        """Return (T, P, 3) displacement in millimetres."""
        return displacement(self.curves(take.features), self.shapes)


def fit_ridge(
    draws: Draws,
    shapes: Float32,
    config: TrainConfig,
    out: Path,
    device: torch.device,
    progress: Progress = silent,
) -> Ridge:
    """Fit, or read ``out`` where it exists.

    Args:
        draws: where batches come from.
        shapes: (K, P, 3) of the face, mm.
        config: its seed.
        out: file of the result.
        device: where to compute.
        progress: told after every batch.
    """
    if not out.exists():
        fresh = _Frames(draws, config, device)
        sums: dict[Known, Moments] = {}
        for number in range(BATCHES):
            for known, x, y in fresh.batch(number):
                if known not in sums:
                    size = x.shape[1]
                    sums[known] = Moments(x.new_zeros(size, size), x.new_zeros(size, y.shape[1]), 0)
                sums[known].add(x, y)
            progress("ridge", (number + 1) / (BATCHES + VALIDATION_BATCHES))
        choices = {penalty: solve_known(sums, penalty) for penalty in PENALTIES}
        errors = dict.fromkeys(PENALTIES, 0.0)
        for number in range(BATCHES, BATCHES + VALIDATION_BATCHES):
            for known, x, y in fresh.batch(number):
                for penalty, weights in choices.items():
                    errors[penalty] += float(((x @ weights - y) ** 2)[:, torch.tensor(known)].sum())
            progress("ridge", (number + 1) / (BATCHES + VALIDATION_BATCHES))
        best = min(errors, key=lambda penalty: errors[penalty])
        arrays = {"mean": fresh.mean, "deviation": fresh.deviation, "weights": choices[best]}
        named = {name: value.cpu().numpy() for name, value in arrays.items()}
        write_arrays(out, named | {"penalty": np.array(best)})
    with np.load(out, allow_pickle=False) as stored:
        mean, deviation, weights = (stored[name] for name in ("mean", "deviation", "weights"))
        return Ridge(mean, deviation, weights, float(stored["penalty"]), shapes)


class _Frames:
    """Batches as a regression reads them, apart by what their sources know."""

    def __init__(self, draws: Draws, config: TrainConfig, device: torch.device) -> None:
        self._draws, self._config, self._device = draws, config, device
        first = [self._draw(number).features for number in range(MEASURED_BATCHES)]
        frames = torch.cat([part.flatten(0, 1).flatten(1) for part in first])
        self.mean, self.deviation = frames.mean(dim=0), frames.std(dim=0).clamp_min(SMALLEST_DEVIATION)

    def _draw(self, number: int) -> Batch:
        rng, _ = chance(self._config, STAGE, number)
        return self._draws.draw(rng).to(self._device)

    def batch(self, number: int) -> Iterator[tuple[Known, Tensor, Tensor]]:
        """Yield what a source knows, (N, F + 1) inputs and (N, K) targets.

        A window's ends are left out: their neighbours are cut off.
        """
        batch = self._draw(number)
        reach = max(abs(offset) for offset in OFFSETS)
        inside = slice(reach, batch.target.shape[1] - reach)
        x = in_context((batch.features.flatten(2) - self.mean) / self.deviation, OFFSETS)[:, inside]
        x = torch.cat([x, x.new_ones(*x.shape[:2], 1)], dim=2)
        for known in {tuple(row) for row in batch.known.tolist()}:
            rows = (batch.known == torch.tensor(known, device=x.device)).all(dim=1)
            yield known, x[rows].flatten(0, 1), batch.target[rows][:, inside].flatten(0, 1)
