"""Landmarks that the animator moved, on a head whose places are known: the places around follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from mmtalker.mapping.lips import geodesic
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.smoothing import cotangent_laplacian, vertex_areas
from mmtalker.mesh.untangle import untangle

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEAR = 0.02
"""Metres along the skin from a moved landmark up to which places follow it, beside twice its way."""

DETOUR = 2.0
"""How much longer the way along the skin to a moved landmark may be than the straight one."""

STEP = 0.005
"""Metres that this way may always have: across a fold of the skin, or to the next vertex of a coarse head."""

NEIGHBOURS = 24


@dataclass(frozen=True)
class Corrected:
    """A head's places after its landmarks were moved.

    Attributes:
        uv: (V, 2) place in the chart; those far from what was moved are the very same numbers.
        points: (3,) where each moved landmark is on the skin, in the space of the vertices given.
        vertices: the vertex nearest to it.
        folded: how many triangles are turned over in the chart that were not before.
    """

    uv: Float64
    points: dict[str, Float64]
    vertices: dict[str, int]
    folded: int


def correct_places(
    vertices: Float64,
    triangles: Int64,
    outside: Bools,
    uv: Float64,
    landmarks: Mapping[str, int],
    moved: Mapping[str, Float64],
) -> Corrected:
    """Give the skin at each moved landmark the canonical landmark's place, and let what lies around follow.

    How far places shift is the smoothest field along the skin (least bi-Laplacian energy) that is what each
    moved landmark asks for and zero at the other landmarks and beyond its reach. Reach is measured along the
    skin: the way from lip to lip leads through the pocket, so one lip does not take the other along.

    Args:
        vertices: (V, 3) canonical metres.
        triangles: (T, 3) of the skin, whatever way they turn.
        outside: (V,) what is in no pocket: there all landmarks are, and no drag leads into one.
        uv: (V, 2) the places that are known.
        landmarks: the vertex of each.
        moved: (3,) where the animator put some of them; on the skin the nearest point counts.
    """
    turned = _turned_alike(triangles, uv)
    shown = turned[outside[turned].all(axis=1)]
    feet = {
        name: foot
        for name, point in moved.items()
        if (foot := _on_skin(vertices, shown, landmarks[name], point)) is not None
    }
    points = {name: weights @ vertices[corners] for name, (corners, weights) in feet.items()}
    nearest = {name: int(corners[weights.argmax()]) for name, (corners, weights) in feet.items()}
    held = [vertex for name, vertex in landmarks.items() if name not in moved]
    pinned = np.array([*held, *nearest.values()], dtype=np.int64)
    head = load_canonical()
    shift = np.zeros_like(uv)
    for name, (corners, weights) in feet.items():
        shift[nearest[name]] = head.uv[head.landmarks[name]] - weights @ uv[corners]
    follows = np.zeros(len(uv), dtype=bool)
    for name, vertex in nearest.items():
        way = float(np.linalg.norm(points[name] - vertices[landmarks[name]]))
        follows |= geodesic(vertices, turned, np.array([vertex]), NEAR + 2.0 * way) < np.inf
    follows[pinned] = False
    shift = _smoothest(vertices, turned, shift, follows)
    laid, folds = untangle(uv + shift, vertices, turned, ~follows)
    return Corrected(laid, points, nearest, len(folds))


def _turned_alike(triangles: Int64, uv: Float64) -> Int64:
    """Those that are something in the chart, all turning as there: an artist's faces may look inwards."""
    area = signed_areas(uv, triangles)
    alike = np.where((area < 0.0)[:, None], triangles[:, ::-1], triangles)
    # As they are kept: what has no area in single precision was a fold before.
    single = signed_areas(uv.astype(np.float32).astype(np.float64), alike)
    found: Int64 = alike[single > 0.0]
    return found


def _on_skin(vertices: Float64, triangles: Int64, start: int, point: Float64) -> tuple[Int64, Float64] | None:
    """Corners (3,) and weights (3,) of the nearest point that a landmark could be dragged to along the skin.

    None where there is no skin: an artist may have deleted its faces.
    """
    straight = float(np.linalg.norm(point - vertices[start]))
    near = np.isfinite(geodesic(vertices, triangles, np.array([start]), DETOUR * straight + STEP))
    within = triangles[near[triangles].any(axis=1)]
    if not len(within):
        return None
    facing = vertex_normals(vertices, within)[[start]]
    found, weights, _ = closest_on_triangles(point[None], facing, vertices, within, NEIGHBOURS)
    return within[found[0]], weights[0]


def _smoothest(vertices: Float64, triangles: Int64, values: Float64, free: Bools) -> Float64:
    """Give (V, 2) values at ``free`` vertices that have the least bi-Laplacian energy between the others."""
    # Of the triangles around alone, since these are all that the energy sees.
    ring = free.copy()
    for _ in range(2):
        ring[triangles[ring[triangles].any(axis=1)]] = True
    used, compact = np.unique(triangles[ring[triangles].all(axis=1)], return_inverse=True)
    inner = free[used]
    if not inner.any():
        return values
    compact = compact.reshape(-1, 3)
    laplacian = cotangent_laplacian(vertices[used], compact)
    heft = sparse.diags(1.0 / vertex_areas(vertices[used], compact))
    energy = (laplacian @ heft @ laplacian).tocsr()[inner]
    hung = values.copy()
    solver = splu(energy[:, inner].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    hung[used[inner]] = solver.solve(-(energy[:, ~inner] @ values[used[~inner]]))
    return hung
