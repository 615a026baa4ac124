"""Polygons from lists and from arrays are the same mesh."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.mesh import Mesh


def test_an_array_padded_with_minus_one_is_the_list_that_it_stands_for() -> None:
    vertices = np.zeros((5, 3), dtype=np.float64)
    lists = [[4, 0, 1], [0, 1, 2, 3], [2, 3, 4]]
    padded = np.array([[4, 0, 1, -1], [0, 1, 2, 3], [2, 3, 4, -1]], dtype=np.int64)
    one, other = Mesh.from_polygons(vertices, lists), Mesh.from_polygons(vertices, padded)
    for name in ("vertices", "loop_vertices", "loop_starts"):
        kept, own = getattr(one, name), getattr(other, name)
        assert kept.dtype == own.dtype
        np.testing.assert_array_equal(kept, own)
