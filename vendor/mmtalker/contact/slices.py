"""Slices through both lips: places in the chart, from the outer skin over the lip's edge to the inside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmtalker.contact.canonical_lips import half_width, lip_distances
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.edges import edges_of
from mmtalker.mesh.mesh import Float32, Float64

Int64 = NDArray[np.int64]

STATIONS = 32
"""Slices across the mouth; an even number, since canonical vertices lie right in its middle."""

WIDTH = 0.98
"""Share of the mouth's width that the slices are spread over: in its corners the lips are one."""

STEPS = 7
"""Points of a slice before and behind the edge of each lip."""

STEP_METRES = 0.0007
"""Distance between them along the canonical skin."""


@dataclass(frozen=True, eq=False)
class LipSlices:
    """Where the slices are, the same on every head.

    Attributes:
        uv: (S, 2, A, 2) places in the chart: station from the right to the left, upper and lower lip, from
            the outside to the inside.
        across: (S,) from -1 at the right corner of the mouth to 1 at the left one.
    """

    uv: Float32
    across: Float64


@lru_cache(maxsize=1)
def lip_slices() -> LipSlices:
    """Cut the canonical head's lips by planes from front to back."""
    head = load_canonical()
    edges = head.vertices[head.lip_pairs].astype(np.float64)
    across = WIDTH * ((np.arange(STATIONS) + 0.5) / STATIONS * 2.0 - 1.0)
    uv = [[_slice(x, edges[:, lip], lip) for lip in (0, 1)] for x in half_width() * across]
    return LipSlices(np.array(uv, dtype=np.float32), across)


def _slice(x: float, edge: Float64, lip: int) -> Float64:
    """(A, 2) places along one lip's skin at ``x``, evenly before and behind its edge (P, 3)."""
    section = _Section.at(x)
    start = section.nearest(np.array([np.interp(x, edge[:, 0], edge[:, axis]) for axis in range(3)]), lip)
    outside, inside = section.ways(start)
    order = [*reversed(outside), start, *inside]
    steps = np.linalg.norm(np.diff(section.points[order], axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = length[len(outside)] + STEP_METRES * np.arange(-STEPS, STEPS + 1)
    return np.stack([np.interp(wanted, length, section.uv[order, axis]) for axis in (0, 1)], axis=1)


@dataclass(frozen=True, eq=False)
class _Section:
    """The canonical skin where a plane cuts it.

    Attributes:
        ends: (N, 2) edges of the skin that the plane cuts.
        points: (N, 3) where; uv: (N, 2) the same in the chart.
        links: for each the ones beside it.
    """

    ends: Int64
    points: Float64
    uv: Float64
    links: list[list[int]]

    @staticmethod
    def at(x: float) -> _Section:
        head = load_canonical()
        skin = head.vertices[: head.chart_count].astype(np.float64)
        triangles = head.chart_triangles.astype(np.int64)
        edges = np.sort(edges_of(triangles).reshape(3, -1, 2), axis=2).swapaxes(0, 1)
        cut = (skin[edges[..., 0], 0] > x) != (skin[edges[..., 1], 0] > x)
        # A plane through no vertex cuts a triangle's edges twice or not at all.
        ends, row = np.unique(edges[cut], axis=0, return_inverse=True)
        links: list[list[int]] = [[] for _ in ends]
        for first, second in row.reshape(-1, 2).tolist():
            links[first].append(second)
            links[second].append(first)
        start, stop = skin[ends[:, 0]], skin[ends[:, 1]]
        share = ((x - start[:, 0]) / (stop[:, 0] - start[:, 0]))[:, None]
        uv = head.uv.astype(np.float64)[ends]
        return _Section(ends, start + share * (stop - start), uv[:, 0] + share * (uv[:, 1] - uv[:, 0]), links)

    def nearest(self, point: Float64, lip: int) -> int:
        """The row nearest to a point, of those on one lip: both may be in the same place."""
        distances = lip_distances()[:, self.ends]
        mine = (distances[lip] < distances[1 - lip]).all(axis=1)
        return int(np.argmin(np.where(mine, np.linalg.norm(self.points - point, axis=1), np.inf)))

    def ways(self, start: int) -> tuple[list[int], list[int]]:
        """Rows one after another from ``start`` on, outwards and inwards."""
        first, second = (self._way(start, neighbour) for neighbour in self.links[start])
        outwards = self.points[first[:STEPS], 2].mean() > self.points[second[:STEPS], 2].mean()
        return (first, second) if outwards else (second, first)

    def _way(self, before: int, here: int) -> list[int]:
        way, length = [here], float(np.linalg.norm(self.points[here] - self.points[before]))
        while length < STEPS * STEP_METRES:
            onward = [row for row in self.links[here] if row != before]
            if not onward:
                break
            before, here = here, onward[0]
            length += float(np.linalg.norm(self.points[here] - self.points[before]))
            way.append(here)
        return way
