"""Mapping a head of a topology that is known by heart: recognising it, and carrying its facts over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.corrections import correct_places
from mmtalker.mapping.types import REGIONS, HeadMapping
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Float32, Float64, Mesh, Similarity
from mmtalker.mesh.rigid import robust_similarity
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.mesh.topology import Topology, known_skins, known_topologies

SURE_METRES = 0.005
"""Residual up to which a fit is beyond doubt: random adults of both models mostly stay below it."""

LIMIT_METRES = 0.011
"""Residual from which the order must be wrong: newborns give 0.007, a mirrored head 0.017, a shuffle 0.04."""

MOST_VERTICES = 160_000
"""Where each corner of each polygon of a known topology is a vertex of its own, there are not as many."""

_IN_ORDER = (
    (Role.EYE_LEFT, Role.TEETH_UPPER, 1),
    (Role.EYE_RIGHT, Role.TEETH_UPPER, 1),
    (Role.EYE_LEFT, Role.TONGUE, 1),
    (Role.EYE_RIGHT, Role.TONGUE, 1),
    (Role.TEETH_UPPER, Role.TEETH_LOWER, 1),
    (Role.TEETH_UPPER, Role.TONGUE, 2),
    (Role.TEETH_LOWER, Role.TONGUE, 2),
)
"""Parts of which the first is further along an axis of canonical space than the second, in every person."""


def map_known_head(mesh: Mesh, corrections: Mapping[str, Float64]) -> HeadMapping | None:
    """Map a head whose topology is known, or return None for any other.

    It is recognised by its vertices' number and order, and confirmed by its shape.

    Args:
        mesh: one that :func:`mmtalker.mesh.check.check_mesh` accepts.
        corrections: landmarks that the animator moved, (3,) in head space.
    """
    for topology, owner in _candidates(mesh.vertices):
        fit, residual = _fit(mesh.vertices, topology.uv[owner], topology.in_chart[owner])
        if residual < LIMIT_METRES and _parts_in_place(mesh, topology.role[owner], fit):
            return _with_corrections(_mapping(mesh, topology, owner, fit, residual), mesh, corrections)
    return None


def _mapping(
    mesh: Mesh, topology: Topology, owner: NDArray[np.int64], fit: Similarity, residual: float
) -> HeadMapping:
    """Carry the topology's facts over to a mesh whose vertex i stands for row ``owner[i]``."""
    # The first of the mesh's vertices that stand for each row.
    first = np.full(topology.vertex_count, -1, dtype=np.int64)
    first[owner[::-1]] = np.arange(len(owner))[::-1]
    one = first[owner].astype(np.int32)
    leader = topology.leader[owner]
    confidence = _confidence(residual)
    landmarks = {name: int(first[row]) for name, row in topology.landmarks.items()}
    return HeadMapping(
        topology=topology.name,
        uv=topology.uv[owner],
        role=topology.role[owner],
        jaw_weight=topology.jaw_weight[owner],
        leader=np.where(leader >= 0, first[leader], -1).astype(np.int32),
        confidence=confidence,
        to_canonical=fit,
        landmarks=landmarks,
        warnings=_confidence_warnings(residual),
        points={name: mesh.vertices[vertex].astype(np.float64) for name, vertex in landmarks.items()},
        regions=dict.fromkeys(REGIONS, confidence),
        triangles=one[mesh.triangles()],
        owner=one,
    )


def _with_corrections(mapping: HeadMapping, mesh: Mesh, corrections: Mapping[str, Float64]) -> HeadMapping:
    """Let the places around the landmarks that were moved follow them."""
    to_canonical = mapping.to_canonical
    moved = {
        name: to_canonical.apply(np.asarray(point))
        for name, point in corrections.items()
        if name in mapping.landmarks
    }
    if not moved:
        return mapping
    skin = np.isin(mapping.role, CHART_ROLES)[mapping.triangles].all(axis=1)
    corrected = correct_places(
        to_canonical.apply(mesh.vertices),
        mapping.triangles[skin].astype(np.int64),
        mapping.role == Role.SKIN,
        mapping.uv.astype(np.float64),
        mapping.landmarks,
        moved,
    )
    back = to_canonical.inverse()
    points = {name: back.apply(point) for name, point in corrected.points.items()}
    return replace(
        mapping,
        uv=corrected.uv[mapping.owner].astype(np.float32),
        landmarks={**mapping.landmarks, **corrected.vertices},
        points={**mapping.points, **points},
        warnings=mapping.warnings + _folds(corrected.folded),
    )


