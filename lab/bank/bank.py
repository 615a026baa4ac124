"""A bank of perturbed, exaggerated people as clouds of points, for the networks that find a face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.bank.exaggerate import exaggerate
from lab.bank.people import Person, anny_person, ict_person, random_expression
from lab.bank.perturb import perturb
from lab.bank.remeshing import nearest_places, remesh
from mmtalker.io.arrays import write_arrays
from mmtalker.mapping.cloud import SurfaceCloud, spread

Floats = NDArray[np.floating[Any]]

POINTS = 48_000
"""Over the whole surface, and as many again over the face."""

STRENGTHS = (0.0, 0.3, 0.7, 1.1)
BODY_SHARE = 0.4

SIMPLIFIED_BODIES = 0.7
"""Share of Anny's people with bodies among the simplified: of their faces the fewest triangles are left."""

TRIANGLES_LEFT = (1_800, 20_000)
"""Of a simplified person."""

MODELS = ("anny", "ict")


@dataclass(frozen=True)
class HeadCloud:
    """A head as the networks see it.

    Attributes:
        points, normals: (N, 3) in canonical space before stylising, metres.
        place: (N, 3) where on the canonical head each is, metres.
        on_chart: (N,) whether it has such a place.
    """

    points: NDArray[np.float16]
    normals: NDArray[np.float16]
    place: NDArray[np.float16]
    on_chart: NDArray[np.bool_]


def random_person(
    model: str, data: Path, rng: np.random.Generator, *, bodies: float = BODY_SHARE, facets: bool = True
) -> Person:
    """Draw somebody of a model, mostly exaggerated, with things missing or added.

    Args:
        model: one of ``MODELS``.
        data: folder of the training data.
        rng: of everything.
        bodies: share of Anny's people who have one.
        facets: whether vertices may be merged to coarse facets.
    """
    expression = random_expression(rng)
    if model == "ict":
        person = ict_person(data, rng, expression=expression)
    else:
        person = anny_person(rng, body=rng.random() < bodies, expression=expression)
    person = exaggerate(person, rng, float(rng.choice(STRENGTHS)))
    return perturb(person, rng, facets=facets)


def cloud_of(person: Person, rng: np.random.Generator) -> HeadCloud:
    """Spread points over a person, half of them over the face."""
    parts = _spread_twice(person.vertices, person.triangles, _of_face(person), rng)
    corners = person.triangles[parts.triangle]
    return _cloud(parts, parts.read(person.place, person.triangles), person.on_chart[corners].all(axis=1))


def simplified_cloud(person: Person, count: int, rng: np.random.Generator) -> HeadCloud:
    """Spread points over a person of whom quadrics left ``count`` triangles.

    What is true of a point is what the person has at the nearest place, not what is between the corners left.
    """
    vertices, triangles = remesh(person.vertices, person.triangles, count, smooth=False)
    nearest, _ = nearest_places(vertices[triangles].mean(axis=1), person.vertices, person.triangles)
    parts = _spread_twice(vertices, triangles, _of_face(person)[nearest], rng)
    nearest, weights = nearest_places(parts.points.astype(np.float64), person.vertices, person.triangles)
    corners = person.triangles[nearest]
    place = np.einsum("nk,nkc->nc", weights, person.place[corners])
    return _cloud(parts, place, person.on_chart[corners].all(axis=1))


def _of_face(person: Person) -> NDArray[np.float64]:
    """(T,) how densely the second half of the points covers a triangle."""
    weight: NDArray[np.float64] = person.on_chart[person.triangles].all(axis=1).astype(np.float64)
    weight *= (person.place[person.triangles].mean(axis=1)[:, 2] > -0.05) + 0.05
    return weight


def _spread_twice(
    vertices: Floats, triangles: NDArray[np.int64], weight: Floats, rng: np.random.Generator
) -> SurfaceCloud:
    parts = [spread(vertices, triangles, POINTS, rng)]
    if weight.any():
        parts.append(spread(vertices, triangles, POINTS, rng, weight))
    return SurfaceCloud(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("points", "normals", "triangle", "weights")
        )
    )


def _cloud(parts: SurfaceCloud, place: Floats, on_chart: NDArray[np.bool_]) -> HeadCloud:
    return HeadCloud(
        points=parts.points.astype(np.float16),
        normals=parts.normals.astype(np.float16),
        place=place.astype(np.float16),
        on_chart=on_chart,
    )


def _draw(number: int, models: tuple[str, ...], data: Path, seed: int) -> HeadCloud:
    """Of every two rounds of the models one is simplified."""
    rng = np.random.default_rng([seed, number])
    model = models[number % len(models)]
    if number // len(models) % 2 == 0:
        return cloud_of(random_person(model, data, rng), rng)
    person = random_person(model, data, rng, bodies=SIMPLIFIED_BODIES, facets=False)
    count = round(float(np.exp(rng.uniform(*np.log(TRIANGLES_LEFT)))))
    return simplified_cloud(person, min(count, len(person.triangles)), rng)


def fill_bank(
    folder: Path, data: Path, models: tuple[str, ...], numbers: range, seed: int
) -> Iterator[HeadCloud]:
    """Make or read the heads of these numbers, each from its own chance.

    Args:
        folder: where they are kept.
        data: folder of the training data.
        models: which head models people are drawn from.
        numbers: which heads.
        seed: of everything.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        file = folder / f"{number:05d}.npz"
        if not file.exists():
            write_arrays(file, vars(_draw(number, models, data, seed)))
        with np.load(file, allow_pickle=False) as arrays:
            yield HeadCloud(**{name: arrays[name] for name in arrays.files})
