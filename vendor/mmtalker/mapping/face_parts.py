"""What makes two skins comparable: their openings, the curves around them, and points that both have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.rings import aperture

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

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


def sockets_by_side(
    rest: Float64, mouth: NDArray[np.bool_], eyes: NDArray[np.bool_]
) -> dict[int, NDArray[np.bool_]]:
    """Masks (V,) of the pockets by label, the eyes' told apart by side."""
    left = rest[:, 0] > 0.0
    return {IN_MOUTH: mouth, IN_EYE_LEFT: eyes & left, IN_EYE_RIGHT: eyes & ~left}


def feature_points(face: Face) -> dict[str, int]:
    """Vertices that one rule finds on any frontal head with a known mouth: nose, chin and ears."""
    rest = face.rest
    mouth = rest[face.apertures[IN_MOUTH]].mean(axis=0)
    left, right = (rest[face.apertures[label]].mean(axis=0) for label in (IN_EYE_LEFT, IN_EYE_RIGHT))
    eyes = 0.5 * (left + right)
    unit = float(eyes[1] - mouth[1])
    line = np.flatnonzero(
        (np.abs(rest[:, 0]) < 5e-4) & (face.labels == OUTSIDE) & (rest[:, 2] > mouth[2] - 0.6 * unit)
    )
    height, depth = (rest[line, 1] - mouth[1]) / unit, rest[line, 2]

    def pick(low: float, high: float, score: Float64) -> int:
        return int(line[np.argmax(np.where((height > low) & (height < high), score, -np.inf))])

    nose = pick(0.2, 0.9, depth)
    tip = (rest[nose, 1] - mouth[1]) / unit
    side = rest[:, 0]
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


def shares(curve: Float64) -> Float64:
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    share: Float64 = along / along[-1]
    return share


def curve_pins(canonical: Face, other: Face) -> tuple[Int64, Float64]:
    """For every canonical vertex on an aperture, the point at the same share of the other head's curve."""
    vertices, positions = [], []
    for label in canonical.apertures:
        for own, theirs in zip(halves(canonical, label), halves(other, label), strict=True):
            curve = other.posed[theirs]
            at, along = shares(canonical.posed[own]), shares(curve)
            vertices.append(own)
            positions.append(np.stack([np.interp(at, along, curve[:, k]) for k in range(3)], axis=1))
    index, first = np.unique(np.concatenate(vertices), return_index=True)
    return index, np.concatenate(positions)[first]
