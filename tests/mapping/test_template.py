"""The canonical skin as it is fitted to other heads."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mapping.lips import BOTH, LOWER, UPPER
from mmtalker.mapping.template import OPEN, Template, load_template
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import Role
from mmtalker.motion.arkit import ARKIT_INDEX

HEAD = load_canonical()


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template()


def test_it_is_prepared_once() -> None:
    assert load_template() is load_template()


def test_everything_in_it_is_about_the_same_vertices(template: Template) -> None:
    count = HEAD.chart_count
    assert template.rest.shape == template.opening.shape == (count, 3)
    assert template.uv.shape == (count, 2)
    for mask in (template.outside, template.rim, template.low):
        assert mask.shape == (count,) and mask.dtype == np.bool_
        assert 0 < mask.sum() < count
    assert template.triangles.shape[1] == 3
    assert set(np.unique(template.triangles)) == set(range(count))
    assert set(np.unique(template.lips)) == {UPPER, LOWER, BOTH}


def test_its_surface_is_the_canonical_one_and_faces_the_same_way(template: Template) -> None:
    def area_and_volume(triangles: np.ndarray) -> tuple[float, float]:
        a, b, c = template.rest[triangles].transpose(1, 0, 2)
        cross = np.cross(b - a, c - a)
        return float(np.linalg.norm(cross, axis=1).sum()), float(np.einsum("tk,tk->", a, cross))

    own, canonical = area_and_volume(template.triangles), area_and_volume(HEAD.chart_triangles)
    assert own == pytest.approx(canonical, rel=0.01)


def test_the_rim_is_all_of_the_outside_and_a_little_of_what_is_inside(template: Template) -> None:
    assert template.rim[template.outside].all()
    inside = ~template.outside
    assert 0.0 < template.rim[inside].mean() < 0.5


def test_inside_are_the_pockets_of_mouth_and_eyes(template: Template) -> None:
    role = HEAD.role[: HEAD.chart_count]
    assert not template.outside[role == Role.MOUTH_SOCKET].any()
    assert not template.outside[role == Role.EYE_SOCKET].any()
    for name in ("nose_tip", "chin", "ear_left", "forehead"):
        assert template.outside[HEAD.landmarks[name]], name


def test_it_opens_as_the_jaw_does(template: Template) -> None:
    jaw = HEAD.shapes[ARKIT_INDEX["jawOpen"], : HEAD.chart_count]
    np.testing.assert_allclose(template.opening, OPEN * jaw, atol=1e-9)
    assert template.opening[HEAD.landmarks["chin"], 1] < -0.003
    assert np.abs(template.opening[HEAD.landmarks["nose_tip"]]).max() < 0.001


def test_low_is_the_neck_and_not_the_face(template: Template) -> None:
    assert template.low[np.argmin(template.rest[:, 1])]
    assert not template.low[[at for at in HEAD.landmarks.values() if at < HEAD.chart_count]].any()
