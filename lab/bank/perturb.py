"""What artists' meshes have and lack: hair, beards, holes, half heads, missing eyes, coarse faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.bank.people import Person
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.roles import Role

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

LOOSE = (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE, Role.LASHES)
EYES = (Role.EYE_LEFT, Role.EYE_RIGHT)
POCKETS = (Role.MOUTH_SOCKET, Role.EYE_SOCKET)


def perturb(person: Person, rng: np.random.Generator, *, facets: bool = True) -> Person:
    """Return the person with parts missing, other things over the skin, and coarse facets, by chance.

    Args:
        person: whoever.
        rng: of everything.
        facets: whether vertices may be merged, after which a surface is none that can be simplified.
    """
    keep = np.ones(len(person.vertices), dtype=bool)
    for roles, chance in ((LOOSE, 0.4), (EYES, 0.25), (POCKETS, 0.3)):
        if rng.random() < chance:
            keep &= ~np.isin(person.role, roles)
    keep &= ~_cut_away(person, rng)
    person = without(person, keep)
    if rng.random() < 0.3 and facets:
        person = coarser(person, float(np.exp(rng.uniform(np.log(0.003), np.log(0.014)))), rng)
    cover = rng.random()
    if cover < 0.25:
        person = covered(person, _hair(person, rng), rng.uniform(0.004, 0.025), rng)
    elif cover < 0.32:
        person = covered(person, _beard(person, rng), rng.uniform(0.003, 0.015), rng)
    if rng.random() < 0.12:
        person = with_blobs(person, rng)
    return person


def without(person: Person, keep: Bools) -> Person:
    """Drop the triangles that hold a vertex that is not kept; the vertices stay, so that names do."""
    return replace(person, triangles=person.triangles[keep[person.triangles].all(axis=1)])


def coarser(person: Person, cell: float, rng: np.random.Generator) -> Person:
    """Merge all vertices of a part within cells of ``cell`` metres: the facets of a low-poly head."""
    at = np.floor((person.vertices + rng.random(3) * cell) / cell).astype(np.int64)
    group = np.where(person.on_chart, 0, person.role.astype(np.int64) + 1)
    _, first, owner = np.unique(np.column_stack([group, at]), axis=0, return_index=True, return_inverse=True)
    triangles = first[owner.ravel()][person.triangles]
    real = (triangles != np.roll(triangles, 1, axis=1)).all(axis=1)
    return replace(person, triangles=triangles[real])


def covered(person: Person, chosen: Bools, thickness: float, rng: np.random.Generator) -> Person:
    """Lay a bumpy layer over the ``chosen`` skin; what it shows has no place on the canonical head."""
    normals = vertex_normals(person.vertices, person.triangles)
    bump = np.zeros(len(person.vertices))
    for _ in range(4):
        wave = rng.normal(size=3) * rng.uniform(40.0, 250.0)
        bump += np.sin(person.vertices @ wave + rng.uniform(0.0, 6.3))
    lifted = person.vertices + normals * (thickness * (1.0 + 0.25 * bump))[:, None]
    faces = person.triangles[chosen[person.triangles].all(axis=1)]
    return _beside(person, lifted, faces)


def with_blobs(person: Person, rng: np.random.Generator) -> Person:
    """Put one to three ellipsoids beside or on the head: hats, hands, microphones."""
    for _ in range(int(rng.integers(1, 4))):
        direction = rng.normal(size=3) * [1.0, 1.0, 0.5]
        centre = 0.12 * direction / np.linalg.norm(direction) + [0.0, 0.0, -0.05]
        size = np.exp(rng.uniform(np.log(0.01), np.log(0.06), 3))
        theta, phi = np.meshgrid(np.linspace(0.05, np.pi - 0.05, 10), np.linspace(0.0, 2.0 * np.pi, 16))
        ball = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], axis=-1)
        index = np.arange(ball[..., 0].size).reshape(theta.shape)
        a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
        faces = np.concatenate(
            [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
        )
        person = _beside(person, centre + size * ball.reshape(-1, 3), faces)
    return person


def _beside(person: Person, vertices: Float64, faces: Int64) -> Person:
    """Add a part that has no place on the canonical head; only the vertices that ``faces`` use."""
    used, compact = np.unique(faces, return_inverse=True)
    count = len(used)
    start = len(person.vertices)
    return replace(
        person,
        vertices=np.concatenate([person.vertices, vertices[used]]),
        triangles=np.concatenate([person.triangles, compact.reshape(-1, 3) + start]),
        role=np.concatenate([person.role, np.full(count, Role.OTHER, dtype=np.uint8)]),
        uv=np.concatenate([person.uv, np.zeros((count, 2))]),
        place=np.concatenate([person.place, np.zeros((count, 3))]),
        on_chart=np.concatenate([person.on_chart, np.zeros(count, dtype=bool)]),
    )


def _cut_away(person: Person, rng: np.random.Generator) -> Bools:
    """(V,) what is missing: the back, everything but a mask, or the neck."""
    kind = rng.random()
    points = person.vertices
    gone: Bools = np.zeros(len(points), dtype=bool)
    if kind < 0.10:
        gone = points[:, 2] < rng.uniform(-0.13, -0.05)
    elif kind < 0.16:
        gone = (points[:, 2] < rng.uniform(-0.06, -0.02)) | (points[:, 1] > rng.uniform(0.03, 0.08))
    elif kind < 0.30:
        gone = points[:, 1] < rng.uniform(-0.16, -0.10) - 0.4 * np.clip(-points[:, 2] - 0.05, 0.0, None)
    elif kind < 0.55:
        gone = points[:, 1] < -np.exp(rng.uniform(np.log(0.16), np.log(0.9)))
    return gone


def _hair(person: Person, rng: np.random.Generator) -> Bools:
    place = person.place
    line = rng.uniform(0.03, 0.075)
    behind = place[:, 2] < rng.uniform(-0.10, -0.04)
    above = place[:, 1] > line - np.clip(-place[:, 2] - 0.03, 0.0, None) * rng.uniform(0.3, 2.0)
    hair: Bools = person.on_chart & (above | (behind & (place[:, 1] > rng.uniform(-0.13, 0.0))))
    return hair


def _beard(person: Person, rng: np.random.Generator) -> Bools:
    place = person.place
    mouth = np.abs(place[:, 0]) < rng.uniform(0.0, 0.03)
    low = place[:, 1] < rng.uniform(-0.085, -0.055)
    lip = mouth & (place[:, 1] < -0.045) & (rng.random() < 0.5)
    beard: Bools = person.on_chart & (low | lip) & (place[:, 2] > -0.09)
    return beard
