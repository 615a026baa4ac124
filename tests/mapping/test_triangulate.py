from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mapping import ears
from mmtalker.mapping import triangulate as module
from mmtalker.mapping.triangulate import triangulate
from mmtalker.mesh.mesh import Mesh


def cut(points: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of one polygon, and their signed areas seen from +z."""
    vertices = np.array([[*point, 0.0][:3] for point in points], dtype=np.float32)
    triangles, face = triangulate(Mesh.from_polygons(vertices, [list(range(len(points)))]))
    assert not face.any()
    a, b, c = np.moveaxis(vertices[triangles].astype(float), 1, 0)
    return triangles, 0.5 * np.cross(b - a, c - a)[:, 2]


def area_of(points: list[list[float]]) -> float:
    x, y = np.array(points).T[:2]
    return float(0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


ARROW = [[0, 0], [2, 1], [0, 2], [0.5, 1]]
COMB = [[0, 0], [7, 0], [7, 3], [6, 3], [6, 1], [5, 1], [5, 3], [4, 3], [4, 1], [1, 1], [1, 3], [0, 3]]
STAR = [[(1.0 if i % 2 else 0.3) * f(i * np.pi / 8) for f in (np.cos, np.sin)] for i in range(16)]


@pytest.mark.parametrize("start", range(4))
def test_a_quad_with_a_notch_is_cut_through_the_notch(start):
    points = ARROW[start:] + ARROW[:start]
    _, areas = cut(points)
    assert (areas > 0.0).all()
    assert areas.sum() == pytest.approx(area_of(ARROW))


def test_a_convex_quad_gets_its_shorter_diagonal():
    triangles, _ = cut([[0, 0], [3, -1], [4, 1], [1, 1]])
    assert all({1, 3} <= set(row) for row in triangles.tolist())


@pytest.mark.parametrize("points", [COMB, STAR], ids=["comb", "star"])
@pytest.mark.parametrize("start", [0, 1, 5])
def test_large_concave_polygons_fold_nowhere(points, start):
    triangles, areas = cut(points[start:] + points[:start])
    assert len(triangles) == len(points) - 2
    assert (areas > 0.0).all()
    assert areas.sum() == pytest.approx(area_of(points), rel=1e-6)


def test_a_polygon_may_stand_anywhere_in_space():
    turned = np.array([[0.0, y + 5.0, x] for x, y in COMB])
    triangles, _ = triangulate(Mesh.from_polygons(turned.astype(np.float32), [list(range(len(COMB)))]))
    a, b, c = np.moveaxis(turned[triangles], 1, 0)
    assert (np.cross(b - a, c - a)[:, 0] < 0.0).all()


def test_polygons_of_all_sizes_keep_their_order():
    vertices = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    mesh = Mesh.from_polygons(vertices, [[0, 1, 2, 3, 4], [0, 1], [5, 6, 7], [1, 2, 3, 4], [4, 5, 6, 7, 8]])
    triangles, face = triangulate(mesh)
    assert face.tolist() == [0, 0, 0, 2, 3, 3, 4, 4, 4]
    assert triangles[3].tolist() == [5, 6, 7]


def test_polygons_that_cross_themselves_still_give_triangles():
    rng = np.random.default_rng(1)
    mesh = Mesh.from_polygons(rng.normal(size=(40, 3)).astype(np.float32), [list(range(40))])
    triangles, _ = triangulate(mesh)
    assert len(triangles) == 38
    assert set(triangles.ravel()) == set(range(40))


def test_a_mesh_without_polygons_gives_none():
    triangles, face = triangulate(Mesh.from_polygons(np.zeros((2, 3), np.float32), [[0, 1]]))
    assert triangles.shape == (0, 3)
    assert face.shape == (0,)


def ragged(corners: int, seed: int = 0) -> list[list[float]]:
    """A star-shaped polygon, in which many corners turn right."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    radius = rng.uniform(0.5, 1.0, corners)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_one_by_one_and_side_by_side_cut_alike(seed, monkeypatch):
    # Given polygons of 60 corners, cut by each of the two ways
    one, _ = cut(ragged(60, seed))
    monkeypatch.setattr(module, "MANY", 60)
    other, _ = cut(ragged(60, seed))
    assert np.sort(one, axis=1).tolist() == np.sort(other, axis=1).tolist()


def test_thousands_of_corners_fold_nowhere():
    triangles, areas = cut(ragged(3000))
    assert len(triangles) == 2998
    assert (areas > 0.0).all()
    assert areas.sum() == pytest.approx(area_of(ragged(3000)), rel=1e-6)


@pytest.mark.parametrize("corners", [400, 1600])
def test_looking_for_ears_ends_however_the_corners_lie(corners, monkeypatch):
    # Given corners that lie anyhow, and a count of the ears that are looked at
    looked = []
    held = ears.EarClipping._held
    monkeypatch.setattr(ears.EarClipping, "_held", lambda *given: looked.append(1) or held(*given))
    vertices = np.random.default_rng(2).normal(size=(corners, 3)).astype(np.float32)
    # When they are cut
    triangles, _ = triangulate(Mesh.from_polygons(vertices, [list(range(corners))]))
    # Then all of them are in triangles, and the work grew with their number alone
    assert set(triangles.ravel()) == set(range(corners))
    assert len(looked) <= ears.TESTS * corners
