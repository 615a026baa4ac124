from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mmtalker
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.chart import chart_quality, shipped_quality

SQUARE = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
FACES = np.array([[0, 1, 2], [0, 2, 3]])
NONE = np.zeros(4, dtype=bool)


def test_the_shipped_chart_keeps_its_promises():
    quality = shipped_quality(load_canonical())
    assert quality.flips == 0
    assert quality.overlaps == 0
    assert quality.lips >= 0.03
    assert quality.eyes >= 0.06
    assert quality.sockets < 0.10


def test_upper_and_lower_lip_are_apart_in_the_plane():
    head = load_canonical()
    upper, lower = head.lip_pairs[len(head.lip_pairs) // 2]
    assert np.linalg.norm(head.vertices[upper] - head.vertices[lower]) < 0.003
    assert np.linalg.norm(head.uv[upper] - head.uv[lower]) > 0.1


def test_a_copy_of_a_flat_square_is_undistorted():
    quality = chart_quality(SQUARE, SQUARE[:, :2], FACES, NONE, NONE, NONE)
    assert quality.flips == 0
    assert quality.angle_stretch == pytest.approx((1.0, 1.0, 1.0))
    assert quality.area_stretch == pytest.approx((1.0, 1.0, 1.0))
    assert quality.fill == pytest.approx(1.0)


def test_a_turned_over_triangle_is_counted():
    uv = SQUARE[:, :2].copy()
    uv[3] = [0.9, 0.1]
    assert chart_quality(SQUARE, uv, FACES, NONE, NONE, NONE).flips == 1


def test_a_boundary_that_crosses_itself_is_counted():
    fan = np.array([[4, 0, 1], [4, 1, 2], [4, 2, 3], [4, 3, 0]])
    vertices = np.concatenate([SQUARE, [[0.5, 0.5, 0.0]]])
    uv = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.2]])
    nothing = np.zeros(5, dtype=bool)
    assert chart_quality(vertices, uv, fan, nothing, nothing, nothing).overlaps == 1


def test_area_shares_follow_the_masks():
    lips = np.array([True, True, True, False])
    assert chart_quality(SQUARE, SQUARE[:, :2], FACES, lips, NONE, NONE).lips == pytest.approx(1.0)
    lips = np.array([False, True, True, False])
    assert chart_quality(SQUARE, SQUARE[:, :2], FACES, lips, NONE, NONE).lips == pytest.approx(0.5)


def test_the_command_prints_the_table_and_draws(tmp_path):
    picture = tmp_path / "chart.svg"
    done = subprocess.run(
        [sys.executable, "-m", "mmtalker.mesh.chart", "--picture", str(picture)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(mmtalker.__file__).parents[1])},
    )
    assert "flipped triangles" in done.stdout
    assert picture.read_text(encoding="utf-8").count("<polygon") == len(load_canonical().chart_triangles)
