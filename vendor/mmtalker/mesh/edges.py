"""Edges of triangles: as pairs, as single numbers, and as a matrix of who is joined to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray


def edges_of(triangles: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Return (3 T, 2) edges in the triangles' turning sense: from all first corners, then all second ones."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def edge_keys(triangles: NDArray[np.integer[Any]], count: int) -> NDArray[np.int64]:
    """Return (3 T,) edges as numbers, which sort ten times as fast as pairs.

    A number is the smaller vertex times ``count`` plus the larger one.

    Args:
        triangles: (T, 3); in the order of :func:`edges_of`.
        count: of vertices.
    """
    tail, head = edges_of(triangles).T.astype(np.int64)
    keys: NDArray[np.int64] = np.minimum(tail, head) * count + np.maximum(tail, head)
    return keys


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
