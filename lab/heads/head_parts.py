"""Eyeballs, teeth and gums made by formula: the parts that the source head has only as rough stand-ins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

PUPIL_DEGREES = 8.0
IRIS_DEGREES = 21.0
"""Half angles seen from the eye's centre; the iris then fills about as much of the opening as a real one."""

# Widths of the crowns from the middle to the back, mm (Wheeler's Dental Anatomy, rounded).
UPPER_WIDTHS = (8.5, 6.5, 7.5, 7.0, 7.0, 10.0)
LOWER_WIDTHS = (5.3, 5.7, 6.8, 7.0, 7.0, 10.5)


@dataclass(frozen=True)
class Part:
    """Vertices (V, 3) in metres, polygons (F, 4), a trailing -1 for a triangle, material name per face."""

    vertices: Float64
    polygons: Int64
    materials: tuple[str, ...]


def join_parts(parts: list[Part]) -> Part:
    """One part out of several, in order."""
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts)])
    polygons = [
        np.where(part.polygons >= 0, part.polygons + offset, -1)
        for part, offset in zip(parts, offsets, strict=False)
    ]
    materials = tuple(name for part in parts for name in part.materials)
    return Part(np.concatenate([part.vertices for part in parts]), np.concatenate(polygons), materials)


def eyeball(centre: Float64, radius: float, segments: int = 24) -> Part:
    """A sphere looking along +z, with rings at the rims of pupil and iris."""
    rims = [4.0, PUPIL_DEGREES, 12.5, 17.0, IRIS_DEGREES, 23.0, *np.linspace(32.0, 172.0, 12)]
    polar = np.radians(rims)[:, None]
    around = np.linspace(0.0, 2.0 * np.pi, segments, endpoint=False)[None, :]
    rings = np.stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) + 0.0 * around], axis=2
    )
    unit = np.concatenate([[[0.0, 0.0, 1.0]], rings.reshape(-1, 3), [[0.0, 0.0, -1.0]]])
    polygons: list[list[int]] = []
    materials: list[str] = []
    last = len(unit) - 1
    for s in range(segments):
        following = (s + 1) % segments
        polygons.append([0, 1 + s, 1 + following, -1])
        materials.append("pupil")
        for ring in range(len(rims) - 1):
            a, b = 1 + ring * segments, 1 + (ring + 1) * segments
            polygons.append([a + s, b + s, b + following, a + following])
            outer = rims[ring + 1]
            name = "pupil" if outer <= PUPIL_DEGREES else "iris" if outer <= IRIS_DEGREES else "eye"
            materials.append(name)
        tail = 1 + (len(rims) - 1) * segments
        polygons.append([tail + s, last, tail + following, -1])
        materials.append("eye")
    return Part(centre + radius * unit, np.array(polygons), tuple(materials))


