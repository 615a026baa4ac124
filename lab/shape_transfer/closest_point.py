"""The plainest transfer: heads are laid over each other, and skin moves like the skin nearest to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.shape_transfer.surface import Float64, Surface, aligned, closest_points


def closest_point_transfer(source: Surface, shapes: NDArray[np.floating[Any]], target: Surface) -> Float64:
    """Read the source's displacements at the closest points of the source laid over the target.

    Args:
        source, target: surfaces with markers in common.
        shapes: (K, V, 3) displacements of the source.

    Returns:
        (K, W, 3) displacements of the target, in its space.
    """
    fit = aligned(source, target)
    over = source.at(fit.apply(source.vertices))
    triangle, weights, _ = closest_points(target.vertices, target.normals, over)
    read = np.einsum("nk,snkd->snd", weights, shapes[:, source.triangles[triangle]])
    return fit.apply_vectors(read)
