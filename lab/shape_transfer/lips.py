"""mouthClose of a head: it closes what jawOpen opens, neither less nor more."""

from __future__ import annotations

from collections.abc import Sequence

from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Float32, Float64
from mmtalker.mesh.surface import CanonicalSurface

MIDDLE = 0.6
"""The lips are compared where they open by more than this share of the widest: corners hardly open."""

SCALE_RANGE = (0.5, 2.0)
"""Beyond these a shape is no mouthClose, and stays as it is."""


def close_what_jaw_opens(shapes: Float32, names: Sequence[str], chart: CanonicalSurface) -> Float32:
    """Scale mouthClose so that with jawOpen it brings the lips to where they rest.

    That is what ARKit calls it, but not what all models do: ICT-FaceKit's closes a quarter more than its jaw
    opens.

    Args:
        shapes: (K, V, 3) displacements in canonical axes, in any unit.
        names: K shape names.
        chart: the head's skin over the chart, in the numbering of the V vertices.

    Returns:
        (K, V, 3); the same array where one of both shapes is absent or moves no lips.
    """
    if not {"jawOpen", "mouthClose"} <= set(names):
        return shapes
    jaw, close = (list(names).index(name) for name in ("jawOpen", "mouthClose"))
    opened, closed = _parting(shapes[jaw], chart), -_parting(shapes[close], chart)
    middle = opened > MIDDLE * opened.max()
    wanted, made = float(opened[middle].sum()), float(closed[middle].sum())
    low, high = SCALE_RANGE
    if not low * made < wanted < high * made:
        return shapes
    scaled = shapes.copy()
    scaled[close] *= wanted / made
    return scaled


def _parting(shape: Float32, chart: CanonicalSurface) -> Float64:
    """Return (P,) by how much a shape takes the upper lip away from the lower one, along the lip line."""
    head = load_canonical()
    upper, lower = (chart.interpolate(shape[:, 1], head.uv[side]) for side in head.lip_pairs.T)
    parted: Float64 = upper - lower
    return parted
