"""Heads of foreign topologies are laid out without flips: openings, eyeballs and stray vertices included."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.errors import MMTalkerError
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.mesh.topology_chart import STRIP, TopologyChart, chart_of_topology
from tests.lab.corpus.vertex_samples import flame_like


def check(chart: TopologyChart) -> None:
    assert np.isfinite(chart.uv).all()
    assert chart.uv.min() >= 0.0 and chart.uv.max() <= 1.0
    assert signed_areas(chart.uv.astype(np.float64), chart.triangles).min() > 0.0


def test_a_head_with_neck_mouth_and_two_closed_eyeballs() -> None:
    vertices, triangles = flame_like()

    chart = chart_of_topology(vertices, triangles)

    check(chart)
    # One triangle opens each eyeball.
    assert len(chart.triangles) == len(triangles) - 2
    eyes = np.unique(triangles[-2 * 48 :])
    assert (chart.uv[eyes, 1] < STRIP).all()
    # No two triangles lie over each other: each vertex is found where it lies.
    found, weights = CanonicalSurface(chart.uv, chart.triangles).locate(chart.uv)
    corners = chart.uv[chart.triangles[found]]
    np.testing.assert_allclose(np.einsum("nk,nkc->nc", weights, corners), chart.uv, atol=1e-6)
    nearest = chart.triangles[found, weights.argmax(axis=1)]
    np.testing.assert_array_equal(nearest, np.arange(len(vertices)))


def test_the_face_is_upright() -> None:
    vertices, triangles = flame_like()
    front = vertices[:, 2] > 0.05
    front[triangles[-2 * 48 :]] = False  # the eyeballs lie elsewhere

    uv = chart_of_topology(vertices, triangles).uv

    assert np.corrcoef(vertices[front, 0], uv[front, 0])[0, 1] > 0.8
    assert np.corrcoef(vertices[front, 1], uv[front, 1])[0, 1] > 0.8


def test_a_mouth_whose_lips_touch_is_laid_out_too() -> None:
    vertices, triangles = flame_like()
    mouth = (
        (np.abs(vertices[:, 0]) < 0.03) & (np.abs(vertices[:, 1] + 0.046) < 0.02) & (vertices[:, 2] > 0.06)
    )
    vertices[mouth, 1] = -0.046

    check(chart_of_topology(vertices, triangles))


def test_vertices_without_triangles_share_a_place_with_the_skin() -> None:
    vertices, triangles = flame_like()
    stray = np.concatenate([vertices, vertices[:3] + np.float32(1e-4)])

    chart = chart_of_topology(stray, triangles)

    np.testing.assert_array_equal(chart.uv[-3:], chart.uv[:3])


def test_what_should_be_seen_large_gets_more_of_the_chart() -> None:
    vertices, triangles = flame_like()
    lips = (np.abs(vertices[:, 0]) < 0.05) & (np.abs(vertices[:, 1] + 0.046) < 0.04) & (vertices[:, 2] > 0.05)
    of_lips = lips[triangles].all(axis=1)

    def share(scale: np.ndarray) -> float:
        uv = chart_of_topology(vertices, triangles, scale).uv.astype(np.float64)
        return float(signed_areas(uv, triangles[of_lips]).sum())

    assert share(np.where(lips, 2.0, 1.0)) > 1.5 * share(np.ones(len(vertices)))


def test_a_ring_beside_the_head_lies_where_the_skin_is_nearest() -> None:
    vertices, triangles = flame_like()
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(6), indexing="ij"), axis=-1).reshape(-1, 2)
    around = 2 * np.pi * grid / [5, 6]
    torus = np.stack(
        [
            (0.02 + 0.005 * np.cos(around[:, 0])) * np.cos(around[:, 1]),
            0.2 + 0.005 * np.sin(around[:, 0]),
            (0.02 + 0.005 * np.cos(around[:, 0])) * np.sin(around[:, 1]),
        ],
        axis=1,
    )
    number = np.arange(30).reshape(5, 6)
    right, up = np.roll(number, -1, axis=1), np.roll(number, -1, axis=0)
    both = np.roll(right, -1, axis=0)
    faces = np.concatenate(
        [np.stack(corners, axis=-1).reshape(-1, 3) for corners in ((number, right, both), (number, both, up))]
    )

    chart = chart_of_topology(
        np.concatenate([vertices, torus]), np.concatenate([triangles, faces + len(vertices)])
    )

    check(chart)
    assert chart.triangles.max() < len(vertices)


@pytest.mark.parametrize("fault", ["turned", "nothing"])
def test_a_skin_that_cannot_be_laid_out_is_a_sentence(fault: str) -> None:
    vertices, triangles = flame_like()
    if fault == "turned":
        triangles = triangles.copy()
        triangles[5] = triangles[5, ::-1]
    else:
        triangles = triangles[:0]

    with pytest.raises(MMTalkerError, match="cannot be laid out"):
        chart_of_topology(vertices, triangles)


@pytest.mark.slow
def test_a_real_head_with_teeth_and_tongue() -> None:
    head = load_canonical()

    chart = chart_of_topology(head.vertices, head.triangles)

    check(chart)
    assert len(chart.triangles) > 0.99 * len(head.triangles)
