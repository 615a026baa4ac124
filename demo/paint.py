"""Paints a head that has no texture: skin, lips, brows, cropped hair, eyes, teeth and tongue, in one picture.

Skin lies in the picture by the angle round the upright axis and by height, so that a spot on the face
has one place in it; parts that are not skin have a strip at the right edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

STRIP = 0.86
"""Where the skin ends and the strip of the other parts begins, in u."""
EYE, TEETH, TONGUE, SOCKET, GUMS = range(5)
"""Places in the strip, from the bottom."""
PLACES = 7
EYE_DEGREES = 75.0
"""What the painted eye shows of the eyeball, from looking straight on; the rest is hidden in the head."""

SKIN = (0.600, 0.345, 0.245)
LIPS = (0.430, 0.150, 0.125)
HAIR = (0.060, 0.036, 0.024)
FLAT = {
    TEETH: (0.95, 0.84, 0.70),
    TONGUE: (0.50, 0.17, 0.15),
    SOCKET: (0.30, 0.06, 0.05),
    GUMS: (0.5, 0.2, 0.18),
}


@dataclass(frozen=True)
class Features:
    """Where things are on the face at rest, metres, x to the head's left, y up, z forward.

    Attributes:
        axis: (x, z) of the upright axis that the skin is wrapped round.
        low: height of the bottom of the skin.
        high: height of its top.
        eyes: (2, 3) centres of the left and the right eyeball.
        eye_radius: of an eyeball.
        lip_line: (N, 3) points where the closed lips meet, from the right corner to the left.
    """

    axis: tuple[float, float]
    low: float
    high: float
    eyes: Float32
    eye_radius: float
    lip_line: Float32

    def wrap(self, points: Float32) -> Float32:
        """Give the angle round the axis, -pi..pi with the nose at 0, and the height, of (..., 3) points."""
        angle = np.arctan2(points[..., 0] - self.axis[0], points[..., 2] - self.axis[1])
        return np.stack([angle, points[..., 1]], axis=-1).astype(np.float32)

    def skin_places(self, points: Float32) -> Float32:
        """Place in the picture, 0..1 with v upwards, of (..., 3) points of skin."""
        angle, height = np.moveaxis(self.wrap(points), -1, 0)
        u = (0.5 + angle / (2 * np.pi)) * (STRIP - 0.02) + 0.01
        return np.stack([u, (height - self.low) / (self.high - self.low)], axis=-1).astype(np.float32)

    def eye_places(self, points: Float32, left: bool) -> Float32:
        """Place in the strip's eye of (..., 3) points of an eyeball, by their angle from straight on."""
        out = (points - self.eyes[0 if left else 1]) / self.eye_radius
        turn = np.degrees(np.arccos(np.clip(out[..., 2] / np.linalg.norm(out, axis=-1), -1, 1)))
        flat = out[..., :2] / np.maximum(np.linalg.norm(out[..., :2], axis=-1, keepdims=True), 1e-9)
        reach = np.minimum(turn / EYE_DEGREES, 1.0)[..., None]
        return (strip_place(EYE) + flat * reach * strip_half()).astype(np.float32)


def strip_half() -> Float32:
    """Half the width and height of one place of the strip, less a margin."""
    return np.array([(1.0 - STRIP) / 2 * 0.94, 0.5 / PLACES * 0.94], dtype=np.float32)


def strip_place(index: int) -> Float32:
    """Middle of one place of the strip."""
    return np.array([(1.0 + STRIP) / 2, (index + 0.5) / PLACES], dtype=np.float32)


def paint(features: Features, size: int = 1024) -> Float32:
    """Give the picture, (size, size, 3) linear colours, first row at the top."""
    v, u = (1.0 - (np.arange(size) + 0.5) / size), (np.arange(size) + 0.5) / size
    columns = int(STRIP * size)
    angle = ((u[:columns] - 0.01) / (STRIP - 0.02) - 0.5) * 2 * np.pi
    height = features.low + v * (features.high - features.low)
    picture = np.zeros((size, size, 3), dtype=np.float32)
    picture[:, :columns] = _skin(features, angle[None, :], height[:, None])
    for index, colour in FLAT.items():
        picture[(v >= index / PLACES) & (v < (index + 1) / PLACES), columns:] = colour
    rows = v < 1 / PLACES
    across = ((u[columns:] - strip_place(EYE)[0]) / strip_half()[0])[None, :]
    up = ((v[rows] - strip_place(EYE)[1]) / strip_half()[1])[:, None]
    picture[rows, columns:] = _eye(across, up)
    return picture


