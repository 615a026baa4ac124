"""Transfer of deformations and of closest points, on a made-up face: what each keeps, and what it finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="heads of the benchmark come with torch")

from lab.shape_transfer.closest_point import closest_point_transfer
from lab.shape_transfer.correspondence import Pairs, correspond, fit_template, pair_triangles
from lab.shape_transfer.sumner_popovic import deformation_transfer
from lab.shape_transfer.surface import Surface, closest_points, visible_skin
from mmtalker.mesh.gradients import (
    PinnedSystem,
    gradient_operator,
    gradients,
    stacked,
    tangent_operator,
)
from mmtalker.mesh.mesh import Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import Role
from tests.lab.comparison.made_face import face, head_of, smile

POSE = Similarity(1.7, rotation_about(np.array([0.6, 0.0, 0.8]), 1.1), np.array([0.1, -0.4, 0.2]))


def same(surface: Surface) -> Pairs:
    every = np.arange(len(surface.triangles))
    return Pairs(every, every)


def test_gradients_are_the_matrix_that_a_mesh_was_multiplied_by() -> None:
    own = face()
    turn = POSE.rotation
    found = gradients(own.vertices, own.vertices @ turn.T + 5.0, own.triangles)
    np.testing.assert_allclose(found, np.broadcast_to(turn, found.shape), atol=1e-9)


def test_operators_give_the_gradients_of_a_stretch_and_without_fourth_points_what_is_along_the_skin() -> None:
    own = face()
    stretch = np.array([[1.2, 0.1, 0.0], [0.0, 0.9, 0.3], [0.2, 0.0, 1.1]])
    moved = own.vertices @ stretch.T
    goal = np.broadcast_to(stretch, (len(own.triangles), 3, 3))
    across = np.eye(3) - own.face_normals[:, :, None] * own.face_normals[:, None, :]
    along = tangent_operator(own.vertices, own.triangles) @ moved
    np.testing.assert_allclose(along, stacked(goal @ across), atol=1e-9)

    def fourth(points: np.ndarray) -> np.ndarray:
        corners = own.vertices[own.triangles]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        up = cross / np.sqrt(np.linalg.norm(cross, axis=1, keepdims=True))
        return np.concatenate([points, points[own.triangles[:, 0]] + up @ stretch.T])

    both = gradient_operator(own.vertices, own.triangles) @ fourth(moved)
    np.testing.assert_allclose(both, stacked(goal), atol=1e-9)


def test_leaving_fourth_points_out_changes_no_vertex() -> None:
    own, rng = face(9), np.random.default_rng(0)
    goal = stacked(rng.normal(size=(len(own.triangles), 3, 3)))
    pinned = np.arange(9)
    solutions = []
    for operator in (make(own.vertices, own.triangles) for make in (gradient_operator, tangent_operator)):
        system = PinnedSystem(operator.T @ operator, pinned)
        solutions.append(system.solve(operator.T @ goal, np.zeros((9, 3)))[: len(own.vertices)])
    np.testing.assert_allclose(solutions[0], solutions[1], atol=1e-8)
    assert np.abs(solutions[0][9:]).max() > 1e-3


@pytest.mark.parametrize("pairs", [None, same(face())], ids=["found", "given"])
def test_a_source_that_is_the_target_keeps_its_own_shapes(pairs: Pairs | None) -> None:
    own = face()
    made = deformation_transfer(own, smile(own), own, pairs)
    np.testing.assert_allclose(made, smile(own), atol=1e-6)
    assert np.abs(smile(own)).max() > 0.005


def test_a_turned_larger_target_gets_turned_larger_displacements() -> None:
    own = face()
    posed = own.at(POSE.apply(own.vertices))
    made = deformation_transfer(own, smile(own), posed, same(own))
    np.testing.assert_allclose(made, POSE.apply_vectors(smile(own)), atol=1e-6)


def test_transfer_commutes_with_a_turn_of_another_target() -> None:
    own, other = face(), face(nose=0.01)
    turn = Similarity(1.0, POSE.rotation, POSE.translation)
    made = deformation_transfer(own, smile(own), other, same(own))
    turned = deformation_transfer(own, smile(own), other.at(turn.apply(other.vertices)), same(own))
    np.testing.assert_allclose(turned, turn.apply_vectors(made), atol=1e-6)
    assert np.abs(made - smile(own)).max() > 1e-4, "the target would be the source"


def test_a_piece_that_moves_as_a_whole_is_held_where_it_moves_least() -> None:
    own = face(7)
    rising = np.broadcast_to([0.0, 0.01, 0.0], (1, len(own.vertices), 3))
    made = deformation_transfer(own, rising, own, same(own))
    np.testing.assert_allclose(made, 0.0, atol=1e-9)


def test_a_fit_comes_to_lie_on_a_posed_target_with_other_triangles_and_a_smaller_nose() -> None:
    source, target = face(), face(26, nose=0.02)
    far = target.at(POSE.apply(target.vertices))
    fitted = source.at(fit_template(source, far))
    for name in source.markers:
        np.testing.assert_allclose(
            fitted.vertices[source.markers[name]], far.vertices[far.markers[name]], atol=1e-9
        )
    _, _, distance = closest_points(fitted.vertices, fitted.normals, far)
    assert np.quantile(distance, 0.95) < 0.001 * POSE.scale
    pairs = pair_triangles(fitted, far)
    away = np.linalg.norm(fitted.centroids[pairs.source] - far.centroids[pairs.target], axis=1)
    assert set(pairs.target) == set(range(len(far.triangles)))
    assert set(pairs.source) == set(range(len(source.triangles)))
    assert away.mean() < 0.005 * POSE.scale


def test_triangles_that_face_away_are_no_pair() -> None:
    own = face(7, nose=0.0)
    count = len(own.triangles)
    behind = replace(own, triangles=np.concatenate([own.triangles, own.triangles[:, ::-1]]))
    pairs = pair_triangles(own, behind)
    assert (pairs.source == pairs.target).all() and pairs.target.max() < count


def test_the_same_face_is_paired_with_itself() -> None:
    own = face()
    pairs = correspond(own, own)
    np.testing.assert_array_equal(pairs.source, pairs.target)
    assert len(pairs.source) == len(own.triangles)


def test_closest_points_give_the_sources_displacements_on_the_source() -> None:
    own = face()
    posed = own.at(POSE.apply(own.vertices))
    np.testing.assert_allclose(closest_point_transfer(own, smile(own), own), smile(own), atol=1e-9)
    made = closest_point_transfer(own, smile(own), posed)
    np.testing.assert_allclose(made, POSE.apply_vectors(smile(own)), atol=1e-9)


def test_closest_points_interpolate_between_vertices() -> None:
    own, middle = face(), face()
    between = own.at(own.vertices.copy())
    corner = own.triangles[300]
    between.vertices[corner[0]] = own.vertices[corner].mean(axis=0)
    made = closest_point_transfer(own, smile(own), between)
    np.testing.assert_allclose(made[:, corner[0]], smile(middle)[:, corner].mean(axis=1), atol=1e-4)


def test_skin_is_cut_out_with_its_rims_and_its_landmarks() -> None:
    role = np.full(25, Role.SKIN, dtype=np.uint8)
    role[10:] = Role.EYE_SOCKET  # three of five rows: the first of them is the rim
    shapes = np.arange(52 * 25 * 3, dtype=np.float32).reshape(52, 25, 3)
    head = replace(head_of(face(5, nose=0.0)), role=role, shapes=shapes, landmarks={"seen": 7, "hidden": 22})
    skin = visible_skin(head)
    np.testing.assert_array_equal(skin.vertices, np.arange(15))
    assert skin.surface.triangles.max() == 14 and len(skin.surface.triangles) == 16
    assert skin.surface.markers == {"seen": 7, "hidden": 12}
    np.testing.assert_array_equal(skin.shapes, shapes[:, :15])
