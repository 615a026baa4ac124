"""What every baseline is given and asked for: batches of speech with motion, and displacement of a face."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.takes import Take
from lab.training.batches import Batch

Float32 = NDArray[np.float32]


class Draws(Protocol):
    """Windows of training speech, drawn at random; :class:`lab.training.batches.Batches` is one."""

    def draw(self, rng: np.random.Generator) -> Batch:
        """Draw one batch; the same generator state gives the same one."""
        ...


class Baseline(Protocol):
    """A fitted system."""

    def predict(self, take: Take) -> Float32:
        """Return (T, P, 3) displacement of the face's points in millimetres, at 50 Hz."""
        ...


def displacement(curves: Float32, shapes: Float32) -> Float32:
    """Return (T, P, 3): what (T, K) activations make of (K, P, 3) shape keys."""
    moved: Float32 = (curves @ shapes.reshape(len(shapes), -1)).reshape(len(curves), -1, 3)
    return moved
