"""Which part of the face a vertex belongs to, for looking at a mapping and for judging it part by part."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mmtalker.mapping.types import REGIONS, HeadMapping
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Float64
from mmtalker.mesh.roles import Role

NO_REGION = 255
"""Of vertices that are not skin."""

_NOSE_METRES = 0.016
"""Half the width of a nose, its wings included, on the canonical head."""

_FACE_METRES = 0.01
"""The face is what lies in front of this much behind the eyes' centres."""

_BROW_METRES = (0.012, 0.032)
"""Height of brows over the eyes' centres."""


def find_regions(mapping: HeadMapping) -> NDArray[np.uint8]:
    """Return (V,) index into ``REGIONS`` of every skin vertex, ``NO_REGION`` for the others."""
    found = np.full(len(mapping.role), NO_REGION, dtype=np.uint8)
    skin = mapping.role == Role.SKIN
    found[skin] = canonical_regions()[canonical_surface().nearest_vertex(mapping.uv[skin])]
    return found


@lru_cache(maxsize=1)
def canonical_regions() -> NDArray[np.uint8]:
    """(C,) index into ``REGIONS`` of every vertex in the canonical chart."""
    head = load_canonical()
    points = head.vertices[: head.chart_count].astype(np.float64)
    x, y, z = points.T
    landmark = {name: points[vertex] for name, vertex in head.landmarks.items()}
    in_face = z > -_FACE_METRES
    eyes = head.regions["eye_region"][: head.chart_count]
    brows = in_face & (y > _BROW_METRES[0]) & (y < _BROW_METRES[1])
    nose = _distance_to_segment(points, landmark["nose_root"], landmark["nose_tip"]) < _NOSE_METRES
    below = y < (landmark["lip_lower_outer"][1] + landmark["chin"][1]) / 2.0
    found = np.full(head.chart_count, REGIONS.index("face"), dtype=np.uint8)
    # What comes later wins.
    found[(below | head.regions["jaw_rigid"][: head.chart_count]) & in_face] = REGIONS.index("jaw")
    found[nose & in_face] = REGIONS.index("nose")
    found[brows & (np.abs(x) < np.abs(landmark["eye_left_outer"][0]))] = REGIONS.index("brows")
    found[eyes & (x > 0)] = REGIONS.index("eye_left")
    found[eyes & (x <= 0)] = REGIONS.index("eye_right")
    found[head.regions["lips"][: head.chart_count]] = REGIONS.index("mouth")
    found.setflags(write=False)
    return found


def _distance_to_segment(points: Float64, start: Float64, end: Float64) -> Float64:
    along = end - start
    place = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
    distance: Float64 = np.linalg.norm(points - (start + place[:, None] * along), axis=1)
    return distance
