"""What comes out: named shape keys of a head and their curves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Mesh

Float32 = NDArray[np.float32]

RAW_RATE = 50.0
"""Rate of the model's own curves, Hz: that of the speech encoder."""


@dataclass(frozen=True)
class Animation:
    """A head that speaks.

    Attributes:
        names: K channel names; the first 52 are ARKit's, the others the head's detail modes.
        curves: (T, K) activations at ``start_time + i / fps`` seconds of the audio.
        fps: rate of ``curves``.
        start_time: seconds of the first row.
        raw: (R, K) activations at 50 Hz before finishing, which alone gives detail modes their curves.
        mesh: the head as it was given.
        shapes: (K, V, 3) displacements in the units and axes of ``mesh``.
        stats: seconds by stage and other figures for a report.
        warnings: sentences for the user.
    """

    names: tuple[str, ...]
    curves: Float32
    fps: float
    start_time: float
    raw: Float32
    mesh: Mesh
    shapes: Float32
    stats: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
