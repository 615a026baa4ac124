"""The two lips of a head as surfaces, and how far apart or inside each other they are.

Nothing here knows of the points that the product brings together: what is measured are points all over the
head's own triangles, against the other lip's triangles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.face import skin_of
from lab.heads.training_heads import TrainingHead
from mmtalker.contact.canonical_lips import half_width, lip_distances
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.normals import vertex_normals

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

ZONE_M = 0.007
"""Metres along the canonical skin around the lip line that count as lips, inside the mouth too."""

MIDDLE = 0.5
"""Share of the mouth's width, about its middle, in which the lips have to meet."""

BETWEEN = 0.9
"""Share of the mouth's width in which crossing counts: in the corners both lips are one fold of skin."""

INNER = 0.75
"""Share of the mouth's width that has nothing to do with its corners."""

DEEPEST_MM = 3.0
"""Skin further behind a lip's surface is on its other side, and not in it."""

_DIVISIONS = 2
"""Points along each edge of a triangle, less one."""


@dataclass(frozen=True, eq=False)
class Lip:
    """One lip.

    Attributes:
        triangles: (T, 3) vertices of the head.
        middle: (T,) whether a triangle is in the middle of the mouth, where lips have to meet.
        between: (T,) whether it is between the corners, where they must not cross.
        centre: (T,) whether it is well between them.
        inner: (T,) whether it is away from the patch's border: what is nearest to the border may lie beside
            the patch and not behind it.
    """

    triangles: Int64
    middle: NDArray[np.bool_]
    between: NDArray[np.bool_]
    centre: NDArray[np.bool_]
    inner: NDArray[np.bool_]


@dataclass(frozen=True)
class Meeting:
    """How two lips lie to each other in one pose.

    Attributes:
        apart: mm between the lips where they are nearest, in the middle; 0 where they cross there.
        crossing: mm by which a point of one lip is inside the other at most, between the corners.
        inner_crossing: the same well between them.
    """

    apart: float
    crossing: float
    inner_crossing: float


def lips_of(head: TrainingHead) -> tuple[Lip, Lip]:
    """Return upper and lower lip, by the true place of every vertex on the canonical head."""
    canonical = load_canonical()
    here = np.flatnonzero(skin_of(head))
    label, across = np.zeros(len(head.vertices), dtype=np.int64), np.full(len(head.vertices), np.inf)
    half = half_width()
    label[here] = _canonical_lips()[canonical_surface().nearest_vertex(head.uv[here])]
    rest = canonical.vertices[: canonical.chart_count].astype(np.float64)
    across[here] = np.abs(canonical_surface().interpolate(rest, head.uv[here])[:, 0])
    upper, lower = (_lip(head.triangles.astype(np.int64), label == side, across / half) for side in (1, 2))
    return upper, lower


def meet(vertices: Floats, upper: Lip, lower: Lip) -> Meeting:
    """Measure one pose of a head.

    Args:
        vertices: (V, 3) the pose, in mm on a head of human size.
        upper, lower: from :func:`lips_of`.
    """
    apart, crossing, inner = np.inf, 0.0, 0.0
    points = np.asarray(vertices, dtype=np.float64)
    for lip, other in ((upper, lower), (lower, upper)):
        signed, trusted = _signed(points, lip, other)
        inside = trusted & (signed < 0.0) & (signed > -DEEPEST_MM)
        parts = (lip.middle, lip.between, lip.centre)
        middle, between, centre = (np.repeat(part, len(_spread())) for part in parts)
        crossing = max(crossing, float(-signed[inside & between].min(initial=0.0)))
        inner = max(inner, float(-signed[inside & centre].min(initial=0.0)))
        near = np.where(inside, 0.0, np.abs(signed))[middle]
        apart = min(apart, float(near.min(initial=np.inf)))
    return Meeting(apart, crossing, inner)


def _signed(points: Float64, lip: Lip, other: Lip) -> tuple[Float64, NDArray[np.bool_]]:
    """(N,) mm of points all over a lip from the other lip, negative inside, and where the sign is sure."""
    used, compact = np.unique(other.triangles, return_inverse=True)
    triangles = compact.reshape(-1, 3)
    surface = points[used]
    spread = np.einsum("pc,tcd->tpd", _spread(), points[lip.triangles]).reshape(-1, 3)
    found, weights, distance = closest_on_triangles(spread, np.zeros_like(spread), surface, triangles, 8)
    normals = vertex_normals(surface, triangles)[triangles[found]]
    facing = np.einsum("nc,ncd->nd", weights, normals)
    foot = np.einsum("nc,ncd->nd", weights, surface[triangles[found]])
    behind = np.sum((spread - foot) * facing, axis=1) < 0.0
    return np.where(behind, -distance, distance), other.inner[found]


def _lip(triangles: Int64, mine: NDArray[np.bool_], across: Float64) -> Lip:
    own = triangles[mine[triangles].all(axis=1)]
    edges = np.sort(np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]]), axis=1)
    unique, times = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(unique[times == 1])
    middle, between, centre = ((across < share)[own].all(axis=1) for share in (MIDDLE, BETWEEN, INNER))
    return Lip(own, middle, between, centre, ~np.isin(own, border).any(axis=1))


@lru_cache(maxsize=1)
def _canonical_lips() -> Int64:
    """(C,) 1 on the upper lip, 2 on the lower, 0 elsewhere, of the canonical skin."""
    to_upper, to_lower = lip_distances()
    label = np.where(to_upper < to_lower, 1, 2)
    label[(np.minimum(to_upper, to_lower) > ZONE_M) | (to_upper == to_lower)] = 0
    return label


@lru_cache(maxsize=1)
def _spread() -> Float64:
    """(N, 3) barycentric weights of points evenly spread over a triangle."""
    n = _DIVISIONS
    rows = [(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)]
    weights: Float64 = np.array(rows, dtype=np.float64) / n
    return weights