@dataclass(frozen=True)
class DentalArch:
    """The curve that the crowns stand on.

    Attributes:
        outline: (N, 2) x and z in metres from the subject's right to left, symmetric.
        edge_y: height of the cutting edge of the incisors, metres.
        upper: the crowns hang from the gum; otherwise they stand on it.
    """

    outline: Float64
    edge_y: float
    upper: bool

    def at(self, arc: Float64) -> tuple[Float64, Float64]:
        """Points (N, 2) and outward normals (N, 2) at signed arc lengths from the middle."""
        lengths = np.linalg.norm(np.diff(self.outline, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        along = along - along[-1] / 2.0

        def point(s: Float64) -> Float64:
            return np.stack([np.interp(s, along, self.outline[:, k]) for k in range(2)], axis=1)

        tangent = point(arc + 1e-3) - point(arc - 1e-3)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        return point(arc), normal / np.linalg.norm(normal, axis=1, keepdims=True)


def teeth(arch: DentalArch) -> Part:
    """Twelve crowns on their gum."""
    widths = 1e-3 * np.array(UPPER_WIDTHS if arch.upper else LOWER_WIDTHS)
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    parts = []
    for side in (-1.0, 1.0):
        for index, width in enumerate(widths):
            middle = side * 0.5 * (ends[index] + ends[index + 1])
            point, normal = arch.at(np.array([middle]))
            parts.append(_crown(point[0], normal[0], float(width), index, arch))
    parts.append(_gum(arch, float(ends[-1])))
    return join_parts(parts)


def _crown(point: Float64, normal: Float64, width: float, index: int, arch: DentalArch) -> Part:
    """A rounded box: incisors end in an edge, molars in a table."""
    front = index < 3
    height = (0.0100, 0.0092, 0.0100, 0.0085, 0.0078, 0.0075)[index] * (1.0 if arch.upper else 0.92)
    depth = 0.0062 if front else 0.0088
    cube, polygons = _cube(4)
    ball = cube / np.linalg.norm(cube, axis=1, keepdims=True)
    shape = 0.62 * cube + 0.38 * ball
    shape = shape / np.abs(shape).max(axis=0)
    down = 0.5 * (1.0 - shape[:, 1])  # 0 at the gum, 1 at the cutting edge
    thin = 1.0 - (0.72 if front else 0.15) * down**1.2
    narrow = 0.86 + 0.14 * np.minimum(down * 1.6, 1.0)
    across = shape[:, 0] * narrow * 0.5 * width * 0.985
    # The outer face stays upright while the inner one leans towards it.
    out = (shape[:, 2] * thin + (thin - 1.0) * -0.45) * 0.5 * depth - 0.5 * depth
    setback = 0.0006 if index == 1 and arch.upper else 0.0
    spee = 0.0007 * max(index - 2, 0)
    edge = arch.edge_y + spee + setback
    sign = 1.0 if arch.upper else -1.0
    y = edge + sign * (1.0 - down) * height
    tangent = np.array([normal[1], -normal[0]])
    flat = point + across[:, None] * tangent + out[:, None] * normal
    vertices = np.stack([flat[:, 0], y, flat[:, 1]], axis=1)
    if not arch.upper:
        polygons = polygons[:, ::-1]
    return Part(vertices, polygons, ("teeth",) * len(polygons))


def _gum(arch: DentalArch, half_length: float, sides: int = 10, steps: int = 36) -> Part:
    """A tube along the arch that the roots disappear in."""
    point, normal = arch.at(np.linspace(-half_length - 0.001, half_length + 0.001, steps))
    sign = 1.0 if arch.upper else -1.0
    around = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    radius_out, radius_up = 0.0052, 0.0052
    centre = point - 0.0044 * normal
    flat = centre[:, None] + radius_out * np.cos(around)[None, :, None] * normal[:, None]
    y = arch.edge_y + sign * (0.0122 + radius_up * np.sin(around))
    y = np.broadcast_to(y, flat.shape[:2])
    vertices = np.stack([flat[..., 0], y, flat[..., 1]], axis=2).reshape(-1, 3)
    polygons = []
    for s in range(steps - 1):
        for r in range(sides):
            following = (r + 1) % sides
            a, b = s * sides, (s + 1) * sides
            polygons.append([a + r, b + r, b + following, a + following])
    for first, order in ((0, 1), ((steps - 1) * sides, -1)):
        ring = [first + r for r in range(sides)][::order]
        for r in range(1, sides - 2, 2):
            polygons.append([ring[0], ring[r], ring[r + 1], ring[r + 2]])
    faces = np.array(polygons)
    if not arch.upper:
        faces = faces[:, ::-1]
    return Part(vertices, faces, ("gums",) * len(faces))


def _cube(cells: int) -> tuple[Float64, Int64]:
    """Surface of the cube -1..1 as ``cells`` x ``cells`` quads a side, welded, turned outwards."""
    steps = np.linspace(-1.0, 1.0, cells + 1)
    index: dict[tuple[float, ...], int] = {}
    polygons = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            for i in range(cells):
                for j in range(cells):
                    corners = []
                    for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)):
                        place = [0.0, 0.0, 0.0]
                        place[axis], place[u], place[v] = sign, float(steps[a]), float(steps[b])
                        corners.append(index.setdefault(tuple(place), len(index)))
                    polygons.append(corners if sign > 0 else corners[::-1])
    return np.array(list(index), dtype=np.float64), np.array(polygons)
