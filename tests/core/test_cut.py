"""Where a mouth is cut: along edges, between the corners, and never where it cannot be."""

import numpy as np
import pytest

from mmtalker_addon.core.cut import NoPath, distance_to_line, find_lip_path


def grid(columns: int, rows: int):
    """Quads in the plane z = 0; vertex (x, y) has the index y * columns + x."""
    y, x = np.mgrid[0:rows, 0:columns]
    vertices = np.stack([x, y, 0.0 * x], axis=-1).reshape(-1, 3).astype(np.float32)
    corner = (y[:-1, :-1] * columns + x[:-1, :-1]).ravel()
    quads = np.stack([corner, corner + 1, corner + columns + 1, corner + columns], axis=1)
    return vertices, quads.ravel().astype(np.int32), np.arange(0, quads.size + 1, 4, dtype=np.int32)


def test_path_follows_a_straight_line():
    vertices, loops, starts = grid(9, 7)
    line = np.array([[2.1, 3.1, 0.0], [4.0, 2.9, 0.0], [6.1, 3.0, 0.0]])
    assert find_lip_path(vertices, loops, starts, line) == [3 * 9 + x for x in range(2, 7)]


def test_path_takes_the_detour_that_the_line_takes():
    vertices, loops, starts = grid(11, 9)
    line = np.array([[2, 3, 0], [2, 5, 0], [8, 5, 0], [8, 3, 0]], dtype=float)
    path = find_lip_path(vertices, loops, starts, line)
    assert len(path) == len(set(path)) == 2 + 6 + 2 + 1
    assert distance_to_line(vertices[path].astype(float), line).max() < 1e-6


def test_path_does_not_leave_the_surface_that_the_line_lies_on():
    """Teeth lie right behind the lips, and one vertex of them nearest to a corner."""
    vertices, loops, starts = grid(9, 7)
    teeth = vertices + np.float32([0.0, 0.0, 0.3])
    teeth[3 * 9 + 2] = [2.1, 3.1, 0.0]
    both = np.concatenate([vertices, teeth])
    line = np.array([[2.1, 3.1, 0.0], [4.0, 3.0, 0.0], [5.0, 3.0, 0.0], [6.0, 3.0, 0.0]])
    path = find_lip_path(
        both, np.concatenate([loops, loops + 63]), np.concatenate([starts, starts[1:] + len(loops)]), line
    )
    assert path == [3 * 9 + x for x in range(2, 7)]


def test_path_stays_away_from_openings():
    vertices, loops, starts = grid(9, 7)
    line = np.array([[0.0, 3.0, 0.0], [8.0, 3.0, 0.0]])
    path = find_lip_path(vertices, loops, starts, line)
    assert path == [3 * 9 + x for x in range(1, 8)]  # both ends of the line lie on the outline


def test_mouth_of_one_edge_cannot_be_cut():
    vertices, loops, starts = grid(9, 7)
    with pytest.raises(NoPath, match="too large to cut"):
        find_lip_path(vertices, loops, starts, np.array([[3.0, 3.0, 0.0], [4.0, 3.0, 0.0]]))


def test_line_without_edges_cannot_be_followed():
    vertices, loops, _ = grid(13, 9)
    kept = [quad for quad in loops.reshape(-1, 4) if not (3 < vertices[quad][:, 0].mean() < 9)]
    kept = np.array([*kept, [0, 1, 2, 3]], dtype=np.int32)
    line = np.array([[2.0, 4.0, 0.0], [10.0, 4.0, 0.0]])
    with pytest.raises(NoPath):
        find_lip_path(vertices, kept.ravel(), np.arange(0, kept.size + 1, 4), line)


@pytest.mark.parametrize("line", [np.zeros((0, 3)), np.zeros((2, 3)), np.ones((1, 3))])
def test_no_line_no_path(line):
    with pytest.raises(NoPath, match="no line along the lips"):
        find_lip_path(*grid(4, 4), line)


def test_distance_is_to_the_nearest_piece():
    line = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0]])
    points = np.array([[0.5, -2, 0], [3, 0.5, 0], [-1, 0, 0], [1, 0.5, 0]])
    np.testing.assert_allclose(distance_to_line(points, line), [2, 2, 1, 0])
