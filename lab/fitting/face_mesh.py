"""Which points of the tracker's 478-point face mesh are what, and which Multi-PIE landmarks they meet.

Left and right are the subject's. Multi-PIE numbers its 68 landmarks from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

STABLE_POINTS = (
    168, 6, 197, 195, 33, 133, 362, 263, 127, 356, 162, 389,
    21, 251, 54, 284, 103, 332, 67, 297, 109, 338, 10,
)  # fmt: skip
"""Points that neither jaw nor lips nor lids carry: nose ridge, eye corners, temples, forehead."""


@dataclass(frozen=True)
class Pair:
    """One place of the face in both numberings.

    Attributes:
        points: of the face mesh; their mean lies at the landmark.
        landmark: of Multi-PIE.
        weight: how much an error of 1 mm there counts.
    """

    points: tuple[int, ...]
    landmark: int
    weight: float


MOUTH_PAIRS = (
    Pair((148,), 7, 0.6),
    Pair((152,), 8, 1.8),
    Pair((377,), 9, 0.6),
    Pair((61,), 48, 1.5),
    Pair((39,), 49, 0.8),
    Pair((37,), 50, 0.8),
    Pair((0,), 51, 1.0),
    Pair((267,), 52, 0.8),
    Pair((269,), 53, 0.8),
    Pair((291,), 54, 1.5),
    Pair((405,), 55, 0.8),
    Pair((314,), 56, 0.8),
    Pair((17,), 57, 1.0),
    Pair((84,), 58, 0.8),
    Pair((181,), 59, 0.8),
    Pair((78,), 60, 0.8),
    Pair((82,), 61, 1.0),
    Pair((13,), 62, 1.2),
    Pair((312,), 63, 1.0),
    Pair((308,), 64, 0.8),
    Pair((317,), 65, 1.0),
    Pair((14,), 66, 1.2),
    Pair((87,), 67, 1.0),
)
"""Chin and both contours of the lips."""

BROW_PAIRS = (
    Pair((70, 46), 17, 0.7),
    Pair((63, 53), 18, 1.0),
    Pair((105, 52), 19, 1.0),
    Pair((66, 65), 20, 1.0),
    Pair((107, 55), 21, 1.0),
    Pair((336, 285), 22, 1.0),
    Pair((296, 295), 23, 1.0),
    Pair((334, 282), 24, 1.0),
    Pair((293, 283), 25, 1.0),
    Pair((300, 276), 26, 0.7),
)
"""The brows, the mean of their upper and lower edge."""

FEATURE_PAIRS = (
    Pair((168,), 27, 1.0),
    Pair((197,), 28, 1.0),
    Pair((195,), 29, 1.0),
    Pair((4,), 30, 1.0),
    Pair((98,), 31, 1.0),
    Pair((97,), 32, 1.0),
    Pair((2,), 33, 1.0),
    Pair((326,), 34, 1.0),
    Pair((327,), 35, 1.0),
    Pair((33,), 36, 1.0),
    Pair((160,), 37, 1.0),
    Pair((158,), 38, 1.0),
    Pair((133,), 39, 1.0),
    Pair((153,), 40, 1.0),
    Pair((144,), 41, 1.0),
    Pair((362,), 42, 1.0),
    Pair((385,), 43, 1.0),
    Pair((387,), 44, 1.0),
    Pair((263,), 45, 1.0),
    Pair((373,), 46, 1.0),
    Pair((380,), 47, 1.0),
)
"""Nose and eyes, which with the others say whose face it is."""

GAP_PAIRS = ((62, 66), (61, 67), (63, 65))
"""Upper and lower inner-lip landmarks: their distance is what must be right at a closure."""

CORNERS = (48, 54)
"""Right and left corner of the mouth, landmarks."""

UPPER_LIDS = ((160, 159, 158), (385, 386, 387))
LOWER_LIDS = ((144, 145, 153), (380, 374, 373))
"""Points in the middle of the right and of the left lid's margin."""
