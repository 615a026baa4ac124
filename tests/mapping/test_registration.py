"""Fitting one surface onto another: closely, without folds, and each sheet onto its own."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mapping.registration import Guides, Stage, Target, closest_on_triangles, fit_surface
from mmtalker.mesh.normals import vertex_normals
from mmtalker.mesh.rigid import rotation_about

from .samples import ball

AXES = np.array([0.095, 0.120, 0.088])
NO_PINS = np.zeros(0, dtype=np.int64), np.zeros((0, 3))
CLOSEST = (Stage(data=0.3, pins=0.0, reach=0.05, rounds=10),)


def sheet(height: float, size: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """A square of 8 cm in steps of 1 cm that faces upwards (+z)."""
    x, y = np.meshgrid(np.linspace(-0.04, 0.04, size), np.linspace(-0.04, 0.04, size), indexing="ij")
    corner = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    triangles = np.concatenate(
        [[corner, corner + size, corner + size + 1], [corner, corner + size + 1, corner + 1]], axis=1
    ).T
    return np.stack([x, y, np.full(x.shape, height)], axis=-1).reshape(-1, 3), triangles


def fitted(vertices: np.ndarray, triangles: np.ndarray, **given: object) -> np.ndarray:
    """With everything that is not given left out."""
    count = len(vertices)
    plain = {
        "labels": np.ones(count, dtype=np.int64),
        "trust": np.ones(count),
        "target": Target.of(*sheet(9.0), np.ones(81, dtype=np.int64)),
        "pins": NO_PINS,
    }
    return fit_surface(vertices, triangles, **(plain | given))


def test_a_ball_is_fitted_to_an_ellipsoid_without_folds() -> None:
    mesh, finer = ball(12, 16), ball(40, 60)
    source, triangles = 0.1 * mesh.vertices.astype(np.float64), mesh.triangles().astype(np.int64)
    goal = finer.vertices * AXES
    target = Target.of(goal, finer.triangles().astype(np.int64), np.ones(len(goal), dtype=np.int64))
    ends = np.array([int(np.argmax(sign * source[:, axis])) for axis in range(3) for sign in (-1, 1)])
    before = np.abs(np.linalg.norm(source / AXES, axis=1) - 1.0)
    found = fitted(source, triangles, target=target, pins=(ends, source[ends] * AXES / 0.1))
    after = np.abs(np.linalg.norm(found / AXES, axis=1) - 1.0)
    assert before.max() > 0.1
    assert after.max() < 0.01
    # Outwards stays outwards, and every vertex stays about where it was on the ball.
    a, b, c = found[triangles].transpose(1, 0, 2)
    assert (np.einsum("tk,tk->t", np.cross(b - a, c - a), a + b + c) > 0.0).all()
    np.testing.assert_allclose(found / AXES, mesh.vertices, atol=0.15)


def test_labels_keep_two_close_sheets_apart() -> None:
    low, triangles = sheet(-0.001)
    high, _ = sheet(0.001)
    source = np.concatenate([low, high])
    both = np.concatenate([triangles, triangles + len(low)])
    bits = np.repeat([1, 2], len(low))
    # What starts below belongs above: only the labels tell.
    goal = np.concatenate([sheet(0.003)[0], sheet(-0.003)[0]])
    target = Target.of(goal, both, bits)
    told = fitted(source, both, labels=bits, target=target, stages=CLOSEST)
    np.testing.assert_allclose(told[:81, 2], 0.003, atol=2e-4)
    np.testing.assert_allclose(told[81:, 2], -0.003, atol=2e-4)
    guessed = fitted(source, both, labels=np.full(162, 3), target=target, stages=CLOSEST)
    np.testing.assert_allclose(guessed[:81, 2], -0.003, atol=2e-4)


def test_a_vertex_of_both_labels_meets_points_of_either() -> None:
    source, triangles = sheet(0.0)
    either = Target.of(sheet(0.002)[0], triangles, np.full(81, 2, dtype=np.int64))
    met = fitted(source, triangles, labels=np.full(81, 3), target=either, stages=CLOSEST)
    np.testing.assert_allclose(met[:, 2], 0.002, atol=2e-4)
    strange = fitted(source, triangles, labels=np.full(81, 1), target=either, stages=CLOSEST)
    np.testing.assert_allclose(strange, source, atol=1e-6)


def test_what_faces_the_other_way_is_not_met() -> None:
    source, triangles = sheet(0.0)
    turned = Target.of(sheet(0.002)[0], triangles[:, ::-1], np.ones(81, dtype=np.int64))
    np.testing.assert_allclose(fitted(source, triangles, target=turned, stages=CLOSEST), source, atol=1e-6)


def test_what_is_out_of_reach_or_not_trusted_is_not_met() -> None:
    source, triangles = sheet(0.0)
    target = Target.of(sheet(0.01)[0], triangles, np.ones(81, dtype=np.int64))
    short = (Stage(data=0.3, pins=0.0, reach=0.005, rounds=5),)
    np.testing.assert_allclose(fitted(source, triangles, target=target, stages=short), source, atol=1e-6)
    held = np.array([0, 8, 72, 80])
    stages = (Stage(data=0.3, pins=1.0, reach=0.05, rounds=10),)
    given = {"target": target, "pins": (held, source[held]), "stages": stages}
    assert fitted(source, triangles, **given)[40, 2] > 0.009
    doubtful = fitted(source, triangles, trust=np.zeros(81), **given)
    np.testing.assert_allclose(doubtful, source, atol=1e-6)


def test_guides_pull_as_much_as_the_stage_says() -> None:
    source, triangles = sheet(0.0)
    aside = source + np.array([0.01, 0.0, 0.0])
    few = np.where(source[:, 0] > 0.03, 1.0, 0.0)
    guides = Guides(np.where(few[:, None] > 0.0, aside, 5.0), few)

    def pulled(strength: float, given: Guides | None = guides) -> np.ndarray:
        stages = (Stage(data=0.0, pins=0.0, reach=0.0, rounds=30, guides=strength),)
        return fitted(source, triangles, stages=stages, guides=given)

    # Nothing else holds the sheet: all of it comes along, unbent, and what weighs nothing has no say.
    np.testing.assert_allclose(pulled(10.0), aside, atol=1e-4)
    np.testing.assert_allclose(pulled(0.0), source, atol=1e-6)
    np.testing.assert_allclose(pulled(10.0, None), source, atol=1e-6)


def test_guides_and_surface_share_what_they_disagree_about() -> None:
    source, triangles = sheet(0.0)
    target = Target.of(sheet(0.004)[0], triangles, np.ones(81, dtype=np.int64))
    guides = Guides(sheet(0.0)[0], np.ones(81))
    stages = (Stage(data=0.1, pins=0.0, reach=0.05, rounds=30, guides=0.3),)
    found = fitted(source, triangles, target=target, guides=guides, stages=stages)
    np.testing.assert_allclose(found[:, 2], 0.001, atol=1e-4)


def test_pins_are_met_and_the_rest_turns_with_them_unstretched() -> None:
    source, triangles = sheet(0.0)
    turn = rotation_about(np.array([0.0, 1.0, 0.0]), np.radians(50.0))
    edges = np.flatnonzero(np.abs(source[:, 0]) > 0.039)
    stages = (Stage(data=0.0, pins=100.0, reach=0.0, rounds=60),)
    found = fitted(source, triangles, pins=(edges, source[edges] @ turn.T), stages=stages)
    np.testing.assert_allclose(found[edges], source[edges] @ turn.T, atol=1e-4)
    np.testing.assert_allclose(found, source @ turn.T, atol=1e-3)


def test_the_source_is_left_as_it_was() -> None:
    source, triangles = sheet(0.0)
    kept = source.copy()
    fitted(source, triangles, target=Target.of(sheet(0.002)[0], triangles, np.ones(81, dtype=np.int64)))
    np.testing.assert_array_equal(source, kept)


def test_the_closest_point_on_triangles() -> None:
    vertices, triangles = sheet(0.0)
    points = np.array([[0.013, -0.021, 0.002], [0.05, 0.012, 0.0], [-0.05, -0.05, 0.001]])
    found, weights, distance = closest_on_triangles(points, np.tile([0, 0, 1.0], (3, 1)), vertices, triangles)
    feet = np.einsum("nk,nkc->nc", weights, vertices[triangles[found]])
    # Above the sheet its foot; beside it the point of the edge; beyond the corner the corner.
    np.testing.assert_allclose(
        feet, [[0.013, -0.021, 0.0], [0.04, 0.012, 0.0], [-0.04, -0.04, 0.0]], atol=1e-12
    )
    np.testing.assert_allclose(distance, np.linalg.norm(feet - points, axis=1))
    assert (weights >= 0.0).all()


@pytest.mark.parametrize(("up", "height"), [(1.0, 0.003), (-1.0, -0.001)])
def test_of_two_close_surfaces_the_one_that_faces_alike_is_closest(up: float, height: float) -> None:
    above, triangles = sheet(0.003)
    below, _ = sheet(-0.001)
    vertices = np.concatenate([above, below])
    both = np.concatenate([triangles, triangles[:, ::-1] + 81])
    assert vertex_normals(vertices, both)[81, 2] < 0.0
    found, weights, _ = closest_on_triangles(
        np.array([[0.003, 0.004, 0.0]]), np.array([[0.0, 0.0, up]]), vertices, both
    )
    foot = np.einsum("nk,nkc->nc", weights, vertices[both[found]])
    np.testing.assert_allclose(foot, [[0.003, 0.004, height]], atol=1e-12)
