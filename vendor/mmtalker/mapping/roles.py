"""Roles of all that is not the skin of the face: eyes, teeth, gums, tongue, lashes, and what stays still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mapping.forms import (
    Ball,
    Bool,
    Int64,
    Part,
    Skin,
    eye_radius,
    fit_ball,
    mirrored,
    split_parts,
    wider,
    within,
)
from mmtalker.mapping.jaws import in_mouth, take_mouth
from mmtalker.mapping.names import Kind, kind_of
from mmtalker.mapping.reading import HeadReading
from mmtalker.mapping.types import Hints
from mmtalker.mesh.mesh import Float32, Float64, Int32
from mmtalker.mesh.roles import Role

EYE_PLACE = np.array([[0.008, -0.035, -0.035], [0.065, 0.035, 0.035]])
"""Lowest and highest |x|, y, z of an eyeball's centre; wide, since drawn characters have large eyes."""

EYE_SIZES = (0.4, 3.0)
"""Radius of an eyeball as a multiple of the canonical one."""

ROUND = 0.1
"""Error of a sphere, root mean square, as a share of its radius: an eyeball with its cornea stays below."""

HUGS = 0.005
"""What follows the skin is this near to it, metres, most of it."""

LASH_ZONE = np.array([[0.006, -0.030, -0.012], [0.072, 0.045, 0.060]])
"""Lowest and highest |x|, y, z of lids and brows."""

BEARD_ZONE = np.array([[-0.085, -0.150, -0.070], [0.085, -0.030, 0.075]])


@dataclass(frozen=True)
class PartRoles:
    """What each of W welded vertices is.

    Attributes:
        role: (W,) a :class:`mmtalker.mesh.roles.Role` each; ``SKIN`` all over the skin.
        jaw_weight: (W,) how much teeth, gums and tongue follow the jaw, 0..1.
        leader: (W,) skin vertex whose displacement a lash vertex takes over, -1 where there is none.
    """

    role: NDArray[np.uint8]
    jaw_weight: Float32
    leader: Int32


def assign_roles(
    reading: HeadReading, canonical_vertices: Float64, skin: Bool, hints: Hints | None = None
) -> PartRoles:
    """Tell by name, form and place what every part beside the skin is.

    A name wins over form and place unless they contradict it grossly: a ball in an eye's place is no tongue.

    Args:
        reading: the head.
        canonical_vertices: (W, 3) its vertices in canonical metres, some millimetres off.
        skin: (W,) the component or components that hold the face.
        hints: names of the polygons' objects and materials.
    """
    points = np.asarray(canonical_vertices, dtype=np.float64)
    kind = _kinds(reading, hints)
    component = np.where(skin, -1, reading.component)
    parts = split_parts(component, kind, points)
    surface = Skin(reading, points, skin)
    role = np.full(len(points), Role.OTHER, dtype=np.uint8)
    role[skin] = Role.SKIN
    jaw_weight = np.zeros(len(points), dtype=np.float32)
    leader = np.full(len(points), -1, dtype=np.int32)

    rest = _take_eyes(parts, role)
    for part in rest:
        # A name that the eyes have refused says nothing more.
        part.kind = Kind.NOTHING if part.kind == Kind.EYE else part.kind
    mouth = [part for part in rest if in_mouth(part, surface)]
    take_mouth(mouth, role, jaw_weight)
    taken = {id(part) for part in mouth}
    for part in rest:
        if id(part) not in taken and _follows_skin(part, surface):
            role[part.rows] = Role.LASHES
            leader[part.rows] = _leaders(part, surface)
    return PartRoles(role, jaw_weight, leader)


def _kinds(reading: HeadReading, hints: Hints | None) -> Int64:
    """(W,) what the names of most triangles around each vertex say."""
    count = len(reading.vertices)
    if hints is None or not hints.names:
        return np.zeros(count, dtype=np.int64)
    claims = np.array([kind_of(name) for name in hints.names], dtype=np.int64)
    claim = claims[np.asarray(hints.face, dtype=np.int64)[reading.face]]
    votes = np.zeros((count, len(Kind)))
    for corner in range(3):
        np.add.at(votes, (reading.triangles[:, corner], claim), 1.0)
    return np.asarray(np.argmax(votes, axis=1))


