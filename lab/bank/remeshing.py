"""Other triangles on about the same surface: quadrics take them away, subdivision adds some."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.edge_pairing import joined

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

LEAST = 20
"""Triangles that every connected part keeps, if it has so many."""

NEARLY = 0.9
"""A mesh that has this share of the triangles wanted is not subdivided once more."""


def remesh(vertices: Float64, triangles: Int64, count: int, smooth: bool) -> tuple[Float64, Int64]:
    """Bring a mesh to about ``count`` triangles, every connected part by the same factor.

    Parts are subdivided until they have too many, and then simplified by quadric errors (Garland and Heckbert
    1997).

    Args:
        vertices: (V, 3). Those that no triangle uses are dropped.
        triangles: (T, 3). Parts that are no manifolds, with or without borders, stay as they are where there
            are too many.
        count: triangles of the result; a little fewer where 90 % come by subdivision alone.
        smooth: subdivide as Loop does (1987), which rounds off; else cut at the middles of edges.

    Raises:
        MMTalkerError: BAD_REQUEST where `libigl` is not installed.
    """
    igl = _import_igl()
    factor = count / len(triangles)
    finer, corners, offset = [], [], 0
    for part in _parts(len(vertices), triangles):
        used, local = np.unique(part, return_inverse=True)
        points, own = vertices[used], local.reshape(-1, 3)
        wanted = max(min(LEAST, len(own)), round(factor * len(own)))
        while len(own) < NEARLY * wanted:
            points, own = (igl.loop if smooth else igl.upsample)(points, own)
        if len(own) > wanted:
            left = igl.qslim(np.ascontiguousarray(points), np.ascontiguousarray(own), wanted)
            # Of what is no manifold nothing comes back.
            points, own = left[:2] if len(left[1]) else (points, own)
        finer.append(np.asarray(points, dtype=np.float64))
        corners.append(np.asarray(own, dtype=np.int64) + offset)
        offset += len(points)
    return np.concatenate(finer), np.concatenate(corners)


def distances(points: Float64, vertices: Float64, triangles: Int64) -> Float64:
    """Return (N,) distances of (N, 3) points to a surface.

    Raises:
        MMTalkerError: BAD_REQUEST where `libigl` is not installed.
    """
    squares = _import_igl().point_mesh_squared_distance(points, vertices, triangles)[0]
    return np.asarray(np.sqrt(squares), dtype=np.float64)


def nearest_places(points: Float64, vertices: Float64, triangles: Int64) -> tuple[Int64, Float64]:
    """Return the (N,) triangle nearest to each of (N, 3) points, and (N, 3) barycentric weights in it.

    Raises:
        MMTalkerError: BAD_REQUEST where `libigl` is not installed.
    """
    igl = _import_igl()
    _, nearest, feet = igl.point_mesh_squared_distance(points, vertices, triangles)
    corners = (np.ascontiguousarray(vertices[triangles[nearest, corner]]) for corner in range(3))
    weights = igl.barycentric_coordinates(feet, *corners)
    return np.asarray(nearest, dtype=np.int64), np.nan_to_num(np.asarray(weights, dtype=np.float64))


def _parts(count: int, triangles: Int64) -> list[Int64]:
    """The triangles of each connected part."""
    label = joined(count, triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel())[triangles[:, 0]]
    order = np.argsort(label, kind="stable")
    borders = np.flatnonzero(np.diff(label[order])) + 1
    return [triangles[rows] for rows in np.split(order, borders)]


def _import_igl() -> ModuleType | Any:
    try:
        return importlib.import_module("igl")
    except ImportError as error:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            "Remeshing heads needs the Python package 'libigl', which is not installed. "
            "Install it with 'pip install libigl'.",
        ) from error
