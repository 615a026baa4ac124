"""Making the ICT table: `python -m lab ict-table --data DIR -o topology_ict.npz`.

The canonical skin is fitted onto the model's neutral with both mouths half open, so that the lips
cannot be mistaken for each other, lip line on lip line and lid margin on lid margin. What is kept is where
in our chart each vertex lies, and nothing of the model's own geometry.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from lab.heads import ict
from lab.heads.mapping_check import transfer_errors
from mmtalker.io.arrays import write_arrays
from mmtalker.mapping.chart_places import below_chart, chart_places
from mmtalker.mapping.face_parts import (
    IN_EYE_LEFT,
    IN_EYE_RIGHT,
    OUTSIDE,
    Face,
    curve_pins,
    face_of,
    feature_points,
    halves,
    sockets_by_side,
)
from mmtalker.mapping.registration import Target, fit_surface
from mmtalker.mapping.template import template_face
from mmtalker.mesh.canonical import CanonicalHead, canonical_surface, load_canonical
from mmtalker.mesh.edges import edges_of
from mmtalker.mesh.rigid import umeyama
from mmtalker.mesh.roles import Role
from mmtalker.mesh.topology import first_occurrences
from mmtalker.mesh.untangle import untangle
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

OPEN_ICT = 0.40
"""Strength of jawOpen at which the mouth gapes about as wide as the canonical one at ``OPEN``."""


def ict_face(model: ict.IctModel) -> Face:
    """The model's skin."""
    rest = model.neutral[: ict.SKIN_COUNT].astype(np.float64)
    posed = rest + OPEN_ICT * model.shapes[ARKIT_INDEX["jawOpen"], : ict.SKIN_COUNT]
    index = np.arange(ict.SKIN_COUNT)
    mouth = (index >= ict.MOUTH_SOCKET.start) & (index < ict.MOUTH_SOCKET.stop)
    eyes = (index >= ict.EYE_SOCKETS.start) & (index < ict.EYE_SOCKETS.stop)
    polygons = model.faces[(model.faces < ict.SKIN_COUNT).all(axis=1)]
    return face_of(rest, posed, polygons, sockets_by_side(rest, mouth, eyes))


def register(canonical: Face, head: CanonicalHead, other: Face) -> Float64:
    """Fit the canonical skin (C, 3) to the other head, both mouths half open."""
    index, positions = curve_pins(canonical, other)
    own, theirs = feature_points(canonical), feature_points(other)
    index = np.concatenate([index, list(own.values())])
    positions = np.concatenate([positions, other.posed[list(theirs.values())]])
    outer = {"lip_upper_outer": 51, "lip_lower_outer": 57}
    index = np.concatenate([index, [head.landmarks[name] for name in outer]])
    positions = np.concatenate([positions, other.posed[ict.MULTI_PIE[list(outer.values())]]])
    start = umeyama(canonical.posed[index], positions).apply(canonical.posed)
    trust = np.where(canonical.labels == OUTSIDE, 1.0, 0.15)
    return fit_surface(
        start,
        canonical.triangles,
        1 << canonical.labels,
        trust,
        Target.of(other.posed, other.triangles, 1 << other.labels),
        (index, positions),
    )


