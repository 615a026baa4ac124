"""People of both head models, with where every vertex lies on the canonical head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.heads.anny_source import body_faces
from lab.heads.ict import load_ict
from lab.heads.training_heads import ANNY_LOCAL_SPREAD, anny_shapes, anny_source
from mmtalker.mapping.chart_places import below_chart
from mmtalker.mapping.map_head import map_head
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.rigid import umeyama
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

ICT_SPREADS = (0.7, 1.0, 1.4)
"""Standard deviations of ICT's identities: wider than where shape keys are learned."""

ANNY_SPREADS = (0.5, 1.0, 1.8)
"""Times :data:`ANNY_LOCAL_SPREAD`."""

AGES = (0.15, 1.0)
"""From a small child to old, in Anny's terms."""

EXPRESSIONS = (
    "jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "mouthFrownLeft",
    "mouthFrownRight", "browInnerUp", "browDownLeft", "browDownRight", "eyeBlinkLeft", "eyeBlinkRight",
    "eyeWideLeft", "eyeWideRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""What an artist's head may show at rest."""

CENTRAL_METRES = 0.04
"""Depth in front of which the canonical skin is face: there a person is brought to canonical space."""


@dataclass(frozen=True)
class Person:
    """A head, and maybe a body, with the truth about its skin.

    Attributes:
        model: ``anny`` or ``ict``.
        vertices: (V, 3) canonical metres.
        triangles: (T, 3).
        role: (V,) a :class:`Role` each; what lies beside the chart, such as a body, is OTHER.
        uv: (V, 2) place in the chart.
        place: (V, 3) the same on the canonical head, canonical metres.
        on_chart: (V,) whether it has such a place.
        landmarks: vertex by name.
    """

    model: str
    vertices: Float64
    triangles: Int64
    role: NDArray[np.uint8]
    uv: Float64
    place: Float64
    on_chart: NDArray[np.bool_]
    landmarks: dict[str, int]


def anny_person(rng: np.random.Generator, *, body: bool = False, expression: Float64 | None = None) -> Person:
    """A random Anny person.

    Args:
        rng: of everything.
        body: with the body in its rest pose.
        expression: (52,) activations, or None for the face at rest.

    Raises:
        MMTalkerError: BAD_REQUEST where `anny` is not installed.
    """
    source = anny_source()
    phenotypes = {name: float(rng.random()) for name in source.phenotype_labels}
    phenotypes["age"] = float(rng.uniform(*AGES))
    spread = ANNY_LOCAL_SPREAD * rng.choice(ANNY_SPREADS)
    local = {name: float(np.clip(rng.normal(0.0, spread), -1.0, 1.0)) for name in source.local_labels}
    person = source.identity(phenotypes, local)
    base = person.base.copy()
    if expression is not None:
        base[person.head] += np.tensordot(expression, anny_shapes(), axes=1)
    return _with_vertices(
        _anny_body() if body else _anny_head(), base[_body_vertices()] if body else base[person.head]
    )


def ict_person(data: Path, rng: np.random.Generator, *, expression: Float64 | None = None) -> Person:
    """A random ICT identity.

    Args:
        data: folder that holds ``heads/ict_facekit``.
        rng: of the identity.
        expression: (52,) activations, or None for the face at rest.

    Raises:
        MMTalkerError: FILE_FORMAT when the model is not there.
    """
    model = load_ict(data)
    weights = rng.normal(0.0, rng.choice(ICT_SPREADS), len(model.identities)).astype(np.float32)
    vertices = model.neutral + np.tensordot(weights, model.identities, axes=1)
    if expression is not None:
        vertices = vertices + np.tensordot(expression.astype(np.float32), model.shapes, axes=1)
    return _with_vertices(_ict(data), vertices)


def random_expression(rng: np.random.Generator) -> Float64 | None:
    """Mostly none; else a few weak activations, the jaw's sometimes strong."""
    if rng.random() < 0.6:
        return None
    expression = np.zeros(len(ARKIT_INDEX))
    for name in rng.choice(EXPRESSIONS, 3, replace=False):
        expression[ARKIT_INDEX[name]] = rng.uniform(0.0, 0.5)
    if rng.random() < 0.4:
        expression[ARKIT_INDEX["jawOpen"]] = rng.uniform(0.05, 0.7)
    return expression


def placed(person: Person) -> Person:
    """Bring a person to canonical space: the face onto the canonical one as well as a similarity can."""
    front = person.on_chart & (person.place[:, 2] > -CENTRAL_METRES)
    fit = umeyama(person.vertices[front], person.place[front])
    return replace(person, vertices=fit.apply(person.vertices))


def _with_vertices(table: Person, vertices: Floats) -> Person:
    return placed(replace(table, vertices=vertices.astype(np.float64)))


@lru_cache(maxsize=1)
def _anny_head() -> Person:
    source = anny_source()
    rest = source.identity({}).base[source.head_indices]
    return _table("anny", Mesh.from_polygons(rest.astype(np.float32), source.faces))


@lru_cache(maxsize=1)
def _body_vertices() -> Int64:
    return np.unique(body_faces())


@lru_cache(maxsize=1)
def _anny_body() -> Person:
    """The head's table with the body's vertices around it."""
    source, head, used = anny_source(), _anny_head(), _body_vertices()
    number = np.full(int(used.max()) + 1, -1)
    number[used] = np.arange(len(used))
    here = number[source.head_indices]
    role = np.full(len(used), Role.OTHER, dtype=np.uint8)
    uv, place, on_chart = np.zeros((len(used), 2)), np.zeros((len(used), 3)), np.zeros(len(used), dtype=bool)
    role[here], uv[here], place[here], on_chart[here] = head.role, head.uv, head.place, head.on_chart
    mesh = Mesh.from_polygons(np.zeros((len(used), 3), dtype=np.float32), number[body_faces()])
    return Person(
        model="anny",
        vertices=np.zeros((len(used), 3)),
        triangles=mesh.triangles().astype(np.int64),
        role=role,
        uv=uv,
        place=place,
        on_chart=on_chart,
        landmarks={name: int(here[vertex]) for name, vertex in head.landmarks.items()},
    )


@lru_cache(maxsize=1)
def _ict(data: Path) -> Person:
    table = _table("ict", load_ict(data).mesh())
    here = np.flatnonzero(table.on_chart)
    table.on_chart[here[below_chart(table.uv[here])]] = False
    return table


def _table(model: str, mesh: Mesh) -> Person:
    """What all identities of a topology share."""
    canonical, mapping = load_canonical(), map_head(mesh)
    on_chart = np.isin(mapping.role, CHART_ROLES)
    place = np.zeros((mesh.vertex_count, 3))
    rest = canonical.vertices[: canonical.chart_count].astype(np.float64)
    place[on_chart] = canonical_surface().interpolate(rest, mapping.uv[on_chart])
    return Person(
        model=model,
        vertices=mapping.to_canonical.apply(mesh.vertices),
        triangles=mesh.triangles().astype(np.int64),
        role=mapping.role,
        uv=mapping.uv.astype(np.float64),
        place=place,
        on_chart=on_chart,
        landmarks=mapping.landmarks,
    )
