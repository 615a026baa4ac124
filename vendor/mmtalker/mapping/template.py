"""The canonical skin as it is fitted to other heads: its openings, its lips, and its mouth a little open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.face_parts import OUTSIDE, Face, face_of, sockets_by_side
from mmtalker.mapping.lips import BOTH, LipLine, geodesic, lip_bits
from mmtalker.mesh.canonical import CanonicalHead, load_canonical
from mmtalker.mesh.flatten import boundary_loop
from mmtalker.mesh.roles import Role
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

LOW = 0.045
"""Metres from the neck's border that count as near it."""

RIM = 0.006
"""Metres behind an opening's edge up to which heads are alike."""

OPEN = 0.35
"""Strength of jawOpen at which lips cannot be taken for each other."""


@dataclass(frozen=True)
class Template:
    """What fitting needs to know of the canonical skin.

    Attributes:
        rest: (C, 3) canonical metres.
        opening: (C, 3) what ``OPEN`` of jawOpen adds.
        triangles: (T, 3).
        outside: (C,) what is not inside mouth or eyes.
        rim: (C,) what is outside or just behind the edge of an opening: there other heads are alike still.
        lips: (C,) bits of the lip that a vertex belongs to, see :func:`lip_bits`.
        low: (C,) what is near the neck's border, where other heads go on.
        line: where the lips meet.
        uv: (C, 2).
    """

    rest: Float64
    opening: Float64
    triangles: Int64
    outside: NDArray[np.bool_]
    rim: NDArray[np.bool_]
    lips: Int64
    low: NDArray[np.bool_]
    line: LipLine
    uv: Float64


def template_face(head: CanonicalHead) -> Face:
    """Return the canonical skin with its openings."""
    count = head.chart_count
    rest = head.vertices[:count].astype(np.float64)
    posed = rest + OPEN * head.shapes[ARKIT_INDEX["jawOpen"], :count]
    starts, corners = head.mesh.loop_starts, head.mesh.loop_vertices
    quads = np.flatnonzero(np.diff(starts) == 4)
    polygons = corners[starts[quads][:, None] + np.arange(4)].astype(np.int64)
    polygons = polygons[(polygons < count).all(axis=1)]
    role = head.role[:count]
    sockets = sockets_by_side(rest, role == Role.MOUTH_SOCKET, role == Role.EYE_SOCKET)
    return face_of(rest, posed, polygons, sockets)


@lru_cache(maxsize=1)
def load_template() -> Template:
    """Return the shipped head's skin, prepared once."""
    head = load_canonical()
    face = template_face(head)
    line = LipLine.of(face.rest, head.lip_pairs.astype(np.int64))
    upper = geodesic(face.rest, face.triangles, head.lip_pairs[:, 0].astype(np.int64))
    lower = geodesic(face.rest, face.triangles, head.lip_pairs[:, 1].astype(np.int64))
    lips = lip_bits(line, face.rest, upper, lower)
    border = boundary_loop(face.triangles)
    return Template(
        rest=face.rest,
        opening=face.posed - face.rest,
        triangles=face.triangles,
        outside=face.labels == OUTSIDE,
        rim=geodesic(face.rest, face.triangles, np.flatnonzero(face.labels == OUTSIDE), RIM) < RIM,
        lips=lips,
        low=geodesic(face.rest, face.triangles, border, LOW) < LOW,
        line=line,
        uv=head.uv.astype(np.float64),
    )


__all__ = ["BOTH", "OPEN", "Template", "load_template", "template_face"]
