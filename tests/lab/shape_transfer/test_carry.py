"""Shapes carried from head to head: what a head keeps, what turns and grows with it, and what stays still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the chart of a head comes with torch")

from lab.shape_transfer.carry import STILL_METRES, CarriedSkin, carry_shapes
from lab.shape_transfer.source import ShapedSkin
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import Role
from mmtalker.motion.arkit import ARKIT_INDEX

NAMES = ("jawOpen", "eyeBlinkLeft", "noseSneerRight")
SKIN = load_canonical().chart_count
TRIANGLES = load_canonical().chart_triangles.astype(np.int64)
REST_OF_ALL = load_canonical().vertices.astype(np.float64)
REST = REST_OF_ALL[:SKIN]
SHAPES = load_canonical().shapes[[ARKIT_INDEX[name] for name in NAMES], :SKIN]
SEEN = load_canonical().role[:SKIN] == Role.SKIN
POSE = Similarity(100.0, rotation_about(np.array([0.6, 0.0, 0.8]), 0.7), np.array([3.0, 4.0, 5.0]))


def source(detail: float = 0.0, shapes: np.ndarray = SHAPES) -> ShapedSkin:
    return ShapedSkin.build(REST, TRIANGLES, load_canonical().uv, shapes, detail)


def onto(
    vertices: np.ndarray, triangles: np.ndarray = TRIANGLES, uv: np.ndarray | None = None
) -> CarriedSkin:
    return CarriedSkin(source(), vertices, triangles, load_canonical().uv if uv is None else uv, SEEN)


def canonical_in(pose: Similarity) -> tuple[Mesh, HeadMapping]:
    mesh = Mesh.from_polygons(pose.apply(REST_OF_ALL).astype(np.float32), load_canonical().triangles)
    return mesh, map_head(mesh)


def test_a_head_in_any_pose_keeps_its_own_shapes_and_what_has_no_skin_stays() -> None:
    made = carry_shapes(source(), NAMES, *canonical_in(POSE))

    own = POSE.apply_vectors(SHAPES)
    np.testing.assert_allclose(made[:, :SKIN], own, atol=POSE.scale * 1.5 * STILL_METRES)
    assert np.abs(own).max() > 1.0
    assert not made[:, SKIN:].any()


def test_displacements_grow_with_a_head_that_is_larger_at_the_same_places() -> None:
    """Which displacements that are read in the chart alone would not."""
    larger = onto(1.3 * REST)

    for shape in SHAPES[:2]:
        moved = np.linalg.norm(shape, axis=1) > 0.004
        made = larger.carry(shape)
        assert np.linalg.norm(made[moved] - 1.3 * shape[moved], axis=1).mean() < 0.0006
        assert np.linalg.norm(0.3 * shape[moved], axis=1).mean() > 0.0012


def test_lips_that_touch_part_where_the_source_s_do() -> None:
    pairs = load_canonical().lip_pairs
    made = onto(REST).carry(SHAPES[0])

    np.testing.assert_allclose(np.ptp(made[pairs], axis=1), np.ptp(SHAPES[0][pairs], axis=1), atol=3e-4)
    assert np.ptp(made[pairs], axis=1).max() > 0.02


def test_what_hardly_moves_in_the_source_is_exactly_still() -> None:
    made = onto(REST).carry(SHAPES[1])

    calm = np.linalg.norm(SHAPES[1], axis=1)
    still = ~made.any(axis=1)
    assert still.mean() > 0.5
    assert calm[still].max() <= STILL_METRES
    assert not onto(REST).carry(np.full_like(SHAPES[0], STILL_METRES / 2)).any()


def test_a_skin_that_moves_as_a_whole_goes_along() -> None:
    """Nothing of it is still, so only the anchor says where it is."""
    whole = np.broadcast_to(np.float32([0.01, -0.02, 0.005]), REST.shape)

    np.testing.assert_allclose(onto(1.3 * REST).carry(whole), whole, atol=1e-6)


def test_needles_and_places_in_one_point_break_nothing() -> None:
    uv = load_canonical().uv.copy()
    corners = TRIANGLES[1000]
    uv[corners] = uv[corners[0]]
    needle = np.repeat(corners[:1], 3)[None]

    made = onto(REST, np.concatenate([TRIANGLES, needle]), uv).carry(SHAPES[0])

    assert np.isfinite(made).all()
    away = np.linalg.norm(made - SHAPES[0], axis=1)
    assert np.median(away) < 1e-4 and away.max() < 0.01


def test_vertices_that_an_exporter_split_move_as_one() -> None:
    mesh, mapping = canonical_in(Similarity.identity())
    copied = np.arange(0, SKIN, 7)
    owner = np.concatenate([mapping.owner, copied]).astype(np.int32)
    vertices = np.concatenate([mesh.vertices, mesh.vertices[copied]])
    split = replace(mapping, owner=owner, uv=mapping.uv[owner], role=mapping.role[owner])

    made = carry_shapes(source(), NAMES, Mesh.from_polygons(vertices, mapping.triangles), split)

    np.testing.assert_array_equal(made[:, len(mesh.vertices) :], made[:, copied])
    assert made[:, copied].any()


def test_detail_of_the_source_is_left_behind_and_the_rest_is_not() -> None:
    ripple = np.zeros((1, SKIN, 3), dtype=np.float32)
    ripple[0, :, 2] = 0.002 * np.random.default_rng(0).choice([-1.0, 1.0], SKIN)

    smoothed = source(0.003, np.concatenate([SHAPES, ripple])).shapes

    lips = load_canonical().regions["lips"][:SKIN]
    assert np.abs(smoothed[-1, lips]).mean() < 0.25 * 0.002
    lost = np.linalg.norm(smoothed[0] - SHAPES[0], axis=1)
    assert lost.mean() < 0.05 * np.linalg.norm(SHAPES[0], axis=1).mean()
