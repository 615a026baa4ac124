"""Landmarks moved on a head of known topology: the places around follow, the other lip and the rest stay."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mmtalker.mapping.lip_line import find_lip_line
from mmtalker.mapping.lips import geodesic
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.registration import closest_on_triangles
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import CHART_ROLES, Role

from .samples import split_at_random

HEAD = load_canonical()
LIPS = ("lip_upper_inner", "lip_upper_outer", "lip_lower_inner", "lip_lower_outer")


@cache
def plain() -> HeadMapping:
    return map_head(HEAD.mesh)


@cache
def skin() -> np.ndarray:
    return HEAD.chart_triangles.astype(np.int64)


def neighbour(name: str, steps: int = 1) -> int:
    """A vertex in no pocket as many edges from a landmark, and as far from it as these lead."""
    away = geodesic(HEAD.vertices.astype(float), skin(), np.array([HEAD.landmarks[name]]), 1.0)
    ring = np.zeros(HEAD.chart_count, dtype=bool)
    ring[HEAD.landmarks[name]] = True
    for _ in range(steps):
        ring[skin()[ring[skin()].any(axis=1)]] = True
    ring &= HEAD.role[: HEAD.chart_count] == Role.SKIN
    return int(np.flatnonzero(ring)[np.argmax(away[: HEAD.chart_count][ring])])


def dragged(name: str, vertex: int, mesh: Mesh = HEAD.mesh) -> HeadMapping:
    return map_head(mesh, {name: mesh.vertices[vertex].astype(np.float64)})


def shift(mapping: HeadMapping) -> np.ndarray:
    return np.linalg.norm(mapping.uv - plain().uv, axis=1)


@pytest.mark.parametrize("name", HEAD.landmarks)
def test_the_vertex_at_the_dragged_point_gets_the_landmarks_place(name: str) -> None:
    vertex = neighbour(name)
    mapping = dragged(name, vertex)
    np.testing.assert_allclose(mapping.uv[vertex], HEAD.uv[HEAD.landmarks[name]], atol=1e-6)
    np.testing.assert_allclose(mapping.points[name], HEAD.vertices[vertex], atol=1e-6)
    assert mapping.landmarks[name] == vertex
    assert mapping.warnings == ()
    assert (signed_areas(mapping.uv.astype(np.float64), skin()) > 0.0).all()


def test_between_vertices_the_skin_there_gets_it_nearly() -> None:
    """In the middle of a triangle, away from its vertices, of which the nearest is pinned."""
    name = "mouth_left"
    beside = skin()[(skin() == neighbour(name, 2)).any(axis=1)][0]
    point = HEAD.vertices[beside].mean(axis=0).astype(np.float64)
    mapping = map_head(HEAD.mesh, {name: point})
    mine = geodesic(HEAD.vertices.astype(float), skin(), np.array([mapping.landmarks[name]]), 0.01)
    near = skin()[np.isfinite(mine)[skin()].all(axis=1)]
    facing = vertex_normals(HEAD.vertices, near)[[mapping.landmarks[name]]]
    found, weights, _ = closest_on_triangles(
        mapping.points[name][None], facing, HEAD.vertices.astype(float), near
    )
    rest = HEAD.vertices[: HEAD.chart_count]
    there, was = (
        canonical_surface().interpolate(rest, weights @ which.uv[near[found[0]]])[0]
        for which in (mapping, plain())
    )
    aim = HEAD.vertices[HEAD.landmarks[name]]
    assert np.linalg.norm(was - aim) > 0.003
    assert 0.0 < np.linalg.norm(there - aim) < 0.001


@pytest.mark.parametrize("name", HEAD.landmarks)
def test_what_is_far_along_the_skin_and_the_other_landmarks_stay_as_they_are(name: str) -> None:
    vertex = neighbour(name)
    way = np.linalg.norm(HEAD.vertices[vertex] - HEAD.vertices[HEAD.landmarks[name]])
    mapping = dragged(name, vertex)
    away = geodesic(HEAD.vertices.astype(float), skin(), np.array([vertex]), 1.0)
    changed = shift(mapping) > 0.0
    assert changed.sum() > 5
    assert away[changed].max() <= 0.02 + 2.0 * way
    for other in HEAD.landmarks.keys() - {name}:
        assert not changed[HEAD.landmarks[other]], other
        np.testing.assert_array_equal(mapping.points[other], plain().points[other])
    np.testing.assert_array_equal(mapping.role, plain().role)


@pytest.mark.parametrize("name", LIPS)
def test_one_lip_does_not_take_the_other_along(name: str) -> None:
    """In space the lips touch: what is near the point but on the other lip keeps its place."""
    other = name.replace("upper", "lower") if "upper" in name else name.replace("lower", "upper")
    across = geodesic(HEAD.vertices.astype(float), skin(), np.array([HEAD.landmarks[other]]), 0.01)
    moved = shift(dragged(name, neighbour(name)))
    assert moved.max() > 0.005
    assert moved[np.isfinite(across)].max() == 0.0


def test_an_upper_lip_dragged_onto_the_lower_one_stays_on_its_own() -> None:
    name = "lip_upper_outer"
    lower = HEAD.vertices[HEAD.landmarks["lip_lower_inner"]].astype(np.float64)
    mapping = map_head(HEAD.mesh, {name: lower + np.array([0.0, 0.002, 0.002])})
    from_upper, from_lower = (
        geodesic(HEAD.vertices.astype(float), skin(), np.array([HEAD.landmarks[seed]]), 1.0)
        for seed in ("lip_upper_inner", "lip_lower_inner")
    )
    assert from_upper[mapping.landmarks[name]] < from_lower[mapping.landmarks[name]]


def test_several_landmarks_move_at_once_and_the_lip_line_follows_its_corners() -> None:
    names = ("mouth_left", "mouth_right", "chin", "eye_left_upper", "eye_left_outer")
    corrections = {name: HEAD.vertices[neighbour(name)].astype(np.float64) for name in names}
    mapping = map_head(HEAD.mesh, corrections)
    for name in names:
        place = mapping.uv[neighbour(name)]
        np.testing.assert_allclose(place, HEAD.uv[HEAD.landmarks[name]], atol=1e-6)
    assert (signed_areas(mapping.uv.astype(np.float64), skin()) > 0.0).all()
    line = find_lip_line(HEAD.mesh, mapping)
    np.testing.assert_allclose(
        line[[0, -1]], [corrections["mouth_right"], corrections["mouth_left"]], atol=1e-5
    )


@pytest.mark.parametrize("metres", [0.003, 0.005])
@pytest.mark.parametrize("name", HEAD.landmarks)
def test_nothing_is_turned_over_in_the_chart_after_a_drag_in_any_direction(name: str, metres: float) -> None:
    rng = np.random.default_rng(3)
    start = HEAD.vertices[HEAD.landmarks[name]].astype(np.float64)
    for direction in rng.normal(size=(3, 3)):
        mapping = map_head(HEAD.mesh, {name: start + metres * direction / np.linalg.norm(direction)})
        assert (signed_areas(mapping.uv.astype(np.float64), skin()) > 0.0).all()
        assert np.isfinite(mapping.uv).all()


def test_a_drag_across_the_face_is_folded_at_worst_and_says_so() -> None:
    mapping = dragged("eye_left_upper", HEAD.landmarks["mouth_left"])
    assert np.isfinite(mapping.uv).all()
    folded = int((signed_areas(mapping.uv.astype(np.float64), skin()) <= 0.0).sum())
    said = [text for text in mapping.warnings if "folded between the landmarks that you moved" in text]
    assert len(said) == (1 if folded else 0)
    assert all(text.startswith(f"{folded} faces") for text in said)


def test_without_a_landmark_that_is_known_nothing_changes() -> None:
    for corrections in ({}, {"of another version": np.zeros(3)}):
        mapping = map_head(HEAD.mesh, corrections)
        np.testing.assert_array_equal(mapping.uv, plain().uv)
        assert mapping.points.keys() == plain().points.keys()


def test_a_landmark_put_back_where_it_was_changes_nothing_to_see() -> None:
    mapping = dragged("mouth_left", HEAD.landmarks["mouth_left"])
    assert shift(mapping).max() < 1e-6


def test_scale_pose_seams_and_faces_that_look_inwards_make_no_difference() -> None:
    vertex = neighbour("mouth_left")
    pose = Similarity(100.0, rotation_about(np.array([1.0, 0.0, 0.0]), 1.1), np.array([5.0, 6.0, 7.0]))
    inwards = Mesh.from_polygons(HEAD.vertices, HEAD.triangles[:, ::-1])
    split = split_at_random(inwards, np.random.default_rng(5))
    posed = Mesh(pose.apply(split.vertices).astype(np.float32), split.loop_vertices, split.loop_starts)
    mapping = map_head(posed, {"mouth_left": pose.apply(HEAD.vertices[vertex])})
    expected = dragged("mouth_left", vertex)
    assert mapping.topology == "anny"
    np.testing.assert_allclose(mapping.uv[split.loop_vertices], expected.uv[inwards.loop_vertices], atol=2e-4)
    np.testing.assert_array_equal(mapping.uv, mapping.uv[mapping.owner])


def test_where_an_artist_deleted_the_faces_around_a_landmark_nothing_happens() -> None:
    chin = HEAD.vertices[HEAD.landmarks["chin"]]
    near = np.linalg.norm(HEAD.vertices - chin, axis=1) < 0.03
    triangles = HEAD.triangles[~near[HEAD.triangles].any(axis=1)]
    mesh = Mesh.from_polygons(HEAD.vertices, triangles)
    mapping = map_head(mesh, {"chin": chin.astype(np.float64) - np.array([0.0, 0.003, 0.0])})
    np.testing.assert_array_equal(mapping.uv, plain().uv)
    np.testing.assert_array_equal(mapping.points["chin"], chin.astype(np.float64))


def test_roles_and_places_of_what_is_no_skin_stay() -> None:
    mapping = dragged("mouth_left", neighbour("mouth_left", 2))
    other = ~np.isin(mapping.role, CHART_ROLES)
    assert not mapping.uv[other].any()
