"""A chart of a topology's own, for data sets whose people share one mesh that is not the canonical head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.chart import build_chart
from mmtalker.mesh.flatten import mean_value_layout, signed_areas, slim
from mmtalker.mesh.mesh import Float32, Float64, Int32
from mmtalker.mesh.rings import boundary_loops

Int64 = NDArray[np.int64]

STRIP = 0.12
"""Part of the square's height, at its foot, where components beside the skin lie."""

FLAT = 1e-6
"""A triangle with less than this part of the mean area is opened a little before it is laid out."""

MOST_LOST = 0.01
"""Share of triangles that may be too small for the plane; beyond it the layout has failed."""


@dataclass(frozen=True)
class TopologyChart:
    """Where a topology's vertices lie in the unit square.

    Attributes:
        uv: (V, 2) place of every vertex.
        triangles: (C, 3) those laid out, all turning left, none over another.
    """

    uv: Float32
    triangles: Int32


def chart_of_topology(
    template: NDArray[np.floating[Any]], triangles: NDArray[np.integer[Any]], scale: Float64 | None = None
) -> TopologyChart:
    """Lay a head out in the unit square without flips.

    The component with the largest surface is the skin; its longest boundary (the neck) becomes the
    outline, and openings such as the mouth stay open. Every other component (an eyeball) gets a small
    disc of its own at the foot of the square; a closed one is opened at its rearmost triangle. What is no
    disc, and vertices without triangles, share the place of the nearest skin vertex.

    Args:
        template: (V, 3) resting face, y up and z out of the face.
        triangles: (F, 3) that turn alike.
        scale: (V,) wanted magnification of each vertex's surroundings; 1 if absent.

    Raises:
        MMTalkerError: ``BAD_MESH`` when the skin cannot be laid out.
    """
    vertices = np.asarray(template, dtype=np.float64)
    faces = np.asarray(triangles, dtype=np.int64)
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    scale = np.ones(len(vertices)) if scale is None else scale
    label = _components(faces, len(vertices))
    area = np.bincount(label[faces[:, 0]], weights=_areas(vertices, faces), minlength=label.max() + 1)
    order = [int(part) for part in np.argsort(-area) if area[part] > 0.0]
    if not order:
        raise _bad("it has no triangles with an area")
    others = len(order) - 1
    side = min(0.9 * STRIP, 1.0 / max(others, 1))
    uv = np.full((len(vertices), 2), np.nan)
    kept = []
    for place, part in enumerate(order):
        own = faces[label[faces[:, 0]] == part]
        try:
            used, layout, laid = _disc(vertices, own, scale, is_skin=place == 0)
        except ValueError as error:
            if place == 0:
                raise _bad(str(error)) from error
            continue
        if place == 0:
            shrink = 1.0 - STRIP if others else 1.0
            uv[used] = layout * shrink + np.array([0.5 * (1.0 - shrink), 1.0 - shrink])
        else:
            uv[used] = layout * 0.9 * side + np.array([(place - 1) * side, 0.0])
        kept.append(laid)
    _place_others(uv, vertices, kept[0])
    single = uv.astype(np.float32)
    laid_out = np.concatenate(kept)
    visible = signed_areas(single.astype(np.float64), laid_out) > 0.0
    if visible.mean() < 1.0 - MOST_LOST:
        raise _bad(f"{(~visible).sum()} of its triangles vanish in the plane")
    return TopologyChart(single, laid_out[visible].astype(np.int32))


