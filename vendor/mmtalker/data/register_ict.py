"""Making the ICT table: `python -m mmtalker.data.register_ict --data DIR -o topology_ict.npz`.

The canonical skin is fitted onto the model's neutral with both mouths half open, so that the lips
cannot be mistaken for each other, lip line on lip line and lid margin on lid margin. What is kept is where
in our chart each vertex lies, and nothing of the model's own geometry.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from mmtalker.data import ict
from mmtalker.data.registration import Target, closest_on_triangles, fit_surface, vertex_normals
from mmtalker.mesh.canonical import CanonicalHead, canonical_surface, load_canonical
from mmtalker.mesh.flatten import boundary_loop, mean_value_layout, signed_areas
from mmtalker.mesh.rigid import umeyama
from mmtalker.mesh.rings import aperture, boundary_loops
from mmtalker.mesh.roles import Role
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

OPEN_CANONICAL, OPEN_ICT = 0.35, 0.40
"""Strength of jawOpen at which both mouths gape about equally."""

OUTSIDE, IN_MOUTH, IN_EYE_LEFT, IN_EYE_RIGHT = range(4)


@dataclass(frozen=True)
class Face:
    """A skin with its openings: what the fit needs to know about either head.

    Attributes:
        rest, posed: (V, 3) neutral, and with the mouth half open.
        triangles: (T, 3).
        labels: (V,) outside, or inside which opening.
        apertures: ordered loop of each opening, where it is narrowest to look at.
    """

    rest: Float64
    posed: Float64
    triangles: Int64
    labels: Int64
    apertures: dict[int, Int64]


def face_of(rest: Float64, posed: Float64, polygons: Int64, sockets: dict[int, NDArray[np.bool_]]) -> Face:
    """Find the openings' apertures by growing each socket to the ring of least area seen from the front."""
    labels = np.zeros(len(rest), dtype=np.int64)
    apertures = {}
    for label, socket in sockets.items():
        apertures[label], within = aperture(polygons, rest, socket)
        labels[within] = label
    triangles = np.concatenate([polygons[:, [0, 1, 2]], polygons[polygons[:, 3] >= 0][:, [0, 2, 3]]])
    return Face(rest, posed, triangles, labels, apertures)


def canonical_face(head: CanonicalHead) -> Face:
    """The canonical skin."""
    count = head.chart_count
    rest = head.vertices[:count].astype(np.float64)
    posed = rest + OPEN_CANONICAL * head.shapes[ARKIT_INDEX["jawOpen"], :count]
    starts, corners = head.mesh.loop_starts, head.mesh.loop_vertices
    quads = np.flatnonzero(np.diff(starts) == 4)
    polygons = corners[starts[quads][:, None] + np.arange(4)].astype(np.int64)
    polygons = polygons[(polygons < count).all(axis=1)]
    role = head.role[:count]
    return face_of(rest, posed, polygons, _sockets(rest, role == Role.MOUTH_SOCKET, role == Role.EYE_SOCKET))


def ict_face(model: ict.IctModel) -> Face:
    """The model's skin."""
    rest = model.neutral[: ict.SKIN_COUNT].astype(np.float64)
    posed = rest + OPEN_ICT * model.shapes[ARKIT_INDEX["jawOpen"], : ict.SKIN_COUNT]
    index = np.arange(ict.SKIN_COUNT)
    mouth = (index >= ict.MOUTH_SOCKET.start) & (index < ict.MOUTH_SOCKET.stop)
    eyes = (index >= ict.EYE_SOCKETS.start) & (index < ict.EYE_SOCKETS.stop)
    polygons = model.faces[(model.faces < ict.SKIN_COUNT).all(axis=1)]
    return face_of(rest, posed, polygons, _sockets(rest, mouth, eyes))


def _sockets(rest: Float64, mouth: NDArray[np.bool_], eyes: NDArray[np.bool_]) -> dict[int, NDArray[np.bool_]]:
    left = rest[:, 0] > 0.0
    return {IN_MOUTH: mouth, IN_EYE_LEFT: eyes & left, IN_EYE_RIGHT: eyes & ~left}


