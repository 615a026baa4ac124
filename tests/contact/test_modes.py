"""Detail modes: which skin they move, and where to."""

from __future__ import annotations

import numpy as np

from mmtalker.contact.canonical_lips import half_width
from mmtalker.contact.modes import DETAIL_NAMES, MIRRORED_DETAILS, SPREAD, TRAVEL, WAVES, detail_modes, waves
from mmtalker.mesh.canonical import load_canonical

HEAD = load_canonical()
SKIN = HEAD.vertices[: HEAD.chart_count]
MODES = detail_modes(HEAD.uv)


def test_names_are_numbered_and_every_one_has_a_twin() -> None:
    assert DETAIL_NAMES[0] == "mmt_detail_01" and len(set(DETAIL_NAMES)) == len(MODES) == 2 * WAVES
    assert sorted(MIRRORED_DETAILS) == sorted(DETAIL_NAMES)
    assert MIRRORED_DETAILS[WAVES // 2] == DETAIL_NAMES[WAVES // 2]


def test_closing_modes_bring_the_lips_together_and_the_others_take_them_apart() -> None:
    upper, lower = HEAD.lip_pairs[len(HEAD.lip_pairs) // 2]
    together = MODES[:WAVES, lower, 1].sum() - MODES[:WAVES, upper, 1].sum()

    np.testing.assert_allclose(together, TRAVEL, rtol=0.02)
    np.testing.assert_array_equal(MODES[WAVES:], -MODES[:WAVES])
    assert not MODES[..., [0, 2]].any()


def test_modes_leave_everything_but_the_lips_alone() -> None:
    moved = np.abs(MODES).max(axis=(0, 2)) > 1e-5
    line = SKIN[HEAD.lip_pairs].reshape(-1, 3)
    away = np.linalg.norm(SKIN[moved][:, None] - line[None], axis=2).min(axis=1)

    assert moved[HEAD.lip_pairs[3:-3]].all()
    assert away.max() < 0.0155
    assert np.abs(SKIN[moved, 0]).max() <= half_width() + 1e-6


def test_neighbouring_skin_moves_alike() -> None:
    edges = np.concatenate([HEAD.chart_triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    length = np.linalg.norm(SKIN[edges[:, 0]] - SKIN[edges[:, 1]], axis=1)
    jump = np.linalg.norm(MODES[:WAVES, edges[:, 0]] - MODES[:WAVES, edges[:, 1]], axis=2).max(axis=0)
    assert (jump / length).max() < 4.0  # a tear would move one end by 5 mm and the other, 0.5 mm away, by -5


def test_waves_add_up_to_one_between_their_ends() -> None:
    across = np.linspace(-SPREAD, SPREAD, 50)
    np.testing.assert_allclose(waves(across).sum(axis=0), 1.0, atol=1e-9)


def test_modes_of_the_two_sides_are_mirror_images() -> None:
    mirrored = np.linalg.norm(SKIN[:, None] * [-1.0, 1.0, 1.0] - SKIN[None], axis=2)[HEAD.lip_pairs.ravel()]
    partner = mirrored.argmin(axis=1)
    twins = [DETAIL_NAMES.index(name) for name in MIRRORED_DETAILS]
    here = MODES[:, HEAD.lip_pairs.ravel(), 1]
    there = MODES[twins][:, partner, 1]
    ends = np.abs(SKIN[HEAD.lip_pairs.ravel(), 0]) < 0.8 * half_width()
    assert np.abs(np.abs(here) - np.abs(there))[:, ends].max() < 0.05 * TRAVEL
