"""What each ARKit shape does to the landmarks of a head, alike for every head that curves may drive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.heads.ict import MULTI_PIE, IctModel
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.topology import known_topologies

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

EYE_DISTANCE_CM = 8.92
"""Between the outer eye corners of ICT's mean head. Every head, and every filmed one, is brought to it."""

EYE_CORNERS = (36, 45)
"""Outer eye corners, right and left, Multi-PIE landmarks."""

LID_LANDMARKS = (((37, 41), (38, 40)), ((44, 46), (43, 47)))
"""(upper, lower) landmarks of the right and of the left eye."""

MIDDLE_OF_EYE = 0.5
"""Share of an eye's width, about its middle, in which its opening is measured."""


@dataclass(frozen=True)
class DrivenHead:
    """A head's landmarks and how ARKit's shapes move them, at ``EYE_DISTANCE_CM``.

    Attributes:
        name: ``ict`` or ``canonical``.
        rest: (68, 3) Multi-PIE landmarks, cm, x to the subject's left, y up.
        shapes: (52, 68, 3) cm.
        lids: (52, 2) change of the opening of the right and left eye, as a share of it at rest.
        lower_lids: (52, 2) rise of the lower lids, in the same shares.
    """

    name: str
    rest: Float64
    shapes: Float64
    lids: Float64
    lower_lids: Float64


def ict_landmarks(model: IctModel) -> DrivenHead:
    """Return the ICT mean head's landmarks."""
    rest = model.neutral[MULTI_PIE].astype(np.float64)
    shapes = model.shapes[:, MULTI_PIE].astype(np.float64)
    pairs = [np.array(side) for side in LID_LANDMARKS]
    lids, lower = _lids(rest, shapes, pairs)
    return _at_eye_distance("ict", rest, shapes, lids, lower)


def canonical_landmarks() -> DrivenHead:
    """Return the shipped head's landmarks, where the chart has those of ICT; its lids by its own margins."""
    head, surface = load_canonical(), canonical_surface()
    (ict,) = (topology for topology in known_topologies() if topology.name == "ict")
    triangle, weights = surface.locate(ict.uv[MULTI_PIE])
    skin = slice(0, head.chart_count)
    rest = surface.blend(head.vertices[skin], triangle, weights)
    shapes = surface.blend(np.moveaxis(head.shapes[:, skin], 0, 1), triangle, weights)
    sides = [head.lid_pairs[head.vertices[head.lid_pairs[:, 0], 0] * sign > 0] for sign in (-1.0, 1.0)]
    pairs = [_middle(head.vertices.astype(np.float64), side.astype(np.int64)) for side in sides]
    lids, lower = _lids(head.vertices.astype(np.float64), head.shapes.astype(np.float64), pairs)
    return _at_eye_distance("canonical", rest, np.moveaxis(shapes, 1, 0), lids, lower)


def _middle(vertices: Float64, pairs: Int64) -> Int64:
    """Those (upper, lower) pairs of one eye that are in its middle."""
    x = vertices[pairs[:, 0], 0]
    centre, width = 0.5 * (x.min() + x.max()), x.max() - x.min()
    middle: Int64 = pairs[np.abs(x - centre) < 0.5 * MIDDLE_OF_EYE * width]
    return middle


def _lids(rest: Float64, shapes: Float64, pairs: list[Int64]) -> tuple[Float64, Float64]:
    """(52, 2) changes of the openings and rises of the lower lids, as shares of the openings at rest."""
    changes, rises = [], []
    for side in pairs:
        opening = float((rest[side[:, 0], 1] - rest[side[:, 1], 1]).mean())
        upper, lower = (shapes[:, side[:, row], 1].mean(axis=1) / opening for row in (0, 1))
        changes.append(upper - lower)
        rises.append(lower)
    return np.stack(changes, axis=1), np.stack(rises, axis=1)


def _at_eye_distance(
    name: str, rest: Float64, shapes: Float64, lids: Float64, lower_lids: Float64
) -> DrivenHead:
    right, left = EYE_CORNERS
    size = EYE_DISTANCE_CM / float(np.linalg.norm(rest[left] - rest[right]))
    return DrivenHead(name, rest * size, shapes * size, lids, lower_lids)
