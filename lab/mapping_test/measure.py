"""What a mapping found on one head, beside what is true."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.mapping_test.heads import TestHead
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.chart_places import below_chart
from mmtalker.mapping.types import HeadMapping, Mouth
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.roles import CHART_ROLES, Role

OUTER_CORNERS = ("eye_left_outer", "eye_right_outer")
"""Landmarks whose distance is the unit of error."""

PERCENT = 100.0
REFUSALS = (ErrorCode.UNSUPPORTED_HEAD, ErrorCode.BAD_MESH)


@dataclass(frozen=True)
class Folds:
    """Triangles of a mapped head in the chart.

    Attributes:
        laid: how many are in the chart with all three corners, none squeezed onto its border.
        turned: how many of them are turned over there, or have no area.
        visible_laid, visible_turned: the same of those whose corners are all visible skin, and not inside
            mouth or eye sockets.
    """

    laid: int
    turned: int
    visible_laid: int
    visible_turned: int


@dataclass(frozen=True)
class Outcome:
    """What became of one head.

    Attributes:
        number, kind, pose, parts: of :class:`TestHead`.
        vertices, triangles: how many it has.
        seconds: of mapping it.
        refusal: the sentence where it was not mapped, else empty.
        fault: what was raised where that was no sentence for a person, else empty: a fault of ours.
        confidence: of the mapping, 0 where there is none.
        errors: distance of each landmark from the true one, % of the true distance between the outer corners
            of the eyes; nothing where it was not mapped.
        least: % that remeshing moved the surface away from each: no mapping can come nearer.
        folds: of the mapping, None where there is none.
        fused: whether the lips were taken for one surface. Nobody's are, but where coarse remeshing, or lips
            that lie one inside the other, leave nothing between them.
    """

    number: int
    kind: str
    pose: str
    parts: tuple[str, ...]
    vertices: int
    triangles: int
    seconds: float
    refusal: str
    fault: str
    confidence: float
    errors: dict[str, float]
    least: dict[str, float]
    folds: Folds | None
    fused: bool = False

    @property
    def mapped(self) -> bool:
        return self.folds is not None

    @property
    def mean_error(self) -> float:
        """Of all landmarks, %."""
        return float(np.mean(list(self.errors.values())))


def measure(head: TestHead, map_mesh: Callable[[Mesh], HeadMapping]) -> Outcome:
    """Map a head and compare; whatever the mapping raises becomes part of the outcome.

    Raises:
        MMTalkerError: what is not about the head, such as WEIGHTS_MISSING.
    """
    mapping, refusal, fault = None, "", ""
    began = time.perf_counter()
    try:
        mapping = map_mesh(head.mesh)
    except MMTalkerError as error:
        if error.code not in REFUSALS:
            raise
        refusal = error.message
    except Exception as error:  # one fault shall not cost the figures of all other heads
        fault = f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - began
    return Outcome(
        number=head.number,
        kind=head.kind,
        pose=head.pose,
        parts=head.parts,
        vertices=head.mesh.vertex_count,
        triangles=head.mesh.face_count,
        seconds=seconds,
        refusal=refusal,
        fault=fault,
        confidence=mapping.confidence if mapping else 0.0,
        errors=landmark_errors(head, mapping) if mapping else {},
        least={name: PERCENT * away / eyes_apart(head) for name, away in head.moved.items()},
        folds=count_folds(mapping) if mapping else None,
        fused=mapping is not None and mapping.mouth is Mouth.FUSED,
    )


def landmark_errors(head: TestHead, mapping: HeadMapping) -> dict[str, float]:
    """Return the distance of each landmark from the true one, % of that between the eyes' outer corners."""
    unit = eyes_apart(head)
    back = head.place.inverse()
    return {
        name: PERCENT * float(np.linalg.norm(back.apply(mapping.points[name]) - point)) / unit
        for name, point in head.truth.items()
    }


def eyes_apart(head: TestHead) -> float:
    """Return the true distance between the eyes' outer corners, canonical metres."""
    one, other = (head.truth[name] for name in OUTER_CORNERS)
    return float(np.linalg.norm(one - other))


def count_folds(mapping: HeadMapping) -> Folds:
    """Count the triangles that are turned over in the chart.

    Skin below the canonical neck, which is all squeezed onto the chart's border, is left out.
    """
    uv = mapping.uv.astype(np.float64)
    inside = np.isin(mapping.role, CHART_ROLES)
    inside[inside] = ~below_chart(uv[inside])
    laid = mapping.triangles[inside[mapping.triangles].all(axis=1)]
    turned = signed_areas(uv, laid) <= 0.0
    visible = (mapping.role == Role.SKIN)[laid].all(axis=1)
    return Folds(len(laid), int(turned.sum()), int(visible.sum()), int((turned & visible).sum()))