def _skin(features: Features, angle: NDArray[np.float64], height: NDArray[np.float64]) -> Float32:
    noise = np.random.default_rng(1).standard_normal(np.broadcast(angle, height).shape)
    mottle = gaussian_filter(noise, 9) * 9 * 0.020 + gaussian_filter(noise, 2) * 2 * 0.018
    colour = np.asarray(SKIN) * (1.0 + mottle[..., None])
    lips = features.wrap(features.lip_line)
    half = (lips[-1, 0] - lips[0, 0]) / 2
    middle = float(np.interp(0.0, lips[:, 0], lips[:, 1]))
    scale = float(np.linalg.norm(features.lip_line[-1] - features.lip_line[0])) / 0.046
    # Blood under the skin of cheeks and nose; a little shade of shaven beard is left out on purpose.
    eye = features.wrap(features.eyes)
    for at in (eye[0, 0] * 1.25, eye[1, 0] * 1.25):
        blush = np.exp(
            -(((angle - at) / 0.30) ** 2) - ((height - (middle + 0.030 * scale)) / (0.020 * scale)) ** 2
        )
        colour = _mix(colour, (0.62, 0.25, 0.19), 0.35 * blush)
    nose = np.exp(-((angle / 0.14) ** 2) - ((height - (middle + 0.032 * scale)) / (0.012 * scale)) ** 2)
    colour = _mix(colour, (0.62, 0.26, 0.20), 0.30 * nose)
    for centre in eye:
        socket = np.exp(-(((angle - centre[0]) / 0.26) ** 2) - ((height - centre[1]) / (0.014 * scale)) ** 2)
        colour = _mix(colour, (0.42, 0.22, 0.17), 0.40 * socket)
    colour = _mix(colour, LIPS, 0.85 * _lips(angle, height, lips, half, scale))
    colour = _mix(colour, HAIR, 0.92 * _brows(angle, height, eye, scale, noise))
    return _mix(colour, HAIR, 0.88 * _hair(features, angle, height, noise)).astype(np.float32)


def _mix(
    colour: NDArray[np.float64], other: tuple[float, float, float], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    return colour + (np.asarray(other) - colour) * share[..., None]


def _edge(value: NDArray[np.float64], soft: float) -> NDArray[np.float64]:
    """0 below -soft, 1 above +soft, smooth between."""
    t = np.clip(value / (2 * soft) + 0.5, 0.0, 1.0)
    return t * t * (3 - 2 * t)


def _lips(
    angle: NDArray[np.float64], height: NDArray[np.float64], line: Float32, half: float, scale: float
) -> NDArray[np.float64]:
    along = (angle - (line[0, 0] + line[-1, 0]) / 2) / half
    above = height - np.interp(angle, line[:, 0], line[:, 1])
    arch = np.clip(1.0 - np.abs(along) ** 2.2, 0.0, 1.0)
    bow = 1.0 - 0.16 * np.exp(-((along / 0.10) ** 2)) + 0.10 * np.exp(-(((np.abs(along) - 0.22) / 0.14) ** 2))
    upper, lower = 0.0088 * scale * arch**0.8 * bow, 0.0120 * scale * arch**0.7
    return _edge(np.minimum(upper - above, lower + above), 0.0011 * scale) * (np.abs(along) < 1.05)


def _brows(
    angle: NDArray[np.float64],
    height: NDArray[np.float64],
    eyes: Float32,
    scale: float,
    noise: NDArray[np.float64],
) -> NDArray[np.float64]:
    reach = np.abs(eyes[:, 0]).mean()
    along = np.clip((np.abs(angle) - 0.42 * reach) / (1.62 * reach - 0.42 * reach), 0.0, 1.0)
    inside = (np.abs(angle) > 0.42 * reach) & (np.abs(angle) < 1.62 * reach)
    arch = eyes[:, 1].mean() + scale * (0.0185 + 0.0065 * np.sin(np.pi * 0.80 * along) - 0.0035 * along)
    thick = scale * (0.0042 * (1.0 - along) ** 0.6 + 0.0006)
    hairs = 0.88 + 0.12 * np.clip(gaussian_filter(noise, (2.5, 1.0)) * 4, -1, 1)
    fade = 0.85 * _edge(along - 0.10, 0.12)
    return np.where(inside, _edge(thick - np.abs(height - arch), 0.0016 * scale) * hairs * fade, 0.0)


def _hair(
    features: Features, angle: NDArray[np.float64], height: NDArray[np.float64], noise: NDArray[np.float64]
) -> NDArray[np.float64]:
    tall = features.high - float(features.eyes[:, 1].mean())
    turn = np.abs(angle)
    # Forehead, temple, sideburn in front of the ear, then behind the ear down to the nape.
    line = np.interp(
        turn,
        [0.0, 0.5, 0.85, 1.15, 1.35, 1.50, 2.2, np.pi],
        [0.60, 0.58, 0.44, 0.36, -0.05, 0.05, -0.42, -0.55],
    )
    wave = gaussian_filter(noise, 5) * 5 * 0.03
    grain = 0.90 + 0.10 * np.clip(gaussian_filter(noise, 1.2) * 3, -1, 1)
    return _edge((height - features.eyes[:, 1].mean()) / tall - line + wave, 0.09) * grain


def _eye(across: NDArray[np.float64], up: NDArray[np.float64]) -> Float32:
    turn = np.hypot(across, up) * EYE_DEGREES
    spoke = np.arctan2(up, across)
    white = np.broadcast_to(np.asarray((0.74, 0.70, 0.66)), (*turn.shape, 3))
    fibres = 0.85 + 0.15 * np.sin(spoke * 37 + 2 * np.sin(spoke * 11)) * np.cos(spoke * 23)
    ring = np.clip((turn - 11.0) / 17.0, 0.0, 1.0)
    iris = (
        np.asarray((0.20, 0.105, 0.035)) * (1 - ring[..., None])
        + np.asarray((0.075, 0.050, 0.030)) * ring[..., None]
    )
    colour = _mix(white, (0.55, 0.28, 0.24), 0.5 * _edge(turn - 62.0, 22.0))
    share = _edge(30.0 - turn, 1.6)[..., None]
    colour = colour * (1 - share) + iris * fibres[..., None] * share
    colour = _mix(colour, (0.02, 0.02, 0.02), 0.75 * np.exp(-(((turn - 29.0) / 2.4) ** 2)))
    return _mix(colour, (0.008, 0.008, 0.008), _edge(11.0 - turn, 1.2)).astype(np.float32)