def feature_points(face: Face) -> dict[str, int]:
    """Vertices that one rule finds on any frontal head with a known mouth: nose, chin and ears."""
    rest = face.rest
    mouth = rest[face.apertures[IN_MOUTH]].mean(axis=0)
    eyes = 0.5 * sum(rest[face.apertures[label]].mean(axis=0) for label in (IN_EYE_LEFT, IN_EYE_RIGHT))
    unit = float(eyes[1] - mouth[1])
    line = np.flatnonzero(
        (np.abs(rest[:, 0]) < 5e-4) & (face.labels == OUTSIDE) & (rest[:, 2] > mouth[2] - 0.6 * unit)
    )
    height, depth = (rest[line, 1] - mouth[1]) / unit, rest[line, 2]

    def pick(low: float, high: float, score: Float64) -> int:
        return int(line[np.argmax(np.where((height > low) & (height < high), score, -np.inf))])

    nose = pick(0.2, 0.9, depth)
    tip = (rest[nose, 1] - mouth[1]) / unit
    side = rest[:, 0] * 1.0
    level = np.abs(rest[:, 1] - eyes[1]) < 0.9 * unit
    return {
        "nose_tip": nose,
        "nose_root": pick(0.85, 1.15, -depth),
        "subnasale": pick(0.12, tip - 0.05, -depth - 0.02 * np.abs(height - 0.5 * (0.2 + tip))),
        "chin": pick(-0.95, -0.4, depth),
        "forehead": pick(1.0, 2.5, -np.abs(height - 1.7)),
        "ear_left": int(np.argmax(np.where(level, side, -np.inf))),
        "ear_right": int(np.argmax(np.where(level, -side, -np.inf))),
    }


def halves(face: Face, label: int) -> tuple[Int64, Int64]:
    """Upper and lower half of an aperture, each from the -x corner to the +x one, corners in both."""
    ring = face.apertures[label]
    ring = np.roll(ring, -int(np.argmin(face.rest[ring, 0])))
    turn = int(np.argmax(face.rest[ring, 0]))
    one, other = ring[: turn + 1], np.concatenate([ring[turn:], ring[:1]])[::-1]
    # At rest closed lips lie on each other; only the open pose tells which is which.
    upper, lower = sorted((one, other), key=lambda half: -float(face.posed[half[1:-1], 1].mean()))
    return upper, lower


def _shares(curve: Float64) -> Float64:
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    return along / along[-1]


def curve_pins(canonical: Face, other: Face) -> tuple[Int64, Float64]:
    """For every canonical vertex on an aperture, the point at the same share of the other head's curve."""
    vertices, positions = [], []
    for label in canonical.apertures:
        for own, theirs in zip(halves(canonical, label), halves(other, label), strict=True):
            curve = other.posed[theirs]
            at, along = _shares(canonical.posed[own]), _shares(curve)
            vertices.append(own)
            positions.append(np.stack([np.interp(at, along, curve[:, k]) for k in range(3)], axis=1))
    index, first = np.unique(np.concatenate(vertices), return_index=True)
    return index, np.concatenate(positions)[first]


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
        canonical.labels,
        trust,
        Target(other.posed, other.triangles, other.labels),
        (index, positions),
    )


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
    angles[lower] = np.pi * (1.0 + _shares(face.posed[lower]))
    angles[upper] = np.pi * (1.0 - _shares(face.posed[upper]))
    loop = boundary_loop(compact)
    turning = np.unwrap(angles[vertices[loop]])
    if turning[-1] < turning[0]:
        angles = -angles
    return vertices, compact, mean_value_layout(face.posed[vertices], compact, angles[vertices])


