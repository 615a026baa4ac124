"""Edges as numbers: one for both directions, in the order of the corners."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.edges import edge_keys


def test_both_directions_of_an_edge_have_one_number_and_no_two_edges_share_one() -> None:
    triangles = np.array([[4, 0, 2], [0, 4, 3]], dtype=np.int32)
    keys = edge_keys(triangles, 5)
    np.testing.assert_array_equal(keys, [4, 4, 2, 19, 14, 3])
    assert divmod(int(keys[4]), 5) == (2, 4)


def test_large_meshes_do_not_overflow() -> None:
    count = 3_000_000
    last = np.array([[count - 1, count - 2, count - 3]], dtype=np.int32)
    assert edge_keys(last, count)[0] == (count - 2) * count + count - 1
