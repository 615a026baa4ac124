"""Fitting the canonical skin to a head that was found, mouth open, without folding it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mapping.cameras import HEAD_CENTRE
from mmtalker.mapping.cloud import spread, triangle_normals
from mmtalker.mapping.lips import BOTH, LOWER, UPPER, tell_lips
from mmtalker.mapping.locate import Correspondences, Located
from mmtalker.mapping.registration import Guides, Stage, Target, fit_surface
from mmtalker.mapping.template import Template, load_template
from mmtalker.mesh.canonical import load_canonical

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

KERNEL = 0.004
"""Metres over which what pixels say is gathered into a vertex of the template."""

SURE_SCALE = 0.003
"""Expected error, metres, at which a pixel's word counts half."""

CLOUD_POINTS = 45_000

REACH = 0.24
"""Metres around the middle of the head that are looked at: a body beyond it is none of the face."""

FIRST = (
    Stage(data=0.0, pins=1.0, reach=0.0, rounds=6, guides=0.3),
    Stage(data=0.02, pins=3.0, reach=0.020, rounds=5, guides=0.3),
)
"""At rest: what the network says, then the surface from afar."""

THEN = (
    Stage(data=0.1, pins=10.0, reach=0.012, rounds=5, guides=0.03),
    Stage(data=0.5, pins=30.0, reach=0.008, rounds=5),
    Stage(data=2.0, pins=100.0, reach=0.006, rounds=5),
)
"""With both mouths open, and ever more by the surface alone: it is surer than what the network says of it."""

FUSED_SHARE = 0.6


@dataclass(frozen=True)
class FittedSkin:
    """The canonical skin on a head.

    Attributes:
        template: what was fitted.
        posed: (C, 3) where its vertices came to lie, mouth open, canonical space.
        head_posed: (V, 3) the head's vertices with their mouth opened alike.
        bits: (V,) which lip each may belong to.
        fused: whether both lips are one surface.
        guided: (C,) expected error of what the network said, metres; infinite where it said nothing.
    """

    template: Template
    posed: Float64
    head_posed: Float64
    bits: Int64
    fused: bool
    guided: Float64


def fit_skin(
    vertices: Float64, triangles: Int64, located: Located, corrections: Mapping[str, Float64]
) -> FittedSkin:
    """Fit the canonical skin to a head.

    Args:
        vertices: (V, 3) in canonical space by ``located.fit``.
        triangles: (T, 3) of its skin.
        located: what the networks saw.
        corrections: landmarks that the animator put somewhere, canonical space.
    """
    template = load_template()
    guides, guided = _guides(template, located)
    pins = _pins(corrections)
    near = (np.linalg.norm(vertices - HEAD_CENTRE, axis=1) < REACH)[triangles].any(axis=1)
    own = triangles[near]
    cloud = spread(vertices, own, CLOUD_POINTS, np.random.default_rng(0), _density(vertices, own))
    points, normals = cloud.points.astype(np.float64), cloud.normals.astype(np.float64)
    anything = np.full(len(template.rest), BOTH)
    trust = np.where(template.outside, 1.0, np.where(template.rim, 0.4, 0.02))
    corner = own[cloud.triangle]
    at_rest = fit_surface(
        template.rest,
        template.triangles,
        anything,
        trust,
        Target(points, normals, np.full(len(points), BOTH)),
        pins,
        FIRST,
        guides,
    )
    place, visible = _rough_places(vertices, own, template, at_rest, located.seen)
    bits, joined = tell_lips(template.line, vertices, own, place, visible)
    fused = joined > FUSED_SHARE
    opening = np.zeros_like(template.opening) if fused else template.opening
    if fused:
        bits = np.full(len(vertices), BOTH)
    moved = _opened(vertices, bits, template, at_rest, opening)
    cloud_bits = np.bitwise_and.reduce(bits[corner], axis=1)
    # A triangle from one lip to the other lies deep in the mouth and is no place to meet.
    whole = cloud_bits > 0
    head_posed = vertices + moved
    posed_points = cloud.read(head_posed, own)
    posed_normals, _ = triangle_normals(head_posed, corner)
    posed = fit_surface(
        at_rest + opening,
        template.triangles,
        anything if fused else template.lips,
        trust,
        Target(posed_points[whole], posed_normals[whole], cloud_bits[whole]),
        (pins[0], pins[1] + opening[pins[0]]),
        THEN,
        Guides(guides.positions + opening, guides.weight),
    )
    return FittedSkin(template, posed, head_posed, bits, fused, guided)


