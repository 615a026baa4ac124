"""Which vertices of a mesh an edge joins."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray


def edges_of(triangles: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Return the (3 T, 2) sides of all triangles, each in its triangle's turning sense."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def adjacency_of(triangles: NDArray[np.integer[Any]], count: int) -> sparse.csr_matrix:
    """Return the (V, V) symmetric matrix that is 1 where an edge joins two vertices.

    Args:
        triangles: (T, 3).
        count: V.
    """
    edges = edges_of(triangles)
    both = np.concatenate([edges, edges[:, ::-1]])
    matrix = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count))
    matrix.data[:] = 1.0
    return matrix
