"""A head's shape keys: the trunk evaluated on its skin, smoothed; other parts by rule; both sides alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.contact.modes import DETAIL_NAMES, MIRRORED_DETAILS, detail_modes
from mmtalker.mapping.parts import fill_parts
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.smoothing import smooth_along_skin
from mmtalker.mesh.symmetry import make_symmetric, mirror_partners, mirrored_names
from mmtalker.model.heads import HeadSurface
from mmtalker.model.inference import evaluate_shapes
from mmtalker.model.network import MMTalkerNetwork, SampledHead
from mmtalker.model.regression import DISPLACEMENT_SCALE
from mmtalker.progress import Progress

Float32 = NDArray[np.float32]

SMOOTHING_METRES = 0.0008
"""Detail of a shape key below this length is the network's noise and not the face's."""

DETAIL_SMOOTHING_METRES = 0.0025
"""The same of a detail mode, which is broad: so vertices mapped to the wrong lip do not stand out."""


def make_shape_keys(
    network: MMTalkerNetwork,
    sampled: SampledHead,
    surface: HeadSurface,
    mapping: HeadMapping,
    vertices: NDArray[np.float64],
    names: tuple[str, ...],
    progress: Progress,
) -> Float32:
    """Evaluate the trunk and the detail modes at the skin, and move the other parts by rule.

    Args:
        network: whose trunk.
        sampled, surface, mapping: the head.
        vertices: (V, 3) in canonical space.
        names: K; those behind the network's own are the detail modes.
        progress: told about chunks.

    Returns:
        (K, V, 3) in canonical space, each other's mirror images where the head is its own, unless
        the animator moved one side's landmarks alone: that would be halved.
    """
    skin = surface.on_chart
    uv = surface.uv[skin]
    shapes = np.zeros((len(names), len(vertices), 3), dtype=np.float32)
    made = evaluate_shapes(network, sampled, uv, surface.point[skin], progress)
    made *= DISPLACEMENT_SCALE
    count, skin_triangles = len(made), surface.skin_triangles()
    shapes[:count, skin] = _smooth(vertices[skin], skin_triangles, uv, made, SMOOTHING_METRES)
    if len(names) > count:
        modes = detail_modes(uv)
        shapes[count:, skin] = _smooth(vertices[skin], skin_triangles, uv, modes, DETAIL_SMOOTHING_METRES)
    shapes = fill_parts(mapping, vertices, shapes, names)
    mirror = None if mapping.lopsided else mirror_partners(vertices, mapping.triangles)
    if mirror is not None:
        partners_of = mirrored_names(names, dict(zip(DETAIL_NAMES, MIRRORED_DETAILS, strict=True)))
        shapes = make_symmetric(shapes, partners_of, *mirror)
    return shapes[:, mapping.owner]


def _smooth(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    uv: Float32,
    shapes: Float32,
    length: float,
) -> Float32:
    """Smooth (K, C, 3) shapes along the skin by a length in metres.

    Vertices that an exporter split are one again meanwhile.
    """
    place = np.concatenate([vertices.astype(np.float32), uv], axis=1)
    _, first, owner = np.unique(place, axis=0, return_index=True, return_inverse=True)
    owner = owner.ravel()
    smooth = smooth_along_skin(vertices[first], owner[triangles], shapes[:, first], length)
    return smooth[:, owner]