def _density(vertices: Float64, triangles: Int64) -> Float64:
    """More points where the face is."""
    middle = vertices[triangles].mean(axis=1)
    front = (middle[:, 2] > -0.05) & (np.abs(middle[:, 0]) < 0.08) & (middle[:, 1] > -0.13)
    return np.where(front, 4.0, 1.0)


def _guides(template: Template, located: Located) -> tuple[Guides, Float64]:
    """Gather what pixels say into the template's vertices: how far each has to go, and how sure that is."""
    count = len(template.rest)
    total, mass, doubt = np.zeros((count, 3)), np.zeros(count), np.zeros(count)
    seen, rough = located.seen, located.rough
    # The coarse network alone sees the skull; on the face the fine one knows better.
    sides: list[tuple[Correspondences, float]] = [(seen, 1.0), (rough, 0.05)]
    tree = cKDTree(template.rest)
    for said, share in sides:
        if not len(said):
            continue
        distance, index = tree.query(said.place, k=4)
        kernel = np.exp(-0.5 * (distance / KERNEL) ** 2) * share / (said.scale[:, None] ** 2 + 1e-6)
        kernel *= template.outside[index]
        shift = said.points - said.place
        for column in range(index.shape[1]):
            np.add.at(total, index[:, column], kernel[:, column, None] * shift)
            np.add.at(mass, index[:, column], kernel[:, column])
            np.add.at(doubt, index[:, column], kernel[:, column] * said.scale)
    known = mass > 1e-3
    safe = np.where(known, mass, 1.0)
    error = np.where(known, doubt / safe, np.inf)
    weight = np.where(known, 1.0 / (1.0 + (error / SURE_SCALE) ** 2), 0.0)
    positions = template.rest + np.where(known[:, None], total / safe[:, None], 0.0)
    return Guides(positions, weight), error


def _pins(corrections: Mapping[str, Float64]) -> tuple[Int64, Float64]:
    landmarks = load_canonical().landmarks
    names = [name for name in corrections if name in landmarks]
    index = np.array([landmarks[name] for name in names], dtype=np.int64)
    positions = np.array([corrections[name] for name in names], dtype=np.float64).reshape(-1, 3)
    return index, positions


def _rough_places(
    vertices: Float64, triangles: Int64, template: Template, at_rest: Float64, seen: Correspondences
) -> tuple[Float64, NDArray[np.bool_]]:
    """(V, 3) where on the canonical head each vertex is, roughly, and (V,) whether pixels saw it."""
    used = np.unique(triangles)
    outside = np.flatnonzero(template.outside)
    place = np.zeros_like(vertices)
    _, nearest = cKDTree(at_rest[outside]).query(vertices[used])
    place[used] = template.rest[outside[nearest]] + 0.5 * (vertices[used] - at_rest[outside[nearest]])
    # Where pixels saw a vertex, they know better than the nearest point of a rough fit.
    distance, index = cKDTree(seen.points).query(vertices[used], k=4)
    weight = np.exp(-0.5 * (distance / 0.0015) ** 2) / seen.scale[index] ** 2
    total = weight.sum(axis=1, keepdims=True)
    shift = (weight[..., None] * (seen.place - seen.points)[index]).sum(axis=1) / np.maximum(total, 1e-12)
    near = distance[:, 0] < 0.0025
    place[used[near]] = vertices[used[near]] + shift[near]
    visible = np.zeros(len(vertices), dtype=bool)
    visible[used[near]] = True
    return place, visible


def _opened(
    vertices: Float64, bits: Int64, template: Template, at_rest: Float64, opening: Float64
) -> Float64:
    """(V, 3) how the head's vertices move when its mouth opens as the template's does."""
    moved = np.zeros_like(vertices)
    for bit in (UPPER, LOWER, BOTH):
        here = np.flatnonzero(bits == bit)
        members = np.flatnonzero(template.lips & bit) if bit != BOTH else np.arange(len(at_rest))
        if not len(here):
            continue
        distance, index = cKDTree(at_rest[members]).query(vertices[here], k=4)
        weight = 1.0 / (distance + 5e-4) ** 2
        weight *= np.exp(-((distance[:, :1] / 0.02) ** 2))
        share = weight / np.maximum((1.0 / (distance + 5e-4) ** 2).sum(axis=1, keepdims=True), 1e-12)
        moved[here] = (share[..., None] * opening[members[index]]).sum(axis=1)
    return moved