def vertex_roles(model: ict.IctModel, skin_roles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(V,) roles: skin from the chart, the rest from the model's vertex ranges."""
    roles = np.full(ict.VERTEX_COUNT, Role.LASHES, dtype=np.uint8)  # fluid, occlusion and lashes hug the lids
    roles[: ict.SKIN_COUNT] = skin_roles
    roles[ict.UPPER_TEETH] = Role.TEETH_UPPER
    roles[ict.TONGUE] = Role.TONGUE
    roles[ict.LOWER_TEETH] = Role.TEETH_LOWER
    moved = np.linalg.norm(model.shapes[ARKIT_INDEX["jawForward"], ict.GUMS], axis=1)
    roles[ict.GUMS] = np.where(moved > 0.5 * moved.max(), Role.TEETH_LOWER, Role.TEETH_UPPER)
    balls = np.arange(ict.EYEBALLS.start, ict.EYEBALLS.stop)
    roles[balls] = np.where(model.neutral[balls, 0] > 0.0, Role.EYE_LEFT, Role.EYE_RIGHT)
    return roles


def jaw_weights(model: ict.IctModel, roles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(V,) how much of the jaw's motion a part without skin follows: our reading of the model's jawForward.

    Upper and lower gums are one piece in this model, so roles alone would tear it.
    """
    forward = model.shapes[ARKIT_INDEX["jawForward"]]
    teeth = np.linalg.norm(forward[roles == Role.TEETH_LOWER], axis=1).mean()
    weight = np.clip(np.linalg.norm(forward, axis=1) / teeth, 0.0, 1.0)
    follows = np.isin(roles, (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))
    return np.where(follows, np.round(weight * 20.0) / 20.0, 0.0).astype(np.float32)


def lash_leaders(model: ict.IctModel, face: Face) -> Int64:
    """(V,) vertex of the lid margin that each lash vertex follows, -1 for everything else.

    A lash follows its root: its tip is nearer to the other lid once the eye closes.
    """
    leaders = np.full(ict.VERTEX_COUNT, -1, dtype=np.int64)
    lashes = np.arange(ict.LASHES.start, ict.LASHES.stop)
    triangles = model.mesh().triangles().astype(np.int64)
    own = triangles[(triangles >= lashes[0]).all(axis=1) & (triangles <= lashes[-1]).all(axis=1)] - lashes[0]
    edges = edges_of(own)
    points = model.neutral[lashes].astype(np.float64)
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    graph = sparse.csr_matrix((length, (edges[:, 0], edges[:, 1])), (len(lashes), len(lashes)))
    _, strip = connected_components(graph, directed=False)
    for number in np.unique(strip):
        members = np.flatnonzero(strip == number)
        label = IN_EYE_LEFT if points[members, 0].mean() > 0.0 else IN_EYE_RIGHT
        upper, lower = halves(face, label)
        corner_height = face.rest[[upper[0], upper[-1]], 1].mean()
        margin = upper if points[members, 1].mean() > corner_height else lower
        distance, near = cKDTree(face.rest[margin]).query(points[members])
        roots = distance <= np.quantile(distance, 0.3)
        _, _, source = dijkstra(
            graph, directed=False, indices=members[roots], min_only=True, return_predecessors=True
        )
        nearest = dict(zip(members.tolist(), near.tolist(), strict=True))
        leaders[lashes[members]] = [margin[nearest[int(root)]] for root in source[members]]
    return leaders


def coincident(vertices: NDArray[np.float32]) -> NDArray[np.int32]:
    """(V,) the first vertex that is in the very same place."""
    _, first, inverse = np.unique(vertices + np.float32(0.0), axis=0, return_index=True, return_inverse=True)
    earliest: NDArray[np.int32] = first[inverse.ravel()].astype(np.int32)
    return earliest


def corner_order(faces: Int64) -> Int64:
    """(V,) the order in which the faces use the vertices, the unused ones last."""
    used = first_occurrences(faces[faces >= 0])
    return np.concatenate([used, np.setdiff1d(np.arange(ict.VERTEX_COUNT), used)])


def build(data: Path) -> dict[str, NDArray[np.generic]]:
    """Compute every array of the table; see :mod:`mmtalker.mesh.topology`."""
    head, model = load_canonical(), ict.load_ict(data)
    canonical, other = template_face(head), ict_face(model)
    fitted = register(canonical, head, other)
    raw = chart_places(fitted, canonical, head, other)
    low = below_chart(raw)
    # What lies below the neck is squeezed on the chart's border, and has no area there to turn over.
    laid = other.triangles[~low[other.triangles].any(axis=1)]
    uv, flips = untangle(raw, other.rest, laid, low)
    print(f"{len(flips)} of {len(laid)} triangles flipped; {int(low.sum())} vertices below the neck")
    face = (other.labels == OUTSIDE) & ~low & (np.arange(len(uv)) < ict.FACE_COUNT)
    print(f"{'shape':20s} correlation  mean mm  error mm")
    for name, figures in transfer_errors(head, uv, other.rest, model.shapes[:, : len(uv)], face).items():
        print(f"{name:20s} {figures.correlation:11.2f} {figures.mean_mm:8.2f} {figures.error_mm:9.2f}")
    roles = vertex_roles(model, head.role[canonical_surface().nearest_vertex(uv)])
    landmarks = {}
    for name, vertex in head.landmarks.items():
        same = np.flatnonzero(other.labels == canonical.labels[vertex])
        away = np.linalg.norm(other.posed[same] - fitted[vertex], axis=1)
        landmarks[name] = int(same[np.argmin(away)])
    someone = model.neutral + model.identities.sum(axis=0)
    places = np.zeros((ict.VERTEX_COUNT, 2), dtype=np.float32)
    places[: ict.SKIN_COUNT] = uv
    return {
        "version": np.array(1),
        "uv": places,
        "role": roles,
        "jaw_weight": jaw_weights(model, roles),
        "leader": lash_leaders(model, other).astype(np.int32),
        "twins": np.stack([coincident(model.neutral), coincident(someone)]),
        "orders": np.stack([np.arange(ict.VERTEX_COUNT), corner_order(model.faces)]).astype(np.int32),
        "landmark_names": np.array(list(landmarks)),
        "landmark_vertices": np.array(list(landmarks.values()), dtype=np.int32),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table."""
    parser = argparse.ArgumentParser(prog="python -m lab ict-table", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds heads/ict_facekit")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write, .npz")
    options = parser.parse_args(arguments)
    output: Path = options.output
    write_arrays(output, build(options.data), compress=True)
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB")
    return 0
