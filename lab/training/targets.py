"""The mirrored face: what training shows half of the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES


def mirror_order() -> NDArray[np.int64]:
    """Return the (52,) channel order that swaps left and right."""
    swapped = [
        name.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for name in ARKIT_NAMES
    ]
    return np.array([ARKIT_INDEX[name] for name in swapped])
