"""Draws all frames of the preview, a process for each core."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

from demo.portrait import Camera, Surface, draw

Float32 = NDArray[np.float32]
Picture = NDArray[np.uint8]

PIECE = 4
"""Frames that a process takes at a time."""


def draw_frames(
    rest: Float32,
    shapes: Float32,
    values: Float32,
    surface: Surface,
    camera: Camera,
    size: int,
    progress: Callable[[float], None],
) -> list[Picture]:
    """Draw (T, K) ``values`` of (K, V, 3) ``shapes`` on (V, 3) ``rest``; gives T pictures of ``size`` pixels.

    ``progress`` is told the share that is done.
    """
    pieces = np.array_split(values, max(-(-len(values) // PIECE), 1))
    found: list[Picture] = []
    # The processes are fresh and not forked: the parent holds Blender and its threads.
    with ProcessPoolExecutor(
        cores(), multiprocessing.get_context("spawn"), _remember, (rest, shapes, surface, camera, size)
    ) as pool:
        for pictures in pool.map(_draw_piece, pieces):
            found += pictures
            progress(len(found) / len(values))
    return found


def cores() -> int:
    """Cores that this process may use, at most eight."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allowed or 1, 8)


_job: list[tuple[Float32, Float32, Surface, Camera, int]] = []
"""What a drawing process was given at its start; pieces then carry nothing but their values."""


def _remember(rest: Float32, shapes: Float32, surface: Surface, camera: Camera, size: int) -> None:
    _job.append((rest, shapes, surface, camera, size))


def _draw_piece(values: Float32) -> list[Picture]:
    rest, shapes, surface, camera, size = _job[0]
    return [draw(rest + np.tensordot(row, shapes, 1), surface, camera, size) for row in values]
