"""Teeth, gums and tongue: what is in the mouth, and which jaw it follows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.forms import Part, Skin, mouth_box, wider, within
from mmtalker.mapping.names import Kind
from mmtalker.mesh.mesh import Float32, Float64
from mmtalker.mesh.roles import Role

BITE = -0.068
"""Height between upper and lower teeth of people, canonical metres."""

BLEND = 0.003
"""Metres above and below the bite over which one surface goes over from upper to lower jaw."""

ARCH = 0.025
"""What is less wide than this, metres, is one tooth and moves as a whole."""

TONGUE_RISE = 0.008
"""How far a tongue that is one surface with the gums rises above the bite, metres."""


def in_mouth(part: Part, skin: Skin) -> bool:
    """Whether a part is teeth, gums or tongue."""
    named = part.kind in (Kind.TEETH, Kind.TEETH_UPPER, Kind.TEETH_LOWER, Kind.TONGUE)
    box = mouth_box()
    room = 0.015 if named else 0.0
    inside = float(within(part.points, wider(box, room)).mean())
    if named:
        return inside > 0.5
    if inside < (0.85 if part.kind == Kind.NOTHING else 0.95):
        return False
    return skin.share_behind(part.points) > (0.6 if part.kind == Kind.NOTHING else 0.9)


def take_mouth(parts: list[Part], role: NDArray[np.uint8], jaw_weight: Float32) -> None:
    """Tell tongue, upper and lower teeth apart; what is both goes over from one to the other by height."""
    tongues = [part for part in parts if _is_tongue(part)]
    for part in tongues:
        role[part.rows], jaw_weight[part.rows] = Role.TONGUE, 1.0
    known = {id(part) for part in tongues}
    teeth = [part for part in parts if id(part) not in known]
    bite = _bite(teeth)
    for part in teeth:
        above, below = part.high[1] - bite, bite - part.low[1]
        least = max(0.004, 0.25 * part.size[1])
        if part.kind in (Kind.TEETH_UPPER, Kind.TEETH_LOWER):
            weight = np.full(len(part.rows), float(part.kind == Kind.TEETH_LOWER))
        elif part.size[0] > ARCH and min(above, below) > least:
            share = np.clip(0.5 + 0.5 * (bite + _tongue_room(part) - part.points[:, 1]) / BLEND, 0.0, 1.0)
            weight = share * share * (3.0 - 2.0 * share)
        else:
            weight = np.full(len(part.rows), float(below > above))
        role[part.rows] = np.where(weight > 0.5, Role.TEETH_LOWER, Role.TEETH_UPPER)
        jaw_weight[part.rows] = weight


def _tongue_room(part: Part) -> Float64:
    """(N,) how much higher than the bite what follows the jaw may be: inside the arch a tongue lies on it."""
    half = 0.5 * part.size[0]
    central = np.clip((0.6 * half - np.abs(part.points[:, 0] - part.middle[0])) / (0.2 * half), 0.0, 1.0)
    behind = np.clip((part.high[2] - 0.010 - part.points[:, 2]) / 0.006, 0.0, 1.0)
    return np.asarray(TONGUE_RISE * central * behind)


def _is_tongue(part: Part) -> bool:
    """By name, or central, long, not as high as both jaws, and filled where an arch of teeth is open."""
    if part.kind in (Kind.TEETH, Kind.TEETH_UPPER, Kind.TEETH_LOWER):
        return False
    if part.kind == Kind.TONGUE:
        return True
    width, height, length = part.size
    if abs(part.middle[0]) > 0.012 or not 0.7 * width < length or length < 0.025:
        return False
    if width > 0.054 or height > 0.038:
        return False
    rear = part.points[part.points[:, 2] < part.low[2] + 0.6 * length]
    central = np.abs(rear[:, 0] - part.middle[0]) < 0.2 * width
    return bool(central.mean() > 0.15)


def _bite(teeth: list[Part]) -> float:
    """Height of the bite: the middle of all teeth and gums, unless that is one jaw's."""
    if not teeth:
        return BITE
    named = {
        kind: [part for part in teeth if part.kind == kind] for kind in (Kind.TEETH_UPPER, Kind.TEETH_LOWER)
    }
    if all(named.values()):
        lowest = min(part.low[1] for part in named[Kind.TEETH_UPPER])
        highest = max(part.high[1] for part in named[Kind.TEETH_LOWER])
        return float(0.5 * (lowest + highest))
    low = np.min([part.low for part in teeth], axis=0)
    high = np.max([part.high for part in teeth], axis=0)
    middle, height = 0.5 * float(low[1] + high[1]), float(high[1] - low[1])
    both = height > 0.5 * (high[0] - low[0]) or (abs(middle - BITE) < 0.0055 and height > 0.012)
    return middle if both else BITE
