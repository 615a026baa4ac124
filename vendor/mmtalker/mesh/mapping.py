"""Mapping a head to the canonical one: which topology it has, and where in the chart its vertices lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.check import check_mesh, check_size
from mmtalker.mesh.mesh import Float32, Float64, Int32, Mesh, Similarity
from mmtalker.mesh.rigid import robust_similarity
from mmtalker.mesh.roles import Role
from mmtalker.mesh.topology import Topology, known_topologies

SURE_METRES = 0.005
"""Residual up to which a fit is beyond doubt: random adults of both models mostly stay below it."""

LIMIT_METRES = 0.011
"""Residual from which the order must be wrong: newborns give 0.007, a mirrored head 0.017, a shuffle 0.04."""


REGIONS = ("mouth", "eye_left", "eye_right", "brows", "nose", "jaw", "face")
"""Parts of the face that have a confidence of their own; ``face`` is the rest."""


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


class Mouth(StrEnum):
    """What kind of mouth a head has."""

    PARTED = "parted"
    """Lips are two: it can open."""

    FUSED = "fused"
    """Lips are one surface, as in scans and statues: nothing can open until it is cut."""

    MISSING = "missing"
    """There is none, or none that was found."""


@dataclass(frozen=True)
class Hints:
    """What names say about a mesh's parts; an artist's names are no proof, but they break ties.

    Attributes:
        names: words that parts are called by: of objects and materials.
        face: (F,) index into ``names`` of every polygon's part.
    """

    names: tuple[str, ...]
    face: NDArray[np.int32]


@dataclass(frozen=True)
class HeadMapping:
    """Where a head's vertices lie on the canonical head.

    Attributes:
        topology: ``anny``, ``ict``, or ``any`` for a head whose places were found by looking at it.
        uv: (V, 2) place in the chart, 0 where the role is not one of ``CHART_ROLES``.
        role: (V,) a :class:`mmtalker.mesh.roles.Role` each.
        jaw_weight: (V,) how much teeth, gums and tongue follow the jaw, 0..1.
        leader: (V,) vertex whose displacement a lash vertex takes over, -1 where there is none.
        confidence: 0..1.
        to_canonical: from the head's own space to canonical space.
        landmarks: vertex by name; left is the subject's left.
        warnings: sentences for the user about the mapping, not about the mesh.
        points: (3,) position in head space of each landmark, on the surface though rarely on a vertex.
        regions: 0..1 for each of ``REGIONS``.
        triangles: (T, 3) its surface: vertices that an exporter split are one here, and all triangles turn
            outwards.
        owner: (V,) the vertex that stands for each in ``triangles``; itself where nothing was split.
        mouth: whether it can open.
    """

    topology: str
    uv: Float32
    role: NDArray[np.uint8]
    jaw_weight: Float32
    leader: Int32
    confidence: float
    to_canonical: Similarity
    landmarks: dict[str, int]
    warnings: tuple[str, ...]
    points: Mapping[str, Float64]
    regions: Mapping[str, float]
    triangles: Int32
    owner: Int32
    mouth: Mouth = Mouth.PARTED

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays, for a cache."""
        fit = self.to_canonical
        about = {name: getattr(self, name) for name in _TOLD} | {
            "mouth": str(self.mouth),
            "points": {name: list(map(float, point)) for name, point in self.points.items()},
            "to_canonical": [float(fit.scale), fit.rotation.tolist(), fit.translation.tolist()],
        }
        kept = {name: getattr(self, name) for name in _ARRAYS}
        return kept | {"about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> HeadMapping:
        """Rebuild from :meth:`to_arrays`."""
        told: dict[str, Any] = json.loads(arrays["about"].tobytes().decode())
        scale, rotation, translation = told["to_canonical"]
        told |= {
            **{name: arrays[name] for name in _ARRAYS},
            "warnings": tuple(told["warnings"]),
            "mouth": Mouth(told["mouth"]),
            "points": {name: np.array(point) for name, point in told["points"].items()},
            "to_canonical": Similarity(scale, np.array(rotation), np.array(translation)),
        }
        return HeadMapping(**told)


_ARRAYS = ("uv", "role", "jaw_weight", "leader", "triangles", "owner")
_TOLD = ("topology", "confidence", "landmarks", "warnings", "regions")


def map_head(
    mesh: Mesh,
    corrections: Mapping[str, Float64] = MappingProxyType({}),
    hints: Hints | None = None,
) -> HeadMapping:
    """Say where in the chart a head's vertices lie.

    A known topology is recognised by its vertices' number and order, and confirmed by its shape: there all
    places are known exactly. Any other head is looked at, see :mod:`mmtalker.mapping`.

    Args:
        mesh: the head.
        corrections: (3,) position in head space of each landmark that the animator moved. The places of a
            known topology are known by heart and stay: the moved landmarks come back in ``points``, and a
            warning says that they change nothing else.
        hints: names of the mesh's parts; a known topology needs none.

    Raises:
        MMTalkerError: BAD_MESH for broken geometry; UNSUPPORTED_HEAD where no face is found, or too many
            triangles to look for one;
            WEIGHTS_MISSING where what looks for it is not there.
    """
    check_mesh(mesh)
    for topology, owner in _candidates(mesh.vertices):
        fit, residual = _fit(mesh.vertices, topology.uv[owner], topology.in_chart[owner])
        if residual < LIMIT_METRES and _parts_in_place(mesh, topology.role[owner], fit):
            return _with_corrections(_mapping(mesh, topology, owner, fit, residual), corrections)
    check_size(mesh)
    # Here and not above, since it takes torch and SciPy to look at a head, and none of it to know one.
    from mmtalker.mapping.any_head import map_any_head
    from mmtalker.mapping.weights import load_networks

    return map_any_head(mesh, load_networks(), corrections, hints)


def _mapping(
    mesh: Mesh, topology: Topology, owner: NDArray[np.int64], fit: Similarity, residual: float
) -> HeadMapping:
    """Carry the topology's facts over to a mesh whose vertex i stands for row ``owner[i]``."""
    # The first of the mesh's vertices that stand for each row.
    first = np.full(topology.vertex_count, -1, dtype=np.int64)
    first[owner[::-1]] = np.arange(len(owner))[::-1]
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
        warnings=_doubts(residual),
        points={name: mesh.vertices[vertex].astype(np.float64) for name, vertex in landmarks.items()},
        regions=dict.fromkeys(REGIONS, confidence),
        triangles=mesh.triangles(),
        owner=np.arange(mesh.vertex_count, dtype=np.int32),
    )


