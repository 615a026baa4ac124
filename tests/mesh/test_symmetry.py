"""Heads that are their own mirror image: who is one, and what their shapes become."""

from __future__ import annotations

import numpy as np

from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.symmetry import make_symmetric, mirror_partners, mirrored_names
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

HEAD = load_canonical()
REST = HEAD.vertices.astype(np.float64)
ACROSS = np.array([-1.0, 1.0, 1.0])


def noisy_shapes(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0.0, 0.001, (len(ARKIT_NAMES), count, 3)).astype(np.float32)


def test_every_vertex_of_a_symmetric_head_has_a_partner_in_any_order() -> None:
    order = np.random.default_rng(1).permutation(len(REST))
    found = mirror_partners(REST[order], np.argsort(order)[HEAD.triangles])

    assert found is not None
    partners, plane = found
    assert (partners[partners] == np.arange(len(REST))).all()
    np.testing.assert_allclose(REST[order][partners], REST[order] * ACROSS, atol=2e-5)
    np.testing.assert_allclose(plane, [1.0, 0.0, 0.0, 0.0], atol=1e-6)


def test_a_head_that_stands_a_little_askew_is_seen_to_be_symmetric() -> None:
    angle = np.radians(1.5)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    found = mirror_partners(REST @ turn.T + [0.001, 0.0, 0.0], HEAD.triangles)

    assert found is not None
    np.testing.assert_allclose(np.abs(found[1][:3]), np.abs(turn[:, 0]), atol=1e-4)


def test_shapes_become_each_others_mirror_images() -> None:
    found = mirror_partners(REST, HEAD.triangles)
    assert found is not None
    even = make_symmetric(noisy_shapes(len(REST)), mirrored_names(ARKIT_NAMES), *found)

    left, right = even[ARKIT_INDEX["mouthSmileLeft"]], even[ARKIT_INDEX["mouthSmileRight"]]
    np.testing.assert_allclose(left[found[0]] * ACROSS, right, atol=1e-8)
    jaw = even[ARKIT_INDEX["jawOpen"]]
    np.testing.assert_allclose(jaw[found[0]] * ACROSS, jaw, atol=1e-8)
    again = make_symmetric(even, mirrored_names(ARKIT_NAMES), *found)
    np.testing.assert_allclose(again, even, atol=1e-8)


def test_a_lopsided_head_is_left_alone() -> None:
    bent = REST.copy()
    bent[REST[:, 0] > 0.0, 1] *= 1.05
    assert mirror_partners(bent, HEAD.triangles) is None


def test_what_has_no_partner_keeps_its_shapes() -> None:
    extra = np.concatenate([REST, [[0.03, 0.0, 0.1], [0.04, 0.0, 0.1], [0.03, 0.01, 0.1]]])
    triangles = np.concatenate([HEAD.triangles, [[len(REST), len(REST) + 1, len(REST) + 2]]])
    found = mirror_partners(extra, triangles)
    assert found is not None
    shapes = noisy_shapes(len(extra))

    even = make_symmetric(shapes, mirrored_names(ARKIT_NAMES), *found)

    assert (found[0][-3:] == -1).all()
    np.testing.assert_array_equal(even[:, -3:], shapes[:, -3:])


def test_twins_go_by_the_side_in_a_name_or_by_what_is_told() -> None:
    names = ("jawOpen", "jawLeft", "jawRight", "a", "b", "eyeBlinkLeft")
    assert mirrored_names(names, {"a": "b", "b": "a"}) == [0, 2, 1, 4, 3, 5]
