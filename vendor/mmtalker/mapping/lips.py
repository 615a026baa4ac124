"""Which lip is which: by distance along the surface, since across the slit both are in the same place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from mmtalker.mesh.edges import edge_keys, edges_of

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

UPPER, LOWER, BOTH = 1, 2, 3
"""Bits that say which lip something belongs to; away from the mouth it may meet either."""

ZONE = 0.030
"""Metres around the lip line, along the surface, in which lips have to be told apart."""

GROWN = 0.003
"""Metres from the lip line within which an edge from lip to lip has them grown together."""

LONGEST = 0.010
"""Metres of such an edge: what is longer bridges the mouth behind the lips, as a coarse bag does."""

DEPTH_SHARE = 0.5
"""How much depth counts for that, beside height and width."""

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

    def tells(self, place: Float64) -> Int64:
        """(N, 3) -> (N,) UPPER or LOWER where a place on the outer skin is beyond doubt, else 0."""
        height = self.height(place)
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
    if not len(seeds):
        return np.full(len(vertices), np.inf)
    away: Float64 = dijkstra(
        edge_graph(vertices, triangles), directed=False, indices=seeds, limit=limit, min_only=True
    )
    return away


def lip_bits(line: LipLine, place: Float64, upper: Float64, lower: Float64) -> Int64:
    """Say which lip each of N vertices may belong to.

    Args:
        line: the canonical lip line.
        place: (N, 3) canonical place, roughly.
        upper, lower: (N,) metres along the surface to what is surely upper and lower lip.
    """
    near = np.minimum(upper, lower) < ZONE
    corner = np.abs(place[:, 0]) > line.corner - CORNER
    told = np.where(upper <= lower, UPPER, LOWER)
    return np.where(near & ~corner, told, BOTH)


def crossing_share(
    line: LipLine, triangles: Int64, place: Float64, bits: Int64, vertices: Float64, on_line: Float64
) -> float:
    """Return the share of the lip line along which one surface joins both lips right there: 1 if fused.

    Args:
        line: the canonical lip line.
        triangles: (T, 3) of the head.
        place: (V, 3) canonical place of its vertices, roughly.
        bits: (V,) which lip.
        vertices: (V, 3) in canonical space.
        on_line: (P, 3) the lip line on this head.
    """
    edges = edges_of(triangles)
    a, b = edges[:, 0], edges[:, 1]
    across = (bits[a] | bits[b]) == BOTH
    across &= (bits[a] != BOTH) & (bits[b] != BOTH)
    across &= np.linalg.norm(vertices[a] - vertices[b], axis=1) < LONGEST
    inner = np.abs(on_line[:, 0] - on_line[:, 0].mean()) < 0.35 * np.ptp(on_line[:, 0])
    if not across.any() or not inner.any():
        return 0.0
    # Depth counts less: where the lips of a scan have grown together is in front of where they would meet.
    shown = np.array([1.0, 1.0, DEPTH_SHARE])
    start, along = shown * vertices[a[across]], shown * (vertices[b[across]] - vertices[a[across]])
    reach = np.maximum((along**2).sum(axis=1), 1e-18)
    apart = shown * on_line[inner][:, None] - start[None]
    time = np.clip((apart * along[None]).sum(axis=2) / reach, 0.0, 1.0)
    distance = np.linalg.norm(apart - time[..., None] * along[None], axis=2).min(axis=1)
    return float((distance < GROWN).mean())
