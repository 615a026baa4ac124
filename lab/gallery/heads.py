"""The heads of the gallery: people that training did not draw, as artists and scanners make them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lab.bank.exaggerate import exaggerate
from lab.bank.people import Person, anny_person
from lab.bank.perturb import covered
from lab.bank.remeshing import remesh
from lab.gallery.scan import scan
from mmtalker.mesh.mesh import Float64, Mesh

Int64 = NDArray[np.int64]

STREAM = 41_203
"""Seeds begin with it, so that nobody is one of the people whom training drew."""

LOW_POLY, DENSE = 1_500, 180_000
"""Triangles."""

BEARD_METRES = 0.006


@dataclass(frozen=True)
class GalleryHead:
    """A head of the gallery.

    Attributes:
        title: what is written beside it.
        mesh: in any pose, size and order of vertices.
        faceted: whether it is drawn with flat faces.
        scanned: whether its lips are one surface, which must be cut first.
    """

    title: str
    mesh: Mesh
    faceted: bool = False
    scanned: bool = False


def gallery_heads() -> list[GalleryHead]:
    """Draw them all."""
    return [
        GalleryHead("realistic", _mesh(_person(13), 1)),
        GalleryHead("child", _mesh(_person(2), 2)),
        GalleryHead("old", _mesh(_person(16), 3)),
        GalleryHead("whole body", _mesh(_person(4, body=True), 4)),
        GalleryHead("dense", _remeshed(_person(21), DENSE, 5)),
        GalleryHead("cartoon", _mesh(_drawn(30), 6)),
        GalleryHead("caricature", _mesh(_drawn(10), 7)),
        GalleryHead("low-poly", _remeshed(_person(25), LOW_POLY, 8), faceted=True),
        GalleryHead("bearded", _mesh(_bearded(29), 9)),
        GalleryHead("scan, mouth cut", scan(_person(12), _rng(0)), scanned=True),
    ]


def _rng(number: int) -> np.random.Generator:
    return np.random.default_rng([STREAM, number])


def _person(number: int, *, body: bool = False) -> Person:
    return anny_person(_rng(number), body=body)


def _drawn(number: int) -> Person:
    rng = _rng(number)
    return exaggerate(anny_person(rng), rng, 1.0)


def _bearded(number: int) -> Person:
    rng = _rng(number)
    person = anny_person(rng)
    low = person.place[:, 1] < -0.06 + 0.4 * np.abs(person.place[:, 0])
    around_mouth = (np.abs(person.place[:, 0]) < 0.035) & (person.place[:, 1] > -0.078)
    beard = person.on_chart & low & ~around_mouth & (person.place[:, 2] > -0.06)
    return covered(person, beard & (person.place[:, 1] > -0.13), BEARD_METRES, rng)


def _mesh(person: Person, number: int) -> Mesh:
    """The person in a pose, size and order of vertices of its own."""
    used, compact = np.unique(person.triangles, return_inverse=True)
    return _anywhere(person.vertices[used], compact.reshape(-1, 3), number)


def _remeshed(person: Person, count: int, number: int) -> Mesh:
    return _anywhere(*remesh(person.vertices, person.triangles, count, smooth=True), number)


def _anywhere(vertices: Float64, triangles: Int64, number: int) -> Mesh:
    rng = _rng(1000 + number)
    order = rng.permutation(len(vertices))
    turned = vertices @ Rotation.random(random_state=rng).as_matrix().T
    placed = 10.0 ** rng.uniform(-2.0, 2.0) * (turned + rng.normal(size=3))
    return Mesh.from_polygons(placed[order].astype(np.float32), np.argsort(order)[triangles])
