"""The canonical chart: laying the canonical skin out in the unit square, and how good the layout is."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.canonical import CanonicalHead, load_canonical
from mmtalker.mesh.flatten import boundary_loop, mean_value_layout, signed_areas, slim
from mmtalker.mesh.roles import Role

Float64 = NDArray[np.float64]


def build_chart(vertices: Float64, triangles: NDArray[np.integer[Any]], scale: Float64) -> Float64:
    """Lay a disc of skin out with one (u, v) for each vertex.

    Args:
        vertices: (V, 3) skin with its sockets, metres, canonical axes.
        triangles: (T, 3), a topological disc whose boundary is the neck.
        scale: (V,) wanted magnification of the surroundings of each vertex.

    Returns:
        (V, 2) in 0..1, the face upright (v grows upwards), the subject's left at larger u.
    """
    start = mean_value_layout(vertices, triangles)
    uv = slim(vertices, triangles, start, np.exp(np.log(scale)[triangles].mean(axis=1)))
    return _normalised(uv, vertices)


def _normalised(uv: Float64, vertices: Float64) -> Float64:
    """Turn the layout so that x and y of the face follow u and v, then fit it into the square."""
    front = vertices[:, 2] > np.quantile(vertices[:, 2], 0.7)
    flat, frontal = uv[front] - uv[front].mean(axis=0), vertices[front, :2] - vertices[front, :2].mean(axis=0)
    cosine = np.sum(flat * frontal)
    sine = np.sum(flat[:, 0] * frontal[:, 1] - flat[:, 1] * frontal[:, 0])
    angle = np.arctan2(sine, cosine)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    uv = uv @ turn.T
    low, high = uv.min(axis=0), uv.max(axis=0)
    fitted: Float64 = 0.5 + (uv - 0.5 * (low + high)) / np.max(high - low)
    return fitted


@dataclass(frozen=True)
class ChartQuality:
    """Figures of a chart.

    Attributes:
        triangles: number of triangles.
        flips: triangles whose area in the plane is not positive.
        overlaps: boundary self-crossings; with no flips and none of these the chart is one to one.
        lips, eyes, sockets: shares of the chart's area.
        area_stretch: 5th, 50th and 95th percentile of area in the plane over area in space, median 1.
        angle_stretch: the same percentiles of the ratio of the singular values, 1 being conformal.
        fill: share of the unit square that is covered.
    """

    triangles: int
    flips: int
    overlaps: int
    lips: float
    eyes: float
    sockets: float
    area_stretch: tuple[float, float, float]
    angle_stretch: tuple[float, float, float]
    fill: float

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of every figure, for a table."""
        three = "{0[0]:.2f} / {0[1]:.2f} / {0[2]:.2f}".format
        return [
            ("triangles", str(self.triangles)),
            ("flipped triangles", str(self.flips)),
            ("boundary self-crossings", str(self.overlaps)),
            ("lips, share of area", f"{self.lips:.2%}"),
            ("eye regions, share of area", f"{self.eyes:.2%}"),
            ("mouth and eye sockets, share of area", f"{self.sockets:.2%}"),
            ("area stretch, 5/50/95 %", three(self.area_stretch)),
            ("singular value ratio, 5/50/95 %", three(self.angle_stretch)),
            ("share of the unit square used", f"{self.fill:.2%}"),
        ]


