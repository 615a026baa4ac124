"""The systems that give a head its shape keys: two baselines, and two of ours, which see the mesh alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.face import skin_of, skin_triangles
from lab.heads.training_heads import TrainingHead
from lab.shape_transfer.carry import carry_shapes
from lab.shape_transfer.closest_point import closest_point_transfer
from lab.shape_transfer.source import ShapedSkin
from lab.shape_transfer.sumner_popovic import deformation_transfer
from lab.shape_transfer.surface import Float32, Float64, Surface, visible_skin
from mmtalker.mapping.any_head import LEAST_WORTH, map_any_head
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.weights import FILE, load_networks
from mmtalker.mesh.mesh import Mesh
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.pipeline import Talker

STILL, CLOSEST_POINT, DEFORMATION = "still", "closest-point", "deformation-transfer"

CHART, NETWORK = "chart", "network"

SYSTEMS = {
    STILL: "the head does not move, for scale",
    CLOSEST_POINT: "heads laid over each other by landmarks; skin moves like the nearest skin",
    DEFORMATION: "Sumner and Popović (2004): template fitting from landmarks, then deformation gradients",
    CHART: "ours, of a known source: the head is mapped, and the source's shapes are carried by the chart",
    NETWORK: "ours: shape keys of trained weights, which know of the source only what they were trained on",
}
"""What each one is."""

System = Callable[[TrainingHead, TrainingHead], Float32]
"""Takes source and target to the target's shapes (52, V, 3), right on its visible skin.

Of the target it must use surface, roles and landmarks alone.
"""

ShapesFor = Callable[[Mesh, TrainingHead], Float32]
"""Takes a bare mesh and the source to the mesh's shapes (52, V, 3) in the mesh's space.

Raises:
    MMTalkerError: UNSUPPORTED_HEAD when it cannot tell where on a head the vertices lie.
"""

Transfer = Callable[[Surface, NDArray[np.floating[Any]], Surface], Float64]


def build_systems(
    names: list[str], weights: Path | None, device: str, known_order: bool, seed: int, mapping: Path = FILE
) -> dict[str, System]:
    """Return systems by name.

    Args:
        names: of :data:`SYSTEMS`.
        weights: folder of the network's; None for the shipped ones.
        device: of the network.
        known_order: whether ours get vertices in the model's own order; else they are shuffled.
        seed: of the shuffle.
        mapping: the networks that look at heads whose order is unknown.
    """
    make: dict[str, Callable[[], System]] = {
        STILL: lambda: _still,
        CLOSEST_POINT: lambda: _on_skin(closest_point_transfer),
        DEFORMATION: lambda: _on_skin(deformation_transfer),
        CHART: lambda: of_mesh(chart_shapes(None if known_order else mapping), None if known_order else seed),
        NETWORK: lambda: of_mesh(network_shapes(weights, device), None if known_order else seed),
    }
    return {name: make[name]() for name in names}


def chart_shapes(networks: Path | None = None) -> ShapesFor:
    """Return what carries the source's shapes to where a mesh's vertices lie in the chart.

    Args:
        networks: what looks at the mesh; None where it is recognised by its order of vertices.
    """
    looking = None if networks is None else load_networks(networks)
    # Networks of one model alone are less sure of the other's faces, and all that they see here are faces.
    least_worth = LEAST_WORTH if networks == FILE else 0.0

    def shapes_for(mesh: Mesh, source: TrainingHead) -> Float32:
        mapping = map_head(mesh) if looking is None else map_any_head(mesh, looking, {}, None, least_worth)
        return carry_shapes(_shaped_skin(source), ARKIT_NAMES, mesh, mapping)

    return shapes_for


def _shaped_skin(head: TrainingHead) -> ShapedSkin:
    skin = skin_of(head)
    return ShapedSkin.build(head.vertices[skin], skin_triangles(head), head.uv[skin], head.shapes[:, skin])


def network_shapes(weights: Path | None, device: str) -> ShapesFor:
    """Return what a trained network makes of a mesh; the source is whatever it was trained on."""
    talker = Talker(device=device, weights=weights)

    def shapes_for(mesh: Mesh, source: TrainingHead) -> Float32:
        made = talker.prepare_head(mesh).shapes
        shapes = np.zeros((len(ARKIT_NAMES), mesh.vertex_count, 3), dtype=np.float32)
        for name, shape in zip(talker.names, made, strict=True):
            if name in ARKIT_INDEX:
                shapes[ARKIT_INDEX[name]] = shape
        return shapes

    return shapes_for


def of_mesh(shapes_for: ShapesFor, seed: int | None) -> System:
    """Give a system nothing but the target's mesh.

    Args:
        shapes_for: the system.
        seed: of an order of vertices and triangles that no topology is recognised by; None to keep the order.
    """

    def system(source: TrainingHead, target: TrainingHead) -> Float32:
        count = len(target.vertices)
        order, triangles = np.arange(count), target.triangles
        if seed is not None:
            rng = np.random.default_rng(seed)
            order, triangles = rng.permutation(count), rng.permutation(triangles)
        place = np.argsort(order)
        mesh = Mesh.from_polygons(target.vertices[order], place[triangles])
        return shapes_for(mesh, source)[:, place]

    return system


def _still(source: TrainingHead, target: TrainingHead) -> Float32:
    return np.zeros_like(target.shapes)


def _on_skin(transfer: Transfer) -> System:
    """Carry the visible skin's shapes; all else stays still."""

    def system(source: TrainingHead, target: TrainingHead) -> Float32:
        given, wanted = visible_skin(source), visible_skin(target)
        shapes = np.zeros_like(target.shapes)
        shapes[:, wanted.vertices] = transfer(given.surface, given.shapes, wanted.surface)
        return shapes

    return system
