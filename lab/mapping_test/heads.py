"""Heads of the benchmark: people of both models, remeshed and posed, and where their landmarks truly are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from lab.bank.people import Person, anny_person, ict_person
from lab.bank.perturb import EYES, LOOSE, without
from lab.bank.remeshing import distances, remesh
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.mesh import Float64, Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.surface import CanonicalSurface

STREAM = 70_601
"""Seeds begin with it, so that no person is one of the bank that the networks learned from."""

TRIANGLES = (2_000, 200_000)
SCALES = (-3.0, 3.0)
"""Powers of ten times metres."""

MISSING = 0.3
"""Share of the heads without eyes, and of those without teeth, tongue and lashes."""

POSES = ("y up", "z up", "any")
PARTS = {"eyes": EYES, "teeth": LOOSE}
"""What heads may lack; teeth stand for tongue and lashes too."""

KINDS = ("ICT", "Anny", "Anny with body")


@dataclass(frozen=True, eq=False)
class TestHead:
    """A head to be mapped.

    Attributes:
        number: of the head; with the seed it says everything about it.
        kind: one of ``KINDS``.
        pose: one of ``POSES``.
        parts: which of ``PARTS`` it has.
        mesh: in its own space.
        place: from canonical space to its own.
        truth: (3,) position in canonical space of each landmark on its surface before it was remeshed.
        moved: canonical metres from each to the surface that was left of it by remeshing.
    """

    __test__ = False

    number: int
    kind: str
    pose: str
    parts: tuple[str, ...]
    mesh: Mesh
    place: Similarity
    truth: dict[str, Float64]
    moved: dict[str, float]


def draw_head(number: int, seed: int, data: Path) -> TestHead:
    """Draw a head; every other one is ICT's, and half of Anny's have bodies.

    Args:
        number: which head.
        seed: of all heads.
        data: folder that holds ``heads/ict_facekit``.

    Raises:
        MMTalkerError: FILE_FORMAT where ICT's model is not there, BAD_REQUEST where a package is not.
    """
    rng = np.random.default_rng([STREAM, seed, number])
    kind = KINDS[0] if number % 2 == 0 else KINDS[1 + number // 2 % 2]
    person = ict_person(data, rng) if kind == "ICT" else anny_person(rng, body=kind != "Anny")
    truth = truth_points(person)
    parts = []
    for name, roles in PARTS.items():
        if rng.random() < MISSING:
            person = without(person, ~np.isin(person.role, roles))
        else:
            parts.append(name)
    count = round(float(np.exp(rng.uniform(*np.log(TRIANGLES)))))
    vertices, triangles = remesh(person.vertices, person.triangles, count, smooth=bool(rng.random() < 0.5))
    pose = POSES[int(rng.integers(len(POSES)))]
    scale = float(10.0 ** rng.uniform(*SCALES))
    place = Similarity(scale, _rotation(pose, rng), scale * rng.normal(size=3))
    mesh = Mesh.from_polygons(place.apply(vertices).astype(np.float32), triangles)
    away = distances(np.stack(list(truth.values())), vertices, triangles)
    moved = dict(zip(truth, away.tolist(), strict=True))
    return TestHead(number, kind, pose, tuple(parts), mesh, place, truth, moved)


def truth_points(person: Person) -> dict[str, Float64]:
    """Return the point (3,) of a person's surface at every canonical landmark's place in the chart."""
    canonical = load_canonical()
    skin = person.triangles[person.on_chart[person.triangles].all(axis=1)]
    surface = CanonicalSurface(person.uv, skin[signed_areas(person.uv, skin) > 1e-12])
    vertices = list(canonical.landmarks.values())
    points = surface.interpolate(person.vertices, canonical.uv[vertices])
    return dict(zip(canonical.landmarks, points, strict=True))


def _rotation(pose: str, rng: np.random.Generator) -> Float64:
    """Upright as most programs or as Blender have it, looking anywhere, or in any pose at all."""
    turn = rotation_about(np.array([0.0, 1.0, 0.0]), rng.uniform(0.0, 2.0 * np.pi))
    if pose == "y up":
        return turn
    if pose == "z up":
        return rotation_about(np.array([1.0, 0.0, 0.0]), 0.5 * np.pi) @ turn
    return np.asarray(Rotation.random(random_state=rng).as_matrix(), dtype=np.float64)