def untangle(uv: Float64, triangles: Int64, below_chart: NDArray[np.bool_], rounds: int = 40) -> Float64:
    """Lay patches around turned-over triangles out again as harmonic discs, wider each round.

    Such patches are deep nostrils, which one head has and the other has not. What lies beyond the
    chart's neck (``below_chart``) stays squeezed on its boundary.
    """
    count = len(uv)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    adjacency = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count))
    adjacency.data[:] = 1.0
    laplacian = (sparse.diags(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency).tocsc()
    uv = uv.copy()
    patch = np.zeros(count, dtype=bool)
    for _ in range(rounds):
        bad = (signed_areas(uv, triangles) <= 0.0) & ~below_chart[triangles].any(axis=1)
        if not bad.any():
            break
        patch[triangles[bad]] = True
        touched = np.zeros(count)
        touched[triangles[bad]] = 1.0
        patch |= adjacency @ touched > 0.0
        inner = np.flatnonzero(patch & ~below_chart)
        outer = np.setdiff1d(np.arange(count), inner)
        right = -(laplacian[inner][:, outer] @ uv[outer])
        uv[inner] = linalg.spsolve(laplacian[inner][:, inner].tocsc(), right)
    return uv


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


def below_chart(uv: Float64) -> NDArray[np.bool_]:
    """Which places lie on the chart's boundary: skin below the canonical neck, all squeezed on there."""
    surface = canonical_surface()
    triangle, weights = surface.locate(uv)
    edge = np.zeros(len(surface.uv))
    edge[boundary_loops(surface.triangles)[0]] = 1.0
    return np.einsum("nk,nk->n", weights, edge[surface.triangles[triangle]]) > 0.999


def build(data: Path) -> dict[str, NDArray[np.generic]]:
    """Compute every array of the table; see :mod:`mmtalker.mesh.topology`."""
    head, model = load_canonical(), ict.load_ict(data)
    canonical, other = canonical_face(head), ict_face(model)
    fitted = register(canonical, head, other)
    raw = chart_places(fitted, canonical, head, other)
    low = below_chart(raw)
    uv = untangle(raw, other.triangles, low)
    flips = (signed_areas(uv, other.triangles) <= 0.0) & ~low[other.triangles].any(axis=1)
    print(f"flipped in the chart: {int(flips.sum())} of {len(flips)} triangles; below the neck: {int(low.sum())} vertices")
    roles = vertex_roles(model, head.role[canonical_surface().nearest_vertex(uv)])
    landmarks = {}
    for name, vertex in head.landmarks.items():
        same = np.flatnonzero(other.labels == canonical.labels[vertex])
        away = np.linalg.norm(other.posed[same] - fitted[vertex], axis=1)
        landmarks[name] = int(same[np.argmin(away)])
    places = np.zeros((ict.VERTEX_COUNT, 2), dtype=np.float32)
    places[: ict.SKIN_COUNT] = uv
    return {
        "version": np.array(1),
        "uv": places,
        "role": roles,
        "jaw_weight": jaw_weights(model, roles),
        "leader": lash_leaders(model, other).astype(np.int32),
        "distinct": np.stack(
            [distinct_vertices(model.neutral), distinct_vertices(model.neutral + model.identities.sum(axis=0))]
        ),
        "landmark_names": np.array(list(landmarks)),
        "landmark_vertices": np.array(list(landmarks.values()), dtype=np.int32),
    }


def lash_leaders(model: ict.IctModel, face: Face) -> Int64:
    """(V,) vertex of the lid margin that each lash vertex follows, -1 for everything else.

    A lash follows its root: its tip is nearer to the other lid once the eye closes.
    """
    leaders = np.full(ict.VERTEX_COUNT, -1, dtype=np.int64)
    lashes = np.arange(ict.LASHES.start, ict.LASHES.stop)
    triangles = model.mesh().triangles().astype(np.int64)
    own = triangles[(triangles >= lashes[0]).all(axis=1) & (triangles <= lashes[-1]).all(axis=1)] - lashes[0]
    edges = np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]])
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


def distinct_vertices(vertices: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(V,) whether no earlier vertex is in the very same place."""
    _, first = np.unique(vertices + np.float32(0.0), axis=0, return_index=True)
    mask = np.zeros(len(vertices), dtype=bool)
    mask[first] = True
    return mask


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(prog="python -m mmtalker.data.register_ict", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds heads/ict_facekit")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write, .npz")
    arguments = parser.parse_args()
    output: Path = arguments.output
    partial = output.with_name(output.name + ".part.npz")
    np.savez_compressed(partial, **build(arguments.data))
    partial.replace(output)
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
