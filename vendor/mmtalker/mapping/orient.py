"""All triangles of a surface turned the same way, and outwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from mmtalker.mapping.edge_pairing import joined
from mmtalker.mesh.mesh import Float64

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

THIN = 0.002
"""Volume per area to the power 3/2 up to which a form does not say what is outside; a ball has 0.094."""


def orient(points: Float64, triangles: Int64) -> tuple[Bool, int]:
    """Find the triangles (T,) that must be turned over, and count the edges with more than two triangles.

    Triangles that share an edge with one other only are made to agree. Each patch of such is then turned so
    that the volume within it is positive, its borders closed by cones over their centres. A patch with hardly
    any volume, such as a lash, keeps the turn that most of its area had.

    Args:
        points: (W, 3). triangles: (T, 3) of distinct corners.
    """
    if not len(triangles):
        return np.zeros(0, dtype=np.bool_), 0
    tail, head = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    key = np.minimum(tail, head) * len(points) + np.maximum(tail, head)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    size = np.diff(np.append(start, len(ordered)))
    one, other = order[start[size == 2]], order[start[size == 2] + 1]
    patch, turned = _agree(len(triangles), one // 3, other // 3, tail[one] == tail[other])
    border = order[np.repeat(size != 2, size)]
    turned ^= _outside_in(points, triangles, patch, turned, border)[patch]
    return turned, int((size > 2).sum())


def _agree(count: int, one: Int64, other: Int64, against: Bool) -> tuple[Int64, Bool]:
    """Patches (T,) of triangles, and which to turn so that all of a patch agree.

    Each triangle stands twice in the graph, as it is and turned over, and neighbours are joined as they
    agree: what is connected to the first triangle of a patch as that is, is right. A surface with one side
    only joins both; there a spanning tree decides, which has no way round.
    """
    label = _both_ways(count, one, other, against)
    twisted = label[:count] == label[count:]
    if twisted.any():
        here = twisted[one]
        # Edges on which both agree already are kept first.
        tree = minimum_spanning_tree(
            coo_matrix((1.0 + against[here], (one[here], other[here])), (count, count)).tocsr()
        ).tocoo()
        rest = ~here
        one, other, against = (
            np.concatenate([one[rest], tree.row]).astype(np.int64),
            np.concatenate([other[rest], tree.col]).astype(np.int64),
            np.concatenate([against[rest], tree.data > 1.5]),
        )
        label = _both_ways(count, one, other, against)
    lower = np.minimum(label[:count], label[count:])
    return np.unique(lower, return_inverse=True)[1].ravel(), label[:count] != lower


def _both_ways(count: int, one: Int64, other: Int64, against: Bool) -> Int64:
    row = np.concatenate([one, one + count])
    column = np.concatenate([other + count * against, other + count * ~against])
    graph = coo_matrix((np.ones(len(row), dtype=np.int8), (row, column)), (2 * count, 2 * count))
    return np.asarray(connected_components(graph, directed=False)[1].astype(np.int64))


def _outside_in(points: Float64, triangles: Int64, patch: Int64, turned: Bool, border: Int64) -> Bool:
    """(P,) whether the triangles of a patch, turned so that they agree, look inwards.

    Args:
        border: corners at which half-edges of the patches' borders begin.
    """
    count = int(patch.max()) + 1
    corners = points[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = 0.5 * np.linalg.norm(cross, axis=1)
    whole = np.maximum(np.bincount(patch, weights=area, minlength=count), 1e-300)
    middle = np.stack(
        [
            np.bincount(patch, weights=area * corners[:, :, axis].mean(axis=1), minlength=count) / whole
            for axis in range(3)
        ],
        axis=1,
    )
    local = corners[:, 0] - middle[patch]
    sign = np.where(turned, -1.0, 1.0)
    volume = np.bincount(patch, weights=sign * np.einsum("tc,tc->t", local, cross) / 6.0, minlength=count)
    if len(border):
        face = border // 3
        tail, head = triangles.ravel()[border], np.roll(triangles, -1, axis=1).ravel()[border]
        a, b = points[tail] - middle[patch[face]], points[head] - middle[patch[face]]
        apex = _loop_centres(points, tail, head, patch[face]) - middle[patch[face]]
        cone = np.einsum("ec,ec->e", np.cross(b, a), apex) / 6.0
        volume += np.bincount(patch[face], weights=sign[face] * cone, minlength=count)
    against = np.bincount(patch, weights=area * turned, minlength=count) > 0.5 * whole
    return np.where(np.abs(volume) > THIN * whole**1.5, volume < 0.0, against)


def _loop_centres(points: Float64, tail: Int64, head: Int64, patch: Int64) -> Float64:
    """(E, 3) for each border edge the centre of the border that it is part of, by length."""
    nodes = np.concatenate([patch * len(points) + tail, patch * len(points) + head])
    node = np.unique(nodes, return_inverse=True)[1].ravel()
    half = len(tail)
    loop = joined(int(node.max()) + 1, node[:half], node[half:])[node[:half]]
    length = np.linalg.norm(points[head] - points[tail], axis=1)
    total = np.maximum(np.bincount(loop, weights=length), 1e-300)
    middle = 0.5 * (points[head] + points[tail])
    centre = [np.bincount(loop, weights=length * middle[:, axis]) / total for axis in range(3)]
    return np.asarray(np.stack(centre, axis=1)[loop])