def _components(faces: Int64, count: int) -> Int64:
    """(V,) number of each vertex's connected component."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    label: Int64 = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def _areas(vertices: Float64, faces: Int64) -> Float64:
    corners = vertices[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas: Float64 = 0.5 * np.linalg.norm(cross, axis=1)
    return areas


def _disc(vertices: Float64, faces: Int64, scale: Float64, *, is_skin: bool) -> tuple[Int64, Float64, Int64]:
    """Lay one component out in the unit square.

    Returns:
        Its vertices (N,), their places (N, 2), and the triangles (C, 3) that were laid out.

    Raises:
        ValueError: if it is no sphere with holes; the message says why.
    """
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    if len(np.unique(directed, axis=0)) != len(directed):
        raise ValueError("some of its triangles turn against their neighbours, or three meet at an edge")
    loops = boundary_loops(faces)
    used, local = np.unique(faces, return_inverse=True)
    local = local.reshape(-1, 3)
    edges = len(np.unique(np.sort(directed, axis=1), axis=0))
    if len(used) - edges + len(faces) != 2 - len(loops):
        raise ValueError("its surface has a handle or touches itself in a point, so it cannot be unrolled")
    if not loops:
        rear = int(np.argmin(vertices[faces].mean(axis=1)[:, 2]))
        faces, local = np.delete(faces, rear, axis=0), np.delete(local, rear, axis=0)
        loops = boundary_loops(faces)
    loops.sort(key=lambda loop: -_length(vertices[loop]))
    points, filled = vertices[used], [local]
    magnification = scale[used]
    for loop in loops[1:]:
        ring = np.searchsorted(used, loop)
        apex, cone = _cone(points, local, ring)
        points = np.concatenate([points, apex[None]])
        magnification = np.append(magnification, magnification[ring].mean())
        filled.append(cone)
    whole = np.concatenate(filled)
    points = _opened(points, whole)
    layout = (build_chart(points, whole, magnification) if is_skin else _roughly(points, whole))[: len(used)]
    if not np.isfinite(layout).all():
        raise ValueError("some of its triangles have no area")
    return used, layout, faces


def _roughly(points: Float64, faces: Int64) -> Float64:
    """Lay a small part out in the unit square; few steps will do, for little is sampled there."""
    uv = slim(points, faces, mean_value_layout(points, faces), np.ones(len(faces)), iterations=8)
    low, high = uv.min(axis=0), uv.max(axis=0)
    square: Float64 = 0.5 + (uv - 0.5 * (low + high)) / np.max(high - low)
    return square


def _length(loop: Float64) -> float:
    return float(np.linalg.norm(np.roll(loop, -1, axis=0) - loop, axis=1).sum())


def _cone(points: Float64, faces: Int64, ring: Int64) -> tuple[Float64, Int64]:
    """Close an opening by a cone, whose triangles have an area even where the lips of a slit touch.

    Returns:
        The apex (3,), numbered ``len(points)``, and the (R, 3) triangles.
    """
    rim = points[ring]
    centre = rim.mean(axis=0)
    touching = np.isin(faces, ring).any(axis=1)
    inward = centre - points[faces[touching]].mean(axis=(0, 1))
    size = float(np.linalg.norm(inward))
    radius = _length(rim) / (2.0 * np.pi)
    apex = centre + (inward / size if size > 0.0 else np.array([0.0, 0.0, -1.0])) * radius
    # The rim turns as the surface's own triangles do, so the lid must run along it the other way.
    cone = np.stack([np.roll(ring, -1), ring, np.full(len(ring), len(points))], axis=1)
    return apex, cone


def _opened(points: Float64, faces: Int64, rounds: int = 30) -> Float64:
    """Move the corners of triangles without area towards their neighbours until there is some."""
    points = points.copy()
    count = len(points)
    for _ in range(rounds):
        area = _areas(points, faces)
        flat = np.unique(faces[area < FLAT * area.mean()])
        if not len(flat):
            break
        edges = np.concatenate([faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        joined = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count)).tocsr()
        joined = joined + joined.T
        mean = (joined @ points) / np.asarray(joined.sum(axis=1))
        points[flat] = 0.5 * (points[flat] + mean[flat])
    return points


def _place_others(uv: Float64, vertices: Float64, skin: Int64) -> None:
    """Give vertices that no disc holds the place of the nearest skin vertex, in place."""
    without = np.flatnonzero(np.isnan(uv[:, 0]))
    if len(without):
        own = np.unique(skin)
        _, nearest = cKDTree(vertices[own]).query(vertices[without])
        uv[without] = uv[own[nearest]]


def _bad(reason: str) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.BAD_MESH,
        f"The topology's skin cannot be laid out in a chart: {reason}. Give the mesh that belongs to the "
        "data set, with shared vertices and triangles that all turn one way.",
    )
