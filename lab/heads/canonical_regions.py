"""Where things are on the canonical head: lip line, landmarks, regions, and their size in the chart."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from mmtalker.mesh.edges import adjacency_of
from mmtalker.mesh.rigid import kabsch
from mmtalker.mesh.rings import aperture
from mmtalker.mesh.roles import Role

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]


def lip_pairs(faces: Int64, skin: Float64, role: NDArray[np.uint8]) -> tuple[Int64, tuple[int, int]]:
    """Pairs (P, 2) of upper and lower vertices where the lips touch, and the corners (right, left)."""
    ring, _ = aperture(faces, skin, role == Role.MOUTH_SOCKET)
    corners = int(ring[np.argmin(skin[ring, 0])]), int(ring[np.argmax(skin[ring, 0])])
    return pairs_across(ring, skin), corners


def lid_pairs(faces: Int64, skin: Float64, role: NDArray[np.uint8]) -> Int64:
    """Pairs (P, 2) of upper and lower vertices of the lid margins, right eye first."""
    sides = [(role == Role.EYE_SOCKET) & (skin[:, 0] * sign > 0.0) for sign in (-1.0, 1.0)]
    return np.concatenate([pairs_across(aperture(faces, skin, side)[0], skin) for side in sides])


def pairs_across(ring: Int64, skin: Float64) -> Int64:
    """Pair the upper with the lower half of an opening's ring, from the subject's right to the left.

    Each vertex of the half that has fewer is paired with the one of the other half nearest in x.
    """
    ring = np.roll(ring, -int(np.argmin(skin[ring, 0])))
    turn = int(np.argmax(skin[ring, 0]))
    lower, upper = sorted((ring[1:turn], ring[turn + 1 :]), key=lambda half: float(skin[half, 1].mean()))
    fewer_above = len(upper) < len(lower)
    few, many = (upper, lower) if fewer_above else (lower, upper)
    few = few[np.argsort(skin[few, 0])]
    partner = many[np.argmin(np.abs(skin[many, 0][None, :] - skin[few, 0][:, None]), axis=1)]
    return np.stack([few, partner] if fewer_above else [partner, few], axis=1)


def find_regions(skin: Float64, role: NDArray[np.uint8], jaw_open: Float64, lips: Float64) -> dict[str, Mask]:
    """Masks (C,) of the skin by name."""
    outer = role == Role.SKIN
    eye = np.zeros(len(skin), dtype=bool)
    for side in (-1.0, 1.0):
        rim = (role == Role.EYE_SOCKET) & (skin[:, 0] * side > 0)
        front = skin[rim][skin[rim][:, 2] > np.quantile(skin[rim][:, 2], 0.7)].mean(axis=0)
        away = (skin - front) / np.array([0.021, 0.016, 0.020])
        eye |= outer & (np.linalg.norm(away, axis=1) < 1.0) & (skin[:, 2] > 0.0)
    return {
        "lips": lips > 0.5,
        "eye_region": eye,
        "upper_face": outer & (skin[:, 1] > -0.012) & (skin[:, 2] > -0.03) & (skin[:, 1] < 0.075),
        "jaw_rigid": outer & (lips < 0.1) & _rigid_with_chin(skin, jaw_open),
    }


def _rigid_with_chin(skin: Float64, jaw_open: Float64, tolerance: float = 0.0025) -> Mask:
    """Vertices that one rigid motion explains together with the chin when the jaw opens."""
    moved = np.linalg.norm(jaw_open, axis=1)
    chosen: Mask = moved > 0.85 * np.quantile(moved[skin[:, 2] > 0.0], 0.99)
    for _ in range(12):
        rotation, shift = kabsch(skin[chosen], skin[chosen] + jaw_open[chosen])
        error = np.linalg.norm(skin @ rotation.T + shift - skin - jaw_open, axis=1)
        chosen = (error < tolerance) & (moved > 0.5 * moved.max())
    return chosen


def chart_scale(
    skin: Float64, triangles: NDArray[np.integer[Any]], role: NDArray[np.uint8], regions: dict[str, Mask]
) -> Float64:
    """(C,) wanted magnification: what speech moves is large, skull, ears, neck and sockets are small."""
    scale = np.full(len(skin), 1.0)
    scale[skin[:, 2] < -0.02] = 0.5
    scale[skin[:, 1] < -0.11] = 0.6
    scale[np.abs(skin[:, 0]) > 0.068] = 0.4
    scale[regions["eye_region"]] = 2.8
    scale[regions["lips"]] = 3.0
    scale[role == Role.MOUTH_SOCKET] = 0.45
    scale[role == Role.EYE_SOCKET] = 0.8
    adjacency = adjacency_of(triangles, len(skin))
    mean = sparse.diags(1.0 / np.asarray(adjacency.sum(axis=1)).ravel()) @ adjacency
    field = np.log(scale)
    for _ in range(3):
        field = 0.5 * field + 0.5 * (mean @ field)
    return np.asarray(np.exp(field))


def find_landmarks(
    skin: Float64,
    role: NDArray[np.uint8],
    faces: Int64,
    pairs: Int64,
    corners: tuple[int, int],
    lips: Mask,
) -> dict[str, int]:
    """Vertex by name; 'left' is the subject's left, towards +x."""
    middle = pairs[len(pairs) // 2]
    mouth = skin[middle].mean(axis=0)
    midline = np.flatnonzero((np.abs(skin[:, 0]) < 2e-4) & (role == Role.SKIN) & (skin[:, 2] > 0.0))
    height, depth = skin[midline, 1], skin[midline, 2]

    def pick(allowed: Mask, score: Float64) -> int:
        return int(midline[np.argmax(np.where(allowed, score, -np.inf))])

    below = (height < mouth[1] - 0.022) & (height > mouth[1] - 0.055)
    landmarks = {
        "nose_tip": pick((height > mouth[1]) & (height < 0.0), depth),
        "nose_root": pick(np.abs(height) < 0.012, -depth),
        "forehead": pick(depth > 0.0, -np.abs(height - 0.05)),
        "chin": pick(below, depth),
        "mouth_right": corners[0],
        "mouth_left": corners[1],
        "lip_upper_inner": int(middle[0]),
        "lip_lower_inner": int(middle[1]),
        "lip_upper_outer": pick(lips[midline] & (height > mouth[1]), height),
        "lip_lower_outer": pick(lips[midline] & (height < mouth[1]), -height),
        "ear_left": int(np.argmax(skin[:, 0])),
        "ear_right": int(np.argmin(skin[:, 0])),
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        rim, _ = aperture(faces, skin, (role == Role.EYE_SOCKET) & (skin[:, 0] * sign > 0.0))
        x = np.abs(skin[rim, 0])
        central = np.abs(x - 0.5 * (x.min() + x.max())) < 0.25 * (x.max() - x.min())
        landmarks[f"eye_{side}_inner"] = int(rim[np.argmin(x)])
        landmarks[f"eye_{side}_outer"] = int(rim[np.argmax(x)])
        landmarks[f"eye_{side}_upper"] = int(rim[np.argmax(np.where(central, skin[rim, 1], -np.inf))])
        landmarks[f"eye_{side}_lower"] = int(rim[np.argmin(np.where(central, skin[rim, 1], np.inf))])
    return landmarks
