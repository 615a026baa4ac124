"""What a topology's shapes start from: the directions in which its vertices move most in training."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.training.head_set import REGION_WEIGHT, STILL_CM, STILL_WEIGHT
from lab.vertex_sets.store import VertexCorpus
from mmtalker.mesh.surface import CanonicalSurface

Float32 = NDArray[np.float32]

MOST_FRAMES = 1000
"""Frames that the directions are found from, evenly over all training sequences."""


def mode_names(count: int) -> tuple[str, ...]:
    """Return the names of ``count`` channels that stand for no key of ARKit's: mode_01, mode_02 and so on."""
    return tuple(f"mode_{number:02d}" for number in range(1, count + 1))


def training_frames(corpus: VertexCorpus) -> Float32:
    """Return up to ``MOST_FRAMES`` frames (N, V, 3) of displacement in training, cm."""
    motions = [corpus.displacement(clip) for clip in corpus.corpus.training()]
    total = sum(len(motion) for motion in motions)
    wanted = np.unique(np.linspace(0, total - 1, min(total, MOST_FRAMES)).round().astype(int))
    ends = np.cumsum([len(motion) for motion in motions])
    frames = []
    for motion, end in zip(motions, ends.tolist(), strict=True):
        rows = wanted[(wanted >= end - len(motion)) & (wanted < end)] - (end - len(motion))
        frames.append(motion[rows])
    return np.concatenate(frames)


def vertex_weights(corpus: VertexCorpus, frames: Float32) -> Float32:
    """Return (V,) how much each vertex counts: lips and eyes more, what hardly moves less."""
    moves = np.sqrt((frames**2).sum(axis=2).mean(axis=0)) > STILL_CM
    weight = np.where(moves, 1.0, STILL_WEIGHT).astype(np.float32)
    for region, factor in REGION_WEIGHT.items():
        if region in corpus.lists:
            weight[corpus.lists[region]] = factor
    return weight


def displacement_modes(frames: Float32, count: int, weight: Float32) -> Float32:
    """Return ``count`` shapes whose sum reproduces the frames best, cm, by uncentred principal components.

    Each is scaled so that its activation over the frames has a mean square of 1: shapes and activations
    then learn at one pace. Where there are fewer frames than shapes the last ones are 0.

    Args:
        frames: (N, V, 3) displacement, cm.
        count: K.
        weight: (V,) how much each vertex counts.

    Returns:
        (K, V, 3).
    """
    flat = (frames * np.sqrt(weight)[:, None]).reshape(len(frames), -1)
    gram = (flat @ flat.T).astype(np.float64)
    _, vectors = np.linalg.eigh(gram)
    strongest = vectors[:, ::-1][:, :count].astype(np.float32)
    modes = np.zeros((count, *frames.shape[1:]), dtype=np.float32)
    made = (strongest.T @ frames.reshape(len(frames), -1)) / np.sqrt(np.float32(len(frames)))
    modes[: len(made)] = made.reshape(-1, *frames.shape[1:])
    return modes


def mode_map(modes: Float32, chart: CanonicalSurface, resolution: int) -> Tensor:
    """Return (K, 3, R, R) of (K, V, 3) modes at the nodes of a grid over the chart."""
    axis = np.linspace(0.0, 1.0, resolution)
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    read = chart.interpolate(modes.transpose(1, 0, 2), nodes)
    return torch.from_numpy(read).float().permute(1, 2, 0).reshape(len(modes), 3, resolution, resolution)
