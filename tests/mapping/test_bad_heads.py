"""What is half a head, too much of one, or none: a sound mapping or a sentence, and never anything else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.bank.people import Person
from lab.bank.perturb import covered
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.limits import MOST_TRIANGLES, MOST_VERTICES
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.regions import find_regions
from mmtalker.mapping.types import HeadMapping, Mouth
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX

HEAD = load_canonical()
Bools = NDArray[np.bool_]


def part(keep: Bools) -> Mesh:
    """The triangles of the demo head between kept vertices, and no others."""
    used, compact = np.unique(HEAD.triangles[keep[HEAD.triangles].all(axis=1)], return_inverse=True)
    return Mesh.from_polygons(HEAD.vertices[used], compact.reshape(-1, 3))


def everything() -> Bools:
    return np.ones(len(HEAD.vertices), dtype=np.bool_)


def changed(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Mesh:
    """The demo head with other coordinates; turned over as to order, so that nobody knows it by heart."""
    vertices = change(HEAD.vertices[::-1].astype(np.float64)).astype(np.float32)
    return Mesh.from_polygons(vertices, len(HEAD.vertices) - 1 - HEAD.triangles)


def with_one(value: float) -> Mesh:
    mesh = part(everything())
    mesh.vertices[100, 1] = value
    return mesh


def left_half() -> Mesh:
    return part(HEAD.vertices[:, 0] > -0.005)


def top_half() -> Mesh:
    return part(HEAD.vertices[:, 1] > -0.02)


def no_back() -> Mesh:
    return part(HEAD.vertices[:, 2] > -0.03)


def no_eyes() -> Mesh:
    return part(~np.isin(HEAD.role, (Role.EYE_LEFT, Role.EYE_RIGHT)))


def skin_alone() -> Mesh:
    return part(HEAD.role == Role.SKIN)


def open_mouth() -> Mesh:
    gape = HEAD.shapes[ARKIT_INDEX["jawOpen"]][::-1]
    return changed(lambda points: points + 0.9 * gape)


def bearded() -> Mesh:
    """Bumpy hair a centimetre thick over the mouth and all that is below."""
    count = len(HEAD.vertices)
    person = Person(
        model="anny",
        vertices=HEAD.vertices.astype(np.float64),
        triangles=HEAD.triangles.astype(np.int64),
        role=HEAD.role,
        uv=np.zeros((count, 2)),
        place=HEAD.vertices.astype(np.float64),
        on_chart=np.isin(HEAD.role, CHART_ROLES),
        landmarks={},
    )
    low = (HEAD.role == Role.SKIN) & (HEAD.vertices[:, 1] < -0.045) & (HEAD.vertices[:, 2] > -0.05)
    hairy = covered(person, low, 0.01, np.random.default_rng(0))
    return Mesh.from_polygons(hairy.vertices.astype(np.float32), hairy.triangles)


def two_heads() -> Mesh:
    """One beside the other, upside down."""
    other = HEAD.vertices * np.float32([1.0, -1.0, -1.0]) + np.float32([0.4, 0.1, 0.0])
    triangles = np.concatenate([HEAD.triangles, HEAD.triangles + len(HEAD.vertices)])
    return Mesh.from_polygons(np.concatenate([HEAD.vertices, other]), triangles)


def one_triangle() -> Mesh:
    return Mesh.from_polygons(np.eye(3, dtype=np.float32), [[0, 1, 2]])


def ten_vertices() -> Mesh:
    return Mesh.from_polygons(HEAD.vertices[:10], [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]])


def noise() -> Mesh:
    rng = np.random.default_rng(1)
    return Mesh.from_polygons(rng.normal(size=(500, 3)).astype(np.float32), rng.integers(0, 500, (2000, 3)))


def needle() -> Mesh:
    """All in one line but for rounding."""
    return changed(lambda points: points * [1e-9, 1.0, 1e-9])


def flat_head() -> Mesh:
    return changed(lambda points: points * [1.0, 1.0, 0.0])


def huge() -> Mesh:
    return changed(lambda points: 1e30 * points)


def hugest() -> Mesh:
    """As large as single precision can say."""
    return changed(lambda points: 1e39 * points)


def tiny() -> Mesh:
    return changed(lambda points: 1e-25 * points)


def far_away() -> Mesh:
    """So far from its origin that single precision leaves steps of some millimetres."""
    return changed(lambda points: points + np.array([4e4, 0.0, 0.0]))


def one_stray_vertex() -> Mesh:
    """A triangle left at the other end of the world, as careless exports have."""
    mesh = part(everything())
    away = np.float32([[900.0, 0.0, 0.0], [900.0, 0.001, 0.0], [900.0, 0.0, 0.001]])
    count = mesh.vertex_count
    return Mesh.from_polygons(
        np.concatenate([mesh.vertices, away]),
        np.concatenate([mesh.triangles(), [[count, count + 1, count + 2]]]),
    )


def line_of_zero_area() -> Mesh:
    return Mesh.from_polygons(np.arange(12, dtype=np.float32).reshape(4, 3), [[0, 1, 2], [1, 2, 3]])


def one_point() -> Mesh:
    return Mesh.from_polygons(np.ones((5, 3), dtype=np.float32), [[0, 1, 2], [2, 3, 4]])


ODD = [left_half, top_half, bearded, two_heads, flat_head, far_away, one_stray_vertex]


def checked(mesh: Mesh) -> HeadMapping | MMTalkerError:
    """Map it; whatever comes back is sound."""
    try:
        mapping = map_head(mesh)
    except MMTalkerError as error:
        assert error.code in (ErrorCode.BAD_MESH, ErrorCode.UNSUPPORTED_HEAD)
        assert error.message.endswith(".") and len(error.message) > 40
        return error
    count = mesh.vertex_count
    assert 0.0 <= mapping.confidence <= 1.0
    assert all(0.0 <= value <= 1.0 for value in mapping.regions.values())
    for values in (mapping.uv, mapping.jaw_weight, *mapping.points.values()):
        assert np.isfinite(values).all()
    assert mapping.to_canonical.scale > 0.0 and np.isfinite(mapping.to_canonical.apply(mesh.vertices)).all()
    assert mapping.uv.shape == (count, 2) and mapping.uv.min() >= 0.0 and mapping.uv.max() <= 1.0
    assert len(mapping.role) == count and len(find_regions(mapping)) == count
    for index in (mapping.triangles, mapping.owner, np.array(list(mapping.landmarks.values()))):
        assert index.min() >= 0 and index.max() < count
    assert mapping.leader.min() >= -1 and mapping.leader.max() < count
    return mapping


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_with_the_vertex(value: float) -> None:
    found = checked(with_one(value))
    assert isinstance(found, MMTalkerError) and found.code == ErrorCode.BAD_MESH
    assert "vertex 100" in found.message


@pytest.mark.parametrize("make", [one_point, line_of_zero_area])
def test_what_is_no_surface_is_refused(make: Callable[[], Mesh]) -> None:
    found = checked(make())
    assert isinstance(found, MMTalkerError) and found.code == ErrorCode.BAD_MESH


def test_triangles_thinner_than_rounding_are_no_head() -> None:
    found = checked(needle())
    assert isinstance(found, MMTalkerError) and "No face was found" in found.message


@pytest.mark.slow
@pytest.mark.parametrize("make", [one_triangle, ten_vertices, noise])
def test_what_is_no_head_is_refused_whatever_its_form(make: Callable[[], Mesh]) -> None:
    found = checked(make())
    assert isinstance(found, MMTalkerError) and "No face was found" in found.message


@pytest.mark.slow
@pytest.mark.parametrize("make", ODD)
def test_half_and_odd_heads_give_a_mapping_or_a_sentence(make: Callable[[], Mesh]) -> None:
    checked(make())


@pytest.mark.slow
@pytest.mark.parametrize("make", [no_back, no_eyes, skin_alone, open_mouth])
def test_heads_that_lack_a_part_are_mapped(make: Callable[[], Mesh]) -> None:
    mesh = make()
    mapping = checked(mesh)
    assert isinstance(mapping, HeadMapping)
    off = np.linalg.norm(mapping.points["nose_tip"] - HEAD.vertices[HEAD.landmarks["nose_tip"]])
    assert off < 0.006
    assert mapping.mouth is Mouth.PARTED


@pytest.mark.slow
@pytest.mark.parametrize("make", [huge, hugest, tiny])
def test_no_unit_is_too_large_or_too_small(make: Callable[[], Mesh]) -> None:
    checked(make())


def test_too_dense_a_mesh_is_refused_at_once_with_what_to_do() -> None:
    side = 1 + int(np.ceil(np.sqrt(MOST_TRIANGLES / 2)))
    y, x = np.divmod(np.arange((side + 1) ** 2), side + 1)
    height = 0.1 * np.sin(x / 300.0)
    corner = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).ravel()
    quads = np.stack([corner, corner + 1, corner + side + 2, corner + side + 1], axis=1)
    mesh = Mesh(
        np.stack([x, y, height], axis=1).astype(np.float32),
        quads.ravel().astype(np.int32),
        np.arange(0, quads.size + 1, 4, dtype=np.int32),
    )
    found = checked(mesh)
    assert isinstance(found, MMTalkerError) and found.code == ErrorCode.UNSUPPORTED_HEAD
    assert f"{MOST_TRIANGLES:,}" in found.message and "Decimate" in found.message


def test_too_many_loose_vertices_are_refused_at_once_with_what_to_do() -> None:
    vertices = np.random.default_rng(0).normal(size=(MOST_VERTICES + 1, 3)).astype(np.float32)
    found = checked(Mesh(vertices, np.arange(3, dtype=np.int32), np.array([0, 3], dtype=np.int32)))
    assert isinstance(found, MMTalkerError) and found.code == ErrorCode.UNSUPPORTED_HEAD
    assert f"{MOST_VERTICES:,}" in found.message and "Decimate" in found.message