def _folds(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        f"{count} faces are folded between the landmarks that you moved and those beside them, and may "
        "pinch: move those beside them too, or reset them.",
    )


def _candidates(vertices: Float32) -> Iterator[tuple[Topology, NDArray[np.int64]]]:
    """Topologies with the right number of vertices, each with the (V,) row that every vertex stands for.

    First the vertices as they are; then welded, in every order in which exporters are known to write them.
    """
    topologies = (*known_topologies(), *known_skins())
    for topology in topologies:
        if topology.vertex_count == len(vertices):
            yield topology, np.arange(len(vertices))
    if len(vertices) > MOST_VERTICES:
        return
    place, count = weld(vertices)
    for topology in topologies:
        for rows in topology.welded_orders():
            if len(rows) == count:
                yield topology, rows[place]


def weld(vertices: Float32) -> tuple[NDArray[np.int64], int]:
    """Number exactly coincident vertices alike, in order of first occurrence; returns (V,) and the count."""
    # Adding zero makes -0.0 and 0.0 the same bytes.
    _, first, inverse = np.unique(vertices + np.float32(0.0), axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.ravel()], len(first)


def _fit(vertices: Float32, uv: Float32, chosen: NDArray[np.bool_]) -> tuple[Similarity, float]:
    """Similarity to canonical space and its residual, metres: root mean square of the better half.

    Half, since ears, neck and skull differ most between people, and shoulders lie outside the chart.

    Args:
        vertices: (V, 3). uv: (V, 2). chosen: (V,) vertices that have a place in the chart.
    """
    head, surface = load_canonical(), canonical_surface()
    source = vertices[chosen].astype(np.float64)
    target = surface.interpolate(head.vertices[: head.chart_count], uv[chosen])
    return robust_similarity(source, target)


def _parts_in_place(mesh: Mesh, role: NDArray[np.uint8], fit: Similarity) -> bool:
    """Whether what is no skin can be what the topology takes it for; its places are not in the fit.

    A head whose eyes and teeth were separated and put together in another order has the right number of
    vertices, and its skin fits.

    Args:
        mesh: the head.
        role: (V,) what the topology says of each vertex.
        fit: from the head's own space to canonical space.
    """
    points = fit.apply(mesh.vertices)
    part = {kind: points[role == kind] for kind in Role if (role == kind).any()}
    pairs = [pair for pair in _IN_ORDER if pair[0] in part and pair[1] in part]
    return all(
        part[one].mean(axis=0)[axis] > part[other].mean(axis=0)[axis] for one, other, axis in pairs
    ) and (
        not {Role.EYE_LEFT, Role.EYE_RIGHT} <= part.keys()
        or bool(part[Role.EYE_LEFT][:, 0].min() > part[Role.EYE_RIGHT][:, 0].max())
    )


def _confidence(residual: float) -> float:
    """1 up to SURE_METRES, falling to 0.5 at LIMIT_METRES."""
    beyond = (residual - SURE_METRES) / (LIMIT_METRES - SURE_METRES)
    return float(np.clip(1.0 - 0.5 * beyond, 0.0, 1.0))


def _confidence_warnings(residual: float) -> tuple[str, ...]:
    if residual <= SURE_METRES:
        return ()
    return (
        f"The head's proportions are far from those that the model was trained on ({residual * 1000:.0f} mm "
        "apart after fitting). Look at the lips and eyelids before you use the result.",
    )
