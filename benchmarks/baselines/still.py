"""The face that never moves: what every error has to be seen beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.baselines.base import Float32
from mmtalker.evaluation.takes import Take


@dataclass(frozen=True)
class StillFace:
    """No motion at all.

    Attributes:
        points: P, of the face.
    """

    points: int

    def predict(self, take: Take) -> Float32:
        """Return (T, P, 3) zeros."""
        return np.zeros((len(take.features), self.points, 3), dtype=np.float32)