def _with_corrections(mapping: HeadMapping, corrections: Mapping[str, Float64]) -> HeadMapping:
    """Keep the landmarks that were moved, and say what that does."""
    if not corrections:
        return mapping
    points = {
        name: np.asarray(corrections.get(name, point), dtype=np.float64)
        for name, point in mapping.points.items()
    }
    warning = (
        "Every vertex of this head's topology is known, so moved landmarks change nothing: "
        "reset them, or edit the shape keys that Generate makes."
    )
    return replace(mapping, points=points, warnings=(*mapping.warnings, warning))


def _candidates(vertices: Float32) -> Iterator[tuple[Topology, NDArray[np.int64]]]:
    """Topologies with the right number of vertices, each with the (V,) row that every vertex stands for.

    First the vertices as they are; then welded, in every order in which exporters are known to write them.
    """
    topologies = known_topologies()
    for topology in topologies:
        if topology.vertex_count == len(vertices):
            yield topology, np.arange(len(vertices))
    if len(vertices) > 6 * max(topology.vertex_count for topology in topologies):
        return
    place, count = _weld(vertices)
    for topology in topologies:
        for rows in topology.welded_orders():
            if len(rows) == count:
                yield topology, rows[place]


def _weld(vertices: Float32) -> tuple[NDArray[np.int64], int]:
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


def _doubts(residual: float) -> tuple[str, ...]:
    if residual <= SURE_METRES:
        return ()
    return (
        f"The head's proportions are far from those that the model was trained on ({residual * 1000:.0f} mm "
        "apart after fitting). Look at the lips and eyelids before you use the result.",
    )
