"""Which lip is which: by distance along the surface, since across the slit both are in the same place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from mmtalker.mesh.edges import edge_keys

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

UPPER, LOWER, BOTH = 1, 2, 3
"""Bits that say which lip something belongs to; away from the mouth it may meet either."""

ZONE = 0.030
"""Metres around the lip line, along the surface, in which lips have to be told apart."""

DETOUR = 0.010
"""Metres that the way along the surface to the other lip is longer than the straight one, up to which lips
are one: through a groove between grown lips it is up to 9 mm longer, into a mouth or round its corner 20."""

LONGEST = 0.010
"""Metres of an edge from lip to lip: what is longer bridges the mouth behind them, as a coarse bag does."""

MIDDLE = 0.5
"""Share of half the mouth's width in which it is asked whether lips are one."""

SHIFTS = (0.0, 0.002, -0.002, 0.004, -0.004, 0.006, -0.006)
"""Metres by which the lip line may lie higher than the network says: the first that parts the lips counts."""

PARTED = 0.1
"""Share of joined lips at which nobody looks for a better line."""

AROUND = 0.07
"""Metres from the middle of the mouth within which ways from lip to lip are looked for."""

CORNER = 0.0015
"""Metres before the corner where both lips are one."""

SURE = (0.0035, 0.016)
"""Height above or below the lip line, metres, from which and up to which a place tells the lip."""


@dataclass(frozen=True)
class LipLine:
    """Where the canonical lips meet.

    Attributes:
        points: (P, 3) from the right corner to the left one, canonical metres, x rising.
    """

    points: Float64

    @staticmethod
    def of(rest: Float64, pairs: Int64) -> LipLine:
        """Return the middle of (P, 2) facing vertices."""
        middle = rest[pairs].mean(axis=1)
        return LipLine(middle[np.argsort(middle[:, 0])])

    @property
    def corner(self) -> float:
        """Half the mouth's width, metres."""
        return float(0.5 * np.ptp(self.points[:, 0]))

    def height(self, place: Float64) -> Float64:
        """(N, 3) canonical places -> (N,) metres above the lip line."""
        return place[:, 1] - np.interp(place[:, 0], self.points[:, 0], self.points[:, 1])

    def tells(self, place: Float64, shift: float = 0.0) -> Int64:
        """(N, 3) -> (N,) UPPER or LOWER where a place on the outer skin is beyond doubt, else 0.

        Args:
            place: canonical places.
            shift: metres that the line lies higher in them.
        """
        height = self.height(place) - shift
        depth = np.interp(place[:, 0], self.points[:, 0], self.points[:, 2]) - place[:, 2]
        beside = (np.abs(place[:, 0]) < self.corner - CORNER) & (depth < 0.006)
        sure = beside & (np.abs(height) > SURE[0]) & (np.abs(height) < SURE[1])
        return np.where(sure, np.where(height > 0.0, UPPER, LOWER), 0)


def edge_graph(vertices: Float64, triangles: Int64) -> Any:
    """Return the (V, V) sparse matrix of edge lengths."""
    edges = np.stack(np.divmod(np.unique(edge_keys(triangles, len(vertices))), len(vertices)), axis=1)
    # Zero would be no edge at all: where lips touch, vertices of one lip may coincide too.
    length = np.maximum(np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1), 1e-9)
    return sparse.csr_matrix((length, (edges[:, 0], edges[:, 1])), (len(vertices), len(vertices)))


def geodesic(vertices: Float64, triangles: Int64, seeds: Int64, limit: float = 2.0 * ZONE) -> Float64:
    """Return (V,) metres along edges to the nearest of ``seeds``, infinite beyond ``limit``."""
    chosen = np.zeros(len(vertices), dtype=bool)
    chosen[seeds] = True
    return _ways(edge_graph(vertices, triangles), chosen, limit)


def lip_bits(line: LipLine, place: Float64, upper: Float64, lower: Float64) -> Int64:
    """Say which lip each of N vertices may belong to.

    Args:
        line: the canonical lip line.
        place: (N, 3) canonical place, roughly.
        upper, lower: (N,) metres along the surface to what is surely upper and lower lip.
    """
    near = np.minimum(upper, lower) < ZONE
    corner = np.abs(place[:, 0]) > line.corner - CORNER
    sides = np.where(upper <= lower, UPPER, LOWER)
    return np.where(near & ~corner, sides, BOTH)


def tell_lips(
    line: LipLine, vertices: Float64, triangles: Int64, place: Float64, seen: Bools
) -> tuple[Int64, float]:
    """Say which lip each vertex of a head may belong to, and whether its lips are one.

    From what is surely of a lip the rest is told by the shorter way along the surface. Where that leaves lips
    joined, the line is tried a little higher and lower: it may be wrong by some millimetres, but lips that
    are parted are so wherever it is.

    Args:
        line: the canonical lip line.
        vertices: (V, 3) in canonical space.
        triangles: (T, 3) of the skin.
        place: (V, 3) canonical places, roughly.
        seen: (V,) whose place may tell a lip.

    Returns:
        (V,) bits, and the share of the mouth's middle in which one surface joins both lips: 1 if fused.
    """
    middle = line.points[len(line.points) // 2]
    near = (np.linalg.norm(place - middle, axis=1) < AROUND)[triangles].all(axis=1)
    zone, compact = np.unique(triangles[near], return_inverse=True)
    graph = edge_graph(vertices[zone], compact.reshape(-1, 3))
    place, seen = place[zone], seen[zone]
    inner = np.abs(place[:, 0]) < MIDDLE * line.corner
    best, joined = np.full(len(zone), BOTH), np.inf
    for shift in SHIFTS:
        sides = np.where(seen, line.tells(place, shift), 0)
        ways = [_ways(graph, sides == lip) for lip in (UPPER, LOWER)]
        bits = lip_bits(line, place, *ways)
        share = _joined_share(graph, place, sides, bits, inner)
        if share < joined:
            best, joined = bits, share
        if joined < PARTED:
            break
    bits = np.full(len(vertices), BOTH)
    bits[zone] = best
    return bits, joined


def _joined_share(graph: Any, place: Float64, sides: Int64, bits: Int64, inner: Bools) -> float:
    """Share of what surely is of a lip from which the other one is reached with hardly a detour."""
    edges = graph.tocoo()
    across = bits[edges.row] ^ bits[edges.col] == BOTH
    kept = ~(across & (edges.data > LONGEST))
    surface = sparse.csr_matrix((edges.data[kept], (edges.row[kept], edges.col[kept])), graph.shape)
    met = asked = 0
    for lip, other in ((UPPER, LOWER), (LOWER, UPPER)):
        start, goal = np.flatnonzero((sides == lip) & inner), np.flatnonzero(sides == other)
        if not len(start) or not len(goal):
            continue
        # As on the canonical head, whose mouth is shut: across an open one the straight way is long too.
        straight, _ = cKDTree(place[goal]).query(place[start])
        met += int((_ways(surface, sides == other)[start] < straight + DETOUR).sum())
        asked += len(start)
    return met / max(asked, 1)


def _ways(graph: Any, seeds: Bools, limit: float = 2.0 * ZONE) -> Float64:
    """(V,) metres along edges to the nearest seed."""
    if not seeds.any():
        return np.full(len(seeds), np.inf)
    away: Float64 = dijkstra(graph, directed=False, indices=np.flatnonzero(seeds), limit=limit, min_only=True)
    return away
