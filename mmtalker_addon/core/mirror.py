"""A half that a Mirror modifier completes: the whole it shows, and what of a whole the half can follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]


@dataclass(frozen=True)
class Reflection:
    """One plane of a Mirror modifier.

    Attributes:
        matrix: (4, 4) from a point to its image, in the half's own space.
        merge: a vertex nearer than this to its image is one with it; 0 where nothing is merged.
    """

    matrix: Float64
    merge: float


@dataclass(frozen=True, eq=False)
class Whole:
    """A mesh with its images. Rows 0 to V are the half's own vertices, in their order.

    Attributes:
        vertices: (W, 3).
        loop_vertices: (L,) vertex of each polygon corner.
        loop_starts: (F + 1,) first corner of each polygon, then L.
        face: (F,) polygon of the half that each polygon is an image of.
        rows: (C, V) row of each vertex in each of the C copies; the first copy is the half itself.
        turns: (C, 3, 3) from a displacement of the half to that of its image in each copy.
    """

    vertices: Float64
    loop_vertices: Int32
    loop_starts: Int32
    face: Int64
    rows: Int64
    turns: Float64


def complete(
    vertices: NDArray[np.floating[Any]],
    loop_vertices: Int32,
    loop_starts: Int32,
    planes: Sequence[Reflection],
) -> Whole:
    """Return the mesh with its images in all planes, one plane after another as Blender does it.

    Args:
        vertices: (V, 3). loop_vertices: (L,). loop_starts: (F + 1,).
        planes: of the modifiers, in their order; none leaves the mesh as it is.
    """
    points = np.asarray(vertices, dtype=np.float64)
    corners = np.asarray(loop_vertices, dtype=np.int64)
    counts = np.diff(loop_starts)
    face = np.arange(len(counts), dtype=np.int64)
    rows, turns = np.arange(len(points), dtype=np.int64)[None], np.eye(3)[None]
    for plane in planes:
        linear = plane.matrix[:3, :3]
        images = points @ linear.T + plane.matrix[:3, 3]
        apart = np.linalg.norm(images - points, axis=1) >= plane.merge
        image = np.arange(len(points), dtype=np.int64)
        image[apart] = len(points) + np.arange(int(apart.sum()))
        order = _turned_over(counts)
        points = np.concatenate([points, images[apart]])
        corners = np.concatenate([corners, image[corners[order]]])
        counts, face = np.tile(counts, 2), np.tile(face, 2)
        rows, turns = np.concatenate([rows, image[rows]]), np.concatenate([turns, linear @ turns])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Whole(points, corners.astype(np.int32), starts.astype(np.int32), face, rows, turns)


def of_half(whole: Whole, displacement: NDArray[np.floating[Any]]) -> Float64:
    """Return (..., V, 3): what the half has to do so that it and its images come nearest to a displacement.

    That is the mean over the copies, each turned back: the least squares. What one side does and the other
    does not is shared by both, and vertices on a plane stay on it.

    Args:
        whole: of the half.
        displacement: (..., W, 3) of the whole.
    """
    moved = np.asarray(displacement, dtype=np.float64)
    back = np.linalg.inv(whole.turns)
    copies = [moved[..., rows, :] @ turn.T for rows, turn in zip(whole.rows, back, strict=True)]
    return np.asarray(np.mean(copies, axis=0))


def _turned_over(counts: Int64) -> Int64:
    """(L,) corners of every polygon in the opposite order, the first staying first."""
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    within = np.arange(int(counts.sum())) - np.repeat(starts, counts)
    sizes = np.repeat(counts, counts)
    return np.asarray(np.repeat(starts, counts) + (sizes - within) % sizes)
