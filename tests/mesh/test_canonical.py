from __future__ import annotations

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.canonical import MATERIALS, load_canonical
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

HEAD = load_canonical()
VERTICES = HEAD.vertices.astype(np.float64)


def posed(**strengths: float) -> np.ndarray:
    return VERTICES + sum(value * HEAD.shapes[ARKIT_INDEX[name]] for name, value in strengths.items())


def lip_gap(vertices: np.ndarray) -> np.ndarray:
    return vertices[HEAD.lip_pairs[:, 0], 1] - vertices[HEAD.lip_pairs[:, 1], 1]


def test_the_skin_comes_first_and_alone_has_places_in_the_chart():
    in_chart = np.isin(HEAD.role, CHART_ROLES)
    assert in_chart[: HEAD.chart_count].all()
    assert not in_chart[HEAD.chart_count :].any()
    assert HEAD.uv.min() >= 0.0
    assert HEAD.uv.max() <= 1.0


def test_every_part_is_there():
    parts = {Role(value) for value in np.unique(HEAD.role)}
    assert parts == set(Role) - {Role.LASHES, Role.OTHER}
    assert len(HEAD.material) == HEAD.mesh.face_count
    assert {MATERIALS[m] for m in np.unique(HEAD.material)} == set(MATERIALS)


def test_left_is_the_subjects_left_and_the_face_looks_along_z():
    at = {name: VERTICES[vertex] for name, vertex in HEAD.landmarks.items()}
    for name in ("mouth", "ear", "eye_{}_inner", "eye_{}_outer", "eye_{}_upper", "eye_{}_lower"):
        left, right = (
            at[name.format(side) if "{}" in name else f"{name}_{side}"] for side in ("left", "right")
        )
        assert left[0] > 0.0 > right[0]
        np.testing.assert_allclose(left * [-1.0, 1.0, 1.0], right, atol=1e-4)
    assert at["nose_tip"][2] == pytest.approx(VERTICES[:, 2].max(), abs=1e-4)
    order = ["forehead", "nose_root", "nose_tip", "lip_upper_outer", "lip_lower_outer", "chin"]
    heights = [at[name][1] for name in order]
    assert heights == sorted(heights, reverse=True)


def test_lip_pairs_run_from_the_right_corner_to_the_left():
    x = VERTICES[HEAD.lip_pairs[:, 0], 0]
    assert (np.diff(x) > 0.0).all()
    assert VERTICES[HEAD.landmarks["mouth_right"], 0] <= x[0]
    assert VERTICES[HEAD.landmarks["mouth_left"], 0] >= x[-1]
    assert np.abs(x - VERTICES[HEAD.lip_pairs[:, 1], 0]).max() < 0.002


def test_lips_are_closed_at_rest_and_open_with_the_jaw():
    assert lip_gap(VERTICES).max() < 0.0005
    assert lip_gap(posed(jawOpen=1.0)).max() > 0.025
    closed_again = lip_gap(posed(jawOpen=0.5, mouthClose=0.5))
    assert closed_again.max() < 0.003


@pytest.mark.parametrize(("shape", "sign"), [("eyeBlinkLeft", 1.0), ("eyeBlinkRight", -1.0)])
def test_a_full_blink_just_closes_its_own_eye(shape, sign):
    blink = posed(**{shape: 1.0})
    pairs = HEAD.lid_pairs
    gap = blink[pairs[:, 0], 1] - blink[pairs[:, 1], 1]
    own = VERTICES[pairs[:, 0], 0] * sign > 0.0
    assert gap[own].min() > -0.001
    assert gap[own].max() < 0.0
    assert gap[~own].max() > 0.006


def test_the_skull_is_still_while_the_face_moves():
    back = (VERTICES[:, 2] < -0.1) & (VERTICES[:, 1] > 0.0)
    assert back.sum() > 50
    assert np.abs(HEAD.shapes[:, back]).max() == 0.0


def test_the_jaw_carries_lower_teeth_and_tongue_but_not_upper_teeth():
    move = HEAD.shapes[ARKIT_INDEX["jawOpen"]]
    assert not move[HEAD.role == Role.TEETH_UPPER].any()
    lower = move[HEAD.role == Role.TEETH_LOWER].mean(axis=0)
    assert lower[1] < -0.01
    assert move[HEAD.role == Role.TONGUE].mean(axis=0)[1] < -0.01
    assert not HEAD.shapes[ARKIT_INDEX["mouthFunnel"], HEAD.role == Role.TEETH_LOWER].any()


def test_every_shape_moves_something_and_sides_mirror_each_other():
    for name in ARKIT_NAMES:
        assert np.linalg.norm(HEAD.shapes[ARKIT_INDEX[name]], axis=1).max() > 0.002, name
    for name in ARKIT_NAMES:
        if name.endswith("Left"):
            left, right = (HEAD.shapes[ARKIT_INDEX[n]] for n in (name, name[:-4] + "Right"))
            np.testing.assert_allclose(np.abs(left).sum(), np.abs(right).sum(), rtol=0.02)


def test_the_shared_arrays_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        HEAD.vertices[0] = 0.0


def test_a_damaged_file_says_what_to_do(tmp_path):
    broken = tmp_path / "canonical_head.npz"
    broken.write_bytes(b"not a head")
    with pytest.raises(MMTalkerError) as caught:
        load_canonical(broken)
    assert caught.value.code == ErrorCode.FILE_FORMAT
    assert "Reinstall" in caught.value.message
