"""How views are taken: from all round for the first look, and of the aligned face for the second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from mmtalker.mapping.views import Pictures, Views, look_at_rotation

Float64 = NDArray[np.float64]

DECIMETRE = 10.0
"""What the networks say and read of places is in decimetres."""

HEAD_CENTRE = (0.0, -0.02, -0.06)
"""The middle of the canonical head, metres."""

COARSE_SIZE = 64
FINE_SIZE = 128

FINE_HALF = 0.105
"""Half a side of an aligned view, metres: chin and brows of a stylised face are in it."""

FINE_CENTRE = (0.0, -0.02, 0.02)

FINE_YAWS = (0.0, 40.0, -40.0)
"""Degrees that the aligned views are turned by: from the front and both sides."""

SURE_YAWS = (-44.0, -36.0, -4.0, 4.0, 36.0, 44.0)
"""Degrees of the last views, as they are and mirrored: what each gets wrong in its own way cancels out."""

SIDE_YAWS = (-80.0, 80.0)
"""Degrees of the views that show the ears, which hide behind the cheeks in all others."""

SIDE_FROM = 60.0
"""Degrees from which a view is of a side."""

SIDE_CENTRE = (0.0, -0.02, -0.035)
"""The middle of such a view: from nose to behind the ear."""

FINE_CHANNELS = 7
"""Normal and position in canonical axes, and whether something is seen."""


def around() -> Float64:
    """Return (14, 3, 3) rotations of views from the faces and the corners of a cube."""
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    corners = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
    directions = np.concatenate([axes, corners])
    up = np.where(np.abs(directions[:, 1:2]) > 0.9, [[0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]])
    return look_at_rotation(directions, up)


def turned(yaws: Sequence[float] | Float64) -> Float64:
    """Return (N, 3, 3) rotations of views of a face in canonical space, turned by yaws in degrees."""
    angles = np.radians(np.asarray(yaws))
    directions = np.stack([np.sin(angles), np.zeros_like(angles), np.cos(angles)], axis=1)
    return look_at_rotation(directions, np.tile([0.0, 1.0, 0.0], (len(angles), 1)))


def views_of_face(rotation: Float64, centre: ArrayLike, half: float) -> Views:
    """Return views by (N, 3, 3) rotations, all of one size in metres.

    Args:
        rotation: of each.
        centre: (3,) what is in the middle of all, or (N, 3).
        half: half a side.
    """
    count = len(rotation)
    centres = np.broadcast_to(np.asarray(centre, dtype=np.float32), (count, 3)).copy()
    return Views(torch.from_numpy(rotation).float(), torch.from_numpy(centres), torch.full((count,), half))


def aligned(yaws: Sequence[float] | Float64 = FINE_YAWS) -> Views:
    """Return the views of a face that lies in canonical space, turned by yaws in degrees."""
    centres = np.where(np.abs(np.asarray(yaws))[:, None] < SIDE_FROM, FINE_CENTRE, SIDE_CENTRE)
    return views_of_face(turned(yaws), centres, FINE_HALF)


def aligned_image(pictures: Pictures, points: Tensor, normals: Tensor) -> Tensor:
    """Return (N, FINE_CHANNELS, S, S): what the fine network reads.

    Args:
        pictures: of the aligned views.
        points, normals: (P, 3) of the cloud in canonical space.
    """
    seen = (pictures.index >= 0)[:, None].float()
    shown: Any = pictures.index.clamp_min(0)
    normal, point = (part[shown].permute(0, 3, 1, 2) for part in (normals, points * DECIMETRE))
    return torch.cat([normal * seen, point * seen, seen], dim=1)