def chart_quality(
    vertices: NDArray[np.floating[Any]],
    uv: NDArray[np.floating[Any]],
    triangles: NDArray[np.integer[Any]],
    lips: NDArray[np.bool_],
    eyes: NDArray[np.bool_],
    sockets: NDArray[np.bool_],
) -> ChartQuality:
    """Measure a chart.

    Args:
        vertices: (V, 3). uv: (V, 2). triangles: (T, 3).
        lips, eyes, sockets: (V,) masks; a triangle counts where at least two of its corners do.
    """
    plane = signed_areas(uv.astype(np.float64), triangles)
    corners = vertices.astype(np.float64)[triangles]
    along, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    space = 0.5 * np.linalg.norm(np.cross(along, other), axis=1)
    base = np.linalg.norm(along, axis=1)
    foot = np.sum(along * other, axis=1) / base
    rest = np.zeros((len(triangles), 2, 2))
    rest[:, 0, 0], rest[:, 0, 1], rest[:, 1, 1] = base, foot, 2.0 * space / base
    flat = uv.astype(np.float64)[triangles]
    edges = np.stack([flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]], axis=2)
    singular = np.linalg.svd(edges @ np.linalg.inv(rest), compute_uv=False)
    stretch = plane / space / np.median(plane / space)
    total = np.abs(plane).sum()

    def share(mask: NDArray[np.bool_]) -> float:
        return float(np.abs(plane)[mask[triangles].sum(axis=1) >= 2].sum() / total)

    def three(values: Float64) -> tuple[float, float, float]:
        low, middle, high = np.percentile(values, [5, 50, 95])
        return float(low), float(middle), float(high)

    return ChartQuality(
        triangles=len(triangles),
        flips=int((plane <= 0.0).sum()),
        overlaps=_self_crossings(uv.astype(np.float64)[boundary_loop(triangles)]),
        lips=share(lips),
        eyes=share(eyes),
        sockets=share(sockets),
        area_stretch=three(stretch),
        angle_stretch=three(singular[:, 0] / singular[:, 1]),
        fill=float(total),
    )


def _self_crossings(loop: Float64) -> int:
    """Count pairs of edges of a closed polygon that cross."""
    start, stop = loop, np.roll(loop, -1, axis=0)

    def side(a: Float64, b: Float64, p: Float64) -> Float64:
        turned: Float64 = (b[..., 0] - a[..., 0]) * (p[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
            p[..., 0] - a[..., 0]
        )
        return turned

    a, b, c, d = start[:, None], stop[:, None], start[None], stop[None]
    crossing = (side(a, b, c) * side(a, b, d) < 0.0) & (side(c, d, a) * side(c, d, b) < 0.0)
    return int(np.triu(crossing, 1).sum())


def shipped_quality(head: CanonicalHead) -> ChartQuality:
    """Measure the chart of the canonical head."""
    n = head.chart_count
    return chart_quality(
        head.vertices[:n],
        head.uv,
        head.chart_triangles,
        head.regions["lips"][:n],
        head.regions["eye_region"][:n],
        head.role[:n] != Role.SKIN,
    )


def main() -> None:
    """Print the shipped chart's figures; with ``--picture`` also draw it."""
    parser = argparse.ArgumentParser(prog="python -m mmtalker.mesh.chart", description=main.__doc__)
    parser.add_argument("--picture", type=Path, help="write the chart as an SVG picture")
    arguments = parser.parse_args()
    head = load_canonical()
    for name, value in shipped_quality(head).rows():
        print(f"{name:40s} {value}")
    if arguments.picture:
        n = head.chart_count
        colours = np.full(n, "#d8b8a8", dtype="<U7")
        for region, colour in (("jaw_rigid", "#b0c8d8"), ("eye_region", "#88b088"), ("lips", "#d06868")):
            colours[head.regions[region][:n]] = colour
        colours[head.role[:n] != Role.SKIN] = "#806060"
        arguments.picture.write_text(_svg(head.uv, head.chart_triangles, colours), encoding="utf-8")


def _svg(
    uv: NDArray[np.floating[Any]], triangles: NDArray[np.integer[Any]], colours: NDArray[np.str_]
) -> str:
    """Draw the triangles, each in the colour of its first corner."""
    points = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1) * 1000.0
    shapes = [
        f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points[t])}" fill="{colours[t[0]]}"/>'
        for t in triangles
    ]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" stroke="#333" stroke-width="0.3">'
    return "\n".join([head, *shapes, "</svg>\n"])


if __name__ == "__main__":
    main()
