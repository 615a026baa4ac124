from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.parts import EYE_LOOK_DEGREES, fill_parts
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.rigid import sphere_centre
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

HEAD = load_canonical()
VERTICES = HEAD.vertices.astype(np.float64)


@pytest.fixture(scope="module")
def filled() -> np.ndarray:
    """The demo head with everything but its skin forgotten and filled in again."""
    shapes = HEAD.shapes.copy()
    shapes[:, HEAD.chart_count :] = 123.0
    return fill_parts(map_head(HEAD.mesh), VERTICES, shapes, ARKIT_NAMES)


def test_the_skin_is_left_as_it_was(filled):
    np.testing.assert_array_equal(filled[:, : HEAD.chart_count], HEAD.shapes[:, : HEAD.chart_count])


def test_every_part_moves_nearly_as_the_head_was_made(filled):
    error = np.linalg.norm(filled - HEAD.shapes, axis=2)
    assert error[:, HEAD.role == Role.TEETH_UPPER].max() == 0.0
    assert error[:, np.isin(HEAD.role, (Role.EYE_LEFT, Role.EYE_RIGHT))].max() < 1e-4
    assert error[:, HEAD.role == Role.TEETH_LOWER].max() < 0.002
    tongue = error[:, HEAD.role == Role.TONGUE]
    assert tongue[ARKIT_INDEX["tongueOut"]].max() < 0.001
    assert tongue[ARKIT_INDEX["jawOpen"]].max() < 0.006


def test_lower_teeth_stay_whole(filled):
    teeth = HEAD.role == Role.TEETH_LOWER
    rest = VERTICES[teeth]
    opened = rest + filled[ARKIT_INDEX["jawOpen"], teeth]
    pairs = np.random.default_rng(0).integers(0, len(rest), (200, 2))
    before = np.linalg.norm(rest[pairs[:, 0]] - rest[pairs[:, 1]], axis=1)
    after = np.linalg.norm(opened[pairs[:, 0]] - opened[pairs[:, 1]], axis=1)
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_soft_tissue_shapes_do_not_move_the_bone(filled):
    for name in ("mouthClose", "mouthFunnel", "mouthRollLower", "mouthSmileLeft", "cheekPuff"):
        assert not filled[ARKIT_INDEX[name], HEAD.role == Role.TEETH_LOWER].any()


@pytest.mark.parametrize("side", ["Left", "Right"])
@pytest.mark.parametrize(
    ("look", "axis", "sign"), [("In", 0, -1), ("Out", 0, 1), ("Up", 1, 1), ("Down", 1, -1)]
)
def test_the_gaze_turns_the_way_that_the_name_says(filled, side, look, axis, sign):
    eye = HEAD.role == (Role.EYE_LEFT if side == "Left" else Role.EYE_RIGHT)
    outward = 1.0 if side == "Left" else -1.0
    points = VERTICES[eye]
    move = filled[ARKIT_INDEX[f"eyeLook{look}{side}"], eye]
    pupil = int(np.argmax(points[:, 2]))
    direction = sign * (outward if axis == 0 else 1.0)
    assert move[pupil, axis] * direction > 0.003
    turned = points[pupil] + move[pupil] - sphere_centre(points)
    angle = np.degrees(np.arccos(turned[2] / np.linalg.norm(turned)))
    assert angle == pytest.approx(EYE_LOOK_DEGREES[f"eyeLook{look}"], abs=0.5)


def test_the_other_eye_stays(filled):
    assert not filled[ARKIT_INDEX["eyeLookInLeft"], HEAD.role == Role.EYE_RIGHT].any()


def test_unknown_modes_leave_the_parts_alone():
    shapes = HEAD.shapes[:1].copy()
    filled = fill_parts(map_head(HEAD.mesh), VERTICES, shapes, ["mmt_detail_01"])
    assert not filled[:, HEAD.chart_count :].any()


def test_ict_lashes_follow_their_lid_and_its_tongue_comes_out(data_folder):
    from lab.heads.ict import load_ict
    from lab.heads.training_heads import ict_head

    mapping = map_head(load_ict(data_folder).mesh())
    head = ict_head(data_folder)
    filled = fill_parts(mapping, head.vertices, head.shapes, ARKIT_NAMES)
    lashes = np.flatnonzero((mapping.leader >= 0) & (head.vertices[:, 0] > 0.0))
    blink = filled[ARKIT_INDEX["eyeBlinkLeft"]]
    assert blink[lashes, 1].min() < -0.004
    np.testing.assert_array_equal(blink[lashes], blink[mapping.leader[lashes]])
    tongue = head.role == Role.TONGUE
    assert filled[ARKIT_INDEX["tongueOut"], tongue, 2].max() > 0.01
    own = head.shapes[ARKIT_INDEX["jawOpen"], head.role == Role.TEETH_LOWER]
    ours = filled[ARKIT_INDEX["jawOpen"], head.role == Role.TEETH_LOWER]
    assert np.linalg.norm(own - ours, axis=1).mean() < 0.35 * np.linalg.norm(own, axis=1).mean()
    assert not np.isin(mapping.role[lashes], CHART_ROLES).any()
