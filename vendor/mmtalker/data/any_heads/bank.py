"""A bank of disturbed, stylised people as clouds of points, for the networks that find a face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.any_heads.disturb import disturb
from mmtalker.data.any_heads.people import Person, anny_person, ict_person, random_expression
from mmtalker.data.any_heads.stylise import stylise
from mmtalker.io.arrays import write_arrays
from mmtalker.mapping.cloud import spread

POINTS = 48_000
"""Over the whole surface, and as many again over the face."""

STRENGTHS = (0.0, 0.3, 0.7, 1.1)
BODY_SHARE = 0.4

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


def random_person(model: str, data: Path, rng: np.random.Generator) -> Person:
    """Draw somebody of a model, mostly stylised, with things missing or added."""
    expression = random_expression(rng)
    if model == "ict":
        person = ict_person(data, rng, expression=expression)
    else:
        person = anny_person(rng, body=rng.random() < BODY_SHARE, expression=expression)
    person = stylise(person, rng, float(rng.choice(STRENGTHS)))
    return disturb(person, rng)


def cloud_of(person: Person, rng: np.random.Generator) -> HeadCloud:
    """Spread points over a person, half of them over the face."""
    weight = person.on_chart[person.triangles].all(axis=1).astype(np.float64)
    weight *= (person.place[person.triangles].mean(axis=1)[:, 2] > -0.05) + 0.05
    parts = [spread(person.vertices, person.triangles, POINTS, rng)]
    if weight.any():
        parts.append(spread(person.vertices, person.triangles, POINTS, rng, weight))
    corners = [person.triangles[part.triangle] for part in parts]
    place = np.concatenate([part.read(person.place, person.triangles) for part in parts])
    return HeadCloud(
        points=np.concatenate([part.points for part in parts]).astype(np.float16),
        normals=np.concatenate([part.normals for part in parts]).astype(np.float16),
        place=place.astype(np.float16),
        on_chart=np.concatenate([person.on_chart[three].all(axis=1) for three in corners]),
    )


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
            rng = np.random.default_rng([seed, number])
            cloud = cloud_of(random_person(models[number % len(models)], data, rng), rng)
            write_arrays(file, vars(cloud))
        with np.load(file, allow_pickle=False) as arrays:
            yield HeadCloud(**{name: arrays[name] for name in arrays.files})
