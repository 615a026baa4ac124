from __future__ import annotations

import sys

import numpy as np
import pytest

from lab.heads.training_heads import TrainingHead, anny_head, ict_head
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.roles import CHART_ROLES
from mmtalker.motion.arkit import ARKIT_INDEX

HEAD = load_canonical()


def check(head: TrainingHead) -> None:
    """What holds for every head: canonical size and place, and shapes that open the mouth downwards."""
    count = len(head.vertices)
    assert head.shapes.shape == (52, count, 3)
    assert head.uv.shape == (count, 2)
    assert head.role.shape == (count,)
    assert head.triangles.max() < count
    for name in ("nose_tip", "chin", "mouth_left", "eye_right_outer"):
        away = np.linalg.norm(head.vertices[head.landmarks[name]] - HEAD.vertices[HEAD.landmarks[name]])
        assert away < 0.03, name
    jaw = head.shapes[ARKIT_INDEX["jawOpen"]]
    assert jaw[head.landmarks["lip_lower_inner"], 1] < -0.02
    assert abs(jaw[head.landmarks["nose_root"]]).max() < 0.001
    in_chart = np.isin(head.role, CHART_ROLES)
    near = canonical_surface().interpolate(HEAD.vertices[: HEAD.chart_count], head.uv[in_chart])
    assert np.median(np.linalg.norm(head.vertices[in_chart] - near, axis=1)) < 0.01


def test_without_chance_the_anny_head_is_the_canonical_one():
    head = anny_head()
    check(head)
    np.testing.assert_allclose(head.vertices, HEAD.vertices, atol=1e-5)


@pytest.mark.slow
def test_random_anny_people_differ_and_close_their_eyes():
    pytest.importorskip("anny")
    rng = np.random.default_rng(0)
    one, other = anny_head(rng), anny_head(rng)
    for head in (one, other):
        check(head)
        blink = head.vertices + head.shapes[ARKIT_INDEX["eyeBlinkLeft"]]
        left = HEAD.lid_pairs[HEAD.vertices[HEAD.lid_pairs[:, 0], 0] > 0.0]
        gap = blink[left[:, 0], 1] - blink[left[:, 1], 1]
        assert np.abs(gap).max() < 0.002
    assert np.abs(one.vertices - other.vertices).max() > 0.003


def test_without_the_package_a_random_anny_head_says_what_to_install(monkeypatch):
    from lab.heads import training_heads as heads

    heads.anny_source.cache_clear()
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(MMTalkerError) as caught:
        anny_head(np.random.default_rng(0))
    assert caught.value.code == ErrorCode.BAD_REQUEST
    assert "pip install anny" in caught.value.message


def test_ict_people(data_folder):
    neutral, person = ict_head(data_folder), ict_head(data_folder, np.random.default_rng(0))
    for head in (neutral, person):
        check(head)
    assert np.abs(neutral.vertices - person.vertices).max() > 0.003
    assert not neutral.known_shapes[ARKIT_INDEX["tongueOut"]]
    assert neutral.known_shapes.sum() == 51


def test_ict_left_is_the_subjects_left(data_folder):
    head = ict_head(data_folder)
    blink = np.linalg.norm(head.shapes[ARKIT_INDEX["eyeBlinkLeft"]], axis=1)
    assert (head.vertices[blink > 0.003, 0] > 0.0).all()
    assert head.shapes[ARKIT_INDEX["mouthLeft"]][head.landmarks["lip_upper_inner"], 0] > 0.003


def test_ict_without_its_data_says_where_to_look(tmp_path):
    with pytest.raises(MMTalkerError) as caught:
        ict_head(tmp_path)
    assert caught.value.code == ErrorCode.FILE_FORMAT
    assert "MMTALKER_DATA" in caught.value.message