def _take_eyes(parts: list[Part], role: NDArray[np.uint8]) -> list[Part]:
    """Give both eyes their role; returns the parts that are none of theirs."""
    balls: dict[int, Ball] = {}
    for part in parts:
        if part.kind not in (Kind.NOTHING, Kind.EYE) and not _covers(part):
            continue
        ball = _eyeball(part)
        known = balls.get(part.side)
        # The largest is the eyeball, and the others are in it: but no shell that hugs it from outside.
        if ball is not None and (known is None or ball.radius > known.radius):
            balls[part.side] = ball
    rest = []
    for part in parts:
        if _is_of_eye(part, balls.get(part.side)):
            sides = part.points[:, 0] if part.low[0] < 0.0 < part.high[0] else part.middle[:1]
            role[part.rows] = np.where(sides >= 0.0, Role.EYE_LEFT, Role.EYE_RIGHT)
        else:
            rest.append(part)
    return rest


def _eyeball(part: Part) -> Ball | None:
    """The sphere of a part that may be an eyeball, at least the half of one that is seen."""
    if not within(mirrored(part.middle), wider(EYE_PLACE, 0.03)):
        return None
    if not 0.7 < part.size[0] / max(part.size[1], 1e-9) < 1.45 or part.size[2] < 0.2 * part.size[0]:
        return None
    ball = fit_ball(part.points)
    low, high = (factor * eye_radius() for factor in EYE_SIZES)
    fits = ball.error < ROUND and low < ball.radius < high and part.size[0] > 1.2 * ball.radius
    return ball if fits and within(mirrored(ball.centre), EYE_PLACE) else None


def _covers(part: Part) -> bool:
    """Whether a part is a ball, or half of one, in an eye's place, whatever it is called."""
    ball = _eyeball(part)
    if ball is None or ball.error > 0.5 * ROUND:
        return False
    return bool((part.size[:2] > 1.7 * ball.radius).all() and part.size[2] > 0.8 * ball.radius)


def _is_of_eye(part: Part, ball: Ball | None) -> bool:
    if part.kind == Kind.EYE:
        return bool(within(mirrored(part.middle), wider(EYE_PLACE, 0.02)))
    if ball is None or (part.kind != Kind.NOTHING and not _covers(part)):
        return False
    away = np.linalg.norm(part.points - ball.centre, axis=1)
    if away.max() > 1.2 * ball.radius:
        return False
    if np.median(away) < 0.9 * ball.radius:
        return True
    # What hugs the eyeball is a cornea only before its middle: tear lines and shades of the lids are as wide
    # as the eye but not as high, and the caruncle lies in the corner.
    room = 0.1 * ball.radius
    before = ((part.low < ball.centre - room) & (part.high > ball.centre + room))[:2].all()
    return bool(before and part.size[0] < 1.5 * part.size[1])


def _follows_skin(part: Part, skin: Skin) -> bool:
    """Lashes, brows, tear lines, beards: by name, or near lids, brows or chin and hugging the skin."""
    if part.kind == Kind.LASHES:
        return bool(np.median(skin.distance(part.points)) < 5.0 * HUGS)
    if part.kind == Kind.STILL:
        return False
    distance = skin.distance(part.points)
    if within(mirrored(part.points), LASH_ZONE).mean() > 0.95:
        # Lashes stand off, and a coarse one is mostly tips.
        return bool(np.quantile(distance, 0.25) < HUGS and np.median(distance) < 2.0 * HUGS)
    return bool(within(part.points, BEARD_ZONE).mean() > 0.95 and np.median(distance) < HUGS)


def _leaders(part: Part, skin: Skin) -> Int32:
    """Skin vertex that each vertex of a lash follows: that of its root, so that the tip does not stay behind.

    What hugs the skin all over, such as brows and tear lines, has none: the skin around it says more.
    """
    none = np.full(len(part.rows), -1, dtype=np.int32)
    distance = skin.distance(part.points)
    if not within(mirrored(part.middle), LASH_ZONE - [[0.0, 0.0, 0.0], [0.0, 0.025, 0.0]]) or (
        distance.max() < 0.5 * HUGS
    ):
        return none
    root = distance <= max(float(np.quantile(distance, 0.25)), 0.001)
    roots = part.points[root]
    own = cKDTree(roots).query(part.points)[1]
    return np.asarray(skin.nearest(roots)[own], dtype=np.int32)
