"""A smooth step down, of which places and curves fade."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def falling(value: Floats, start: float, stop: float | Floats) -> Floats:
    """Return 1 up to ``start``, 0 from ``stop`` on, and a cubic without kinks between."""
    share = np.clip((value - start) / (stop - start), 0.0, 1.0)
    step: Floats = 1.0 - share * share * (3.0 - 2.0 * share)
    return step
