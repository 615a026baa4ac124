"""Meshes that cannot be sent, each with its sentence."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker_addon.core.mesh_checks import find_mesh_problem

CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float32)
QUADS = np.array(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], dtype=np.int32
)


def problem(vertices=CUBE, polygons=QUADS, starts=None) -> str | None:
    if starts is None:
        starts = np.arange(0, polygons.size + 1, polygons.shape[1])
    return find_mesh_problem("Bust", vertices, polygons.reshape(-1), np.asarray(starts, dtype=np.int32))


def test_a_good_mesh_has_no_problem() -> None:
    assert problem() is None


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_size_and_place_do_not_matter(scale: float, offset: float) -> None:
    assert problem((CUBE + np.float32(offset)) * np.float32(scale)) is None


def test_one_good_face_is_enough() -> None:
    flat = CUBE.copy()
    flat[4:] = flat[0]
    assert problem(flat) is None


def test_no_vertices() -> None:
    found = problem(np.empty((0, 3), dtype=np.float32), np.empty((0, 3), dtype=np.int32), [0])
    assert found is not None and "'Bust' has no vertices" in found


def test_no_faces() -> None:
    found = problem(polygons=np.empty((0, 3), dtype=np.int32), starts=[0])
    assert found is not None and "no faces" in found


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.finfo(np.float32).max])
def test_coordinates_that_are_no_usable_numbers_are_counted(value: float) -> None:
    broken = CUBE.copy()
    broken[2, 0] = broken[5, 1] = broken[5, 2] = value
    found = problem(broken)
    assert found is not None and found.startswith("2 of the 8 vertices of 'Bust'")
    assert "not usable numbers" in found


@pytest.mark.parametrize("squash", [[0, 0, 0], [1, 0, 0]], ids=["point", "line"])
@pytest.mark.parametrize("offset", [0.0, 12.3])
def test_a_mesh_without_any_area(squash: list[int], offset: float) -> None:
    found = problem(CUBE * np.float32(squash) + np.float32(offset))
    assert found is not None and "zero area" in found


@pytest.mark.parametrize(
    ("polygons", "starts"),
    [
        (QUADS + 5, None),
        (QUADS - 1, None),
        (QUADS, [0, 4, 8]),
        (QUADS, [0, 2, 24]),
        (QUADS, [0, 12, 8, 24]),
        (QUADS, [4, 24]),
    ],
)
def test_faces_that_do_not_fit_the_vertices(polygons: np.ndarray, starts: list[int] | None) -> None:
    found = problem(polygons=polygons, starts=starts)
    assert found is not None and "do not fit" in found
