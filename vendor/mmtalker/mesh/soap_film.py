"""Values of free vertices hung between those that are fixed, as a soap film hangs on its rim."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

Float64 = NDArray[np.float64]


def soap_film(values: Float64, adjacency: sparse.csr_matrix, free: NDArray[np.bool_]) -> Float64:
    """Give each free vertex the mean of its neighbours' values; the others keep theirs.

    Args:
        values: (V, D).
        adjacency: (V, V) of :func:`mmtalker.mesh.edges.adjacency_of`.
        free: (V,) at least one; every piece of them must be joined to a vertex that is not free.

    Returns:
        (V, D).
    """
    inner = np.flatnonzero(free)
    rows = adjacency[inner]
    degree = np.asarray(rows.sum(axis=1)).ravel()
    system = (sparse.diags(degree) - rows[:, inner]).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    hung = values.copy()
    hung[inner] = solver.solve(rows @ np.where(free[:, None], 0.0, values))
    return hung
