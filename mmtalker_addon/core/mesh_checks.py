"""Quick checks of a mesh before anything is sent, each finding a sentence for the artist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LARGEST_COORDINATE = 1e18
"""Beyond it squares leave float32. Blender turns an infinite coordinate into 3.4e38, its largest number."""

_POLYGONS = 10_000
"""How many polygons are looked at at a time."""

_ROUNDING = 1e-12
"""Area, as a share of the mesh's size squared, that rounding alone may make."""


def find_mesh_problem(
    name: str,
    vertices: NDArray[np.float32],
    loop_vertices: NDArray[np.int32],
    loop_starts: NDArray[np.int32],
) -> str | None:
    """Return what makes this mesh unusable and what to do, or None where it may be sent.

    Args:
        name: the object's name.
        vertices: (V, 3) positions.
        loop_vertices: (L,) vertex of each polygon corner.
        loop_starts: (F + 1,) offset of each polygon's first corner; the last entry is L.
    """
    if len(vertices) == 0:
        return f"'{name}' has no vertices. Select a head mesh."
    if len(loop_starts) <= 1:
        return f"'{name}' has no faces, only loose vertices or edges. Select a head mesh with a surface."
    # A NaN compares as false, so it counts as well.
    bad = int(np.count_nonzero(~(np.abs(vertices) <= _LARGEST_COORDINATE).all(axis=1)))
    if bad:
        return (
            f"{bad} of the {len(vertices)} vertices of '{name}' have coordinates that are not usable numbers "
            "(infinite, or none at all). Delete these vertices, or undo the step that made them."
        )
    if not _polygons_fit(len(vertices), loop_vertices, loop_starts):
        return f"The faces of '{name}' do not fit its vertices. Run Mesh > Clean Up, or re-import it."
    if not _has_area(vertices, loop_vertices, loop_starts):
        return (
            f"Every face of '{name}' has zero area: the mesh is flattened to a line or a point. "
            "Check its scale."
        )
    return None


def _polygons_fit(
    vertex_count: int, loop_vertices: NDArray[np.int32], loop_starts: NDArray[np.int32]
) -> bool:
    return (
        bool(np.all(np.diff(loop_starts) >= 3))
        and int(loop_starts[0]) == 0
        and int(loop_starts[-1]) == len(loop_vertices)
        and int(loop_vertices.min()) >= 0
        and int(loop_vertices.max()) < vertex_count
    )


def _has_area(
    vertices: NDArray[np.float32], loop_vertices: NDArray[np.int32], loop_starts: NDArray[np.int32]
) -> bool:
    """Return whether any polygon has an area, which nearly always the first ones have.

    Sizes are relative to the mesh's own, and what only rounding makes counts as 0.
    """
    points = vertices.astype(np.float64)
    points -= points.mean(axis=0)
    size = float(np.abs(points).max())
    if size == 0.0:
        return False
    points /= size
    for first in range(0, len(loop_starts) - 1, _POLYGONS):
        starts = loop_starts[first : first + _POLYGONS + 1]
        corners = points[loop_vertices[starts[0] : starts[-1]]]
        if np.any(_polygon_areas(corners, starts - starts[0]) > _ROUNDING):
            return True
    return False


def _polygon_areas(corners: NDArray[np.float64], starts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (F,) areas as half the length of each polygon's vector area (Newell's formula).

    Args:
        corners: (L, 3) positions, polygon after polygon.
        starts: (F + 1,) offset of each polygon's first corner; the last entry is L.
    """
    following = np.arange(1, len(corners) + 1)
    following[starts[1:] - 1] = starts[:-1]
    first = np.repeat(corners[starts[:-1]], np.diff(starts), axis=0)
    crosses = np.cross(corners - first, corners[following] - first)
    areas = 0.5 * np.linalg.norm(np.add.reduceat(crosses, starts[:-1], axis=0), axis=1)
    return np.asarray(areas)
