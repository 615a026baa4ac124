"""Where another head's skin lies in our chart: closest points outside, discs laid on each other inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.face_parts import OUTSIDE, Face, halves, shares
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mesh.canonical import CanonicalHead, canonical_surface
from mmtalker.mesh.flatten import boundary_loop, mean_value_layout
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.surface import CanonicalSurface

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def chart_places(fitted: Float64, canonical: Face, head: CanonicalHead, other: Face) -> Float64:
    """(V, 2) place in the chart of every vertex of the other skin.

    Outside it is the closest point of the fitted skin, on the apertures the same share of the
    curve. The pockets behind them differ too much in depth for closest points: there both are
    laid out as discs that agree on the rim.
    """
    chart = head.uv.astype(np.float64)
    uv = np.zeros((len(other.rest), 2))
    here = np.flatnonzero(other.labels == OUTSIDE)
    normals = vertex_normals(other.posed, other.triangles)
    triangles = canonical.triangles[(canonical.labels[canonical.triangles] == OUTSIDE).all(axis=1)]
    found, weights, _ = closest_on_triangles(other.posed[here], normals[here], fitted, triangles)
    uv[here] = np.einsum("nk,nkd->nd", weights, chart[triangles[found]])
    for label in canonical.apertures:
        own, own_triangles, own_disc = _pocket(canonical, label)
        theirs, _, their_disc = _pocket(other, label)
        surface = CanonicalSurface(0.5 + 0.5 * own_disc, own_triangles)
        uv[theirs] = surface.interpolate(chart[own], 0.5 + 0.5 * their_disc)
    return uv


def _pocket(face: Face, label: int) -> tuple[Int64, Int64, Float64]:
    """A socket with its aperture as a unit disc: vertices (N,), triangles in their numbers, places (N, 2)."""
    member = face.labels == label
    member[face.apertures[label]] = True
    chosen = face.triangles[member[face.triangles].all(axis=1)]
    # A face between three vertices of the aperture alone lies outside of it.
    chosen = chosen[(face.labels[chosen] == label).any(axis=1)]
    vertices, compact = np.unique(chosen, return_inverse=True)
    compact = compact.reshape(-1, 3)
    angles = np.zeros(len(face.rest))
    # Seen from inside, so that the boundary turns the same way as the pocket's own faces.
    upper, lower = halves(face, label)
    angles[lower] = np.pi * (1.0 + shares(face.posed[lower]))
    angles[upper] = np.pi * (1.0 - shares(face.posed[upper]))
    loop = boundary_loop(compact)
    turning = np.unwrap(angles[vertices[loop]])
    if turning[-1] < turning[0]:
        angles = -angles
    return vertices, compact, mean_value_layout(face.posed[vertices], compact, angles[vertices])


def below_chart(uv: Float64) -> NDArray[np.bool_]:
    """Which places lie on the chart's boundary: skin below the canonical neck, all squeezed on there."""
    surface = canonical_surface()
    triangle, weights = surface.locate(uv)
    edge = np.zeros(len(surface.uv))
    edge[boundary_loop(surface.triangles)] = 1.0
    on_boundary: NDArray[np.bool_] = np.sum(weights * edge[surface.triangles[triangle]], axis=1) > 0.999
    return on_boundary
