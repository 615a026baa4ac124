"""Parts of the face as an artist is shown them: names, colours, and confidence in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]

_SURE = 0.8
_FAIR = 0.5
"""Below it a part of the face is more likely to be wrong than right."""

_CELLS = 24
"""Cells of the checkerboard along each side of the chart."""

_DARK = 0.55
"""Brightness of every other cell."""


@dataclass(frozen=True)
class Region:
    """A part of the face.

    Attributes:
        name: the backend's word.
        label: the artist's words, with its colour in the viewport.
        colour: linear red, green, blue.
    """

    name: str
    label: str
    colour: Colour


REGIONS = (
    Region("mouth", "Mouth (red)", (0.80, 0.06, 0.05)),
    Region("eye_left", "Left eye (blue)", (0.06, 0.16, 0.80)),
    Region("eye_right", "Right eye (cyan)", (0.05, 0.60, 0.75)),
    Region("brows", "Brows (green)", (0.08, 0.50, 0.10)),
    Region("nose", "Nose (yellow)", (0.85, 0.65, 0.06)),
    Region("jaw", "Jaw (orange)", (0.85, 0.28, 0.04)),
    Region("face", "Rest of the face (grey)", (0.45, 0.45, 0.45)),
)
"""In the order in which the backend numbers them."""

_PARTS: dict[int, Colour] = {
    3: (0.90, 0.90, 0.90),
    4: (0.90, 0.90, 0.90),
    5: (0.85, 0.80, 0.55),
    6: (0.85, 0.80, 0.55),
    7: (0.75, 0.25, 0.40),
}
"""Eyes, teeth and tongue, by the backend's number of their role."""

_INSIDE: Colour = (0.12, 0.05, 0.16)
"""Sockets, lashes, and whatever else is no skin."""


def in_words(confidence: float) -> str:
    """A confidence as an artist reads it, such as ``sure (93 %)``."""
    word = "sure" if confidence >= _SURE else "fairly sure" if confidence >= _FAIR else "unsure"
    return f"{word} ({round(confidence * 100)} %)"


def is_doubtful(confidence: float) -> bool:
    """True where an artist should look twice."""
    return confidence < _SURE


def paint_vertices(
    uv: NDArray[np.float32], role: NDArray[np.uint8], region: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return (V, 4) colours: parts of the face by hue, under a checkerboard that lies in the chart.

    Args:
        uv: (V, 2) place in the chart. role: (V,) number of the part. region: (V,) index into ``REGIONS``.
    """
    roles = np.array([_PARTS.get(number, _INSIDE) for number in range(256)], dtype=np.float32)
    colours = np.ones((len(uv), 4), dtype=np.float32)
    colours[:, :3] = roles[role]
    skin = region < len(REGIONS)
    hues = np.array([part.colour for part in REGIONS], dtype=np.float32)
    cell = np.floor(uv[skin] * _CELLS).astype(np.int64).sum(axis=1) % 2
    colours[skin, :3] = hues[region[skin]] * np.where(cell == 0, 1.0, _DARK)[:, None].astype(np.float32)
    return colours
