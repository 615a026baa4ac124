"""Edges of triangles as single numbers, which sort ten times as fast as pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def edge_keys(triangles: NDArray[np.integer[Any]], count: int) -> NDArray[np.int64]:
    """Return (3 T,) the smaller vertex times ``count`` plus the larger one: of all first edges, and so on.

    Args:
        triangles: (T, 3); edge k goes from corner k to the next one.
        count: of vertices.
    """
    tail = triangles.T.ravel().astype(np.int64)
    head = np.roll(triangles, -1, axis=1).T.ravel().astype(np.int64)
    keys: NDArray[np.int64] = np.minimum(tail, head) * count + np.maximum(tail, head)
    return keys
