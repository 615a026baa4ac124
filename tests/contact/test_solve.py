"""Curves of the detail modes: lips that should meet do, crossing ones are parted, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtalker.contact.canonical_lips import lip_distances
from mmtalker.contact.gaps import clearances
from mmtalker.contact.lips import canonical_lips, meeting_axes, read_lips
from mmtalker.contact.modes import WAVES, detail_modes
from mmtalker.contact.slices import STEPS, lip_slices
from mmtalker.contact.solve import ContactHead, solve_contact
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import Mouth
from mmtalker.mesh.canonical import load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

RATE = 50.0
FRAMES = 150
MIDDLE = np.abs(lip_slices().across) < 0.5


def words() -> np.ndarray:
    """(150, 52) a second of rest, a second of jaw and lips with a closure in its middle, a second of rest."""
    curves = np.zeros((FRAMES, len(ARKIT_NAMES)), dtype=np.float32)
    time = np.arange(FRAMES) / RATE
    speaking = np.clip(np.minimum(time - 1.0, 2.0 - time) / 0.1, 0.0, 1.0)
    jaw = 0.25 * speaking * np.abs(np.sin((time - 1.5) * np.pi * 2.0))
    curves[:, ARKIT_INDEX["jawOpen"]] = jaw
    curves[:, ARKIT_INDEX["mouthSmileLeft"]] = curves[:, ARKIT_INDEX["mouthSmileRight"]] = 0.3 * speaking
    return curves


def lips(rest_gap: float = 0.0) -> np.ndarray:
    """Slices of the canonical head, its upper lip higher at rest by ``rest_gap`` metres."""
    uv = lip_slices().uv
    modes = detail_modes(uv.reshape(-1, 2)).reshape(2 * WAVES, *uv.shape[:-1], 3)
    made = np.concatenate([canonical_lips(), modes])
    made[0, :, 0, :, 1] += rest_gap
    return made


def gaps(curves: np.ndarray, of: np.ndarray, contact: np.ndarray) -> np.ndarray:
    flat = of @ meeting_axes(of[0])
    posed = np.tensordot(np.concatenate([curves, contact], axis=1), flat[1:], 1) + flat[0]
    return clearances(posed.transpose(2, 4, 3, 0, 1))


def solve(curves: np.ndarray, of: np.ndarray) -> np.ndarray:
    return solve_contact(curves, ContactHead.of(of, 52), ARKIT_NAMES, RATE)


@pytest.mark.parametrize("rest_gap", [0.0, 0.001, 0.002])
def test_lips_meet_where_the_canonical_ones_do(rest_gap: float) -> None:
    curves, own = words(), lips(rest_gap)

    contact = solve(curves, own)

    closure = gaps(curves, own, contact)[75, MIDDLE]
    assert contact.shape == (FRAMES, 2 * WAVES)
    assert contact.min() >= 0.0 and contact.max() <= 1.0
    assert 0.0 < closure.min() < 0.0003
    assert closure.max() < 0.0006  # seven modes leave a little where two round lips that may not cross part


def test_crossing_lips_are_parted_while_they_speak() -> None:
    curves, own = words(), lips(-0.0015)
    assert gaps(curves, own, np.zeros((FRAMES, 2 * WAVES)))[75].min() < -0.001

    after = gaps(curves, own, solve(curves, own))

    assert after[60:90][:, MIDDLE].min() > -0.0002


def test_no_slice_crosses_where_the_others_have_to_close() -> None:
    curves, own = words(), lips(0.002)
    left = lip_slices().across > 0.6
    own[0, left, 1, :, 1] += 0.0035  # on one side the lower lip comes up through the upper one

    after = gaps(curves, own, solve(curves, own))[60:90]

    between = np.abs(lip_slices().across) < 0.9
    assert gaps(curves, own, np.zeros((FRAMES, 2 * WAVES)))[60:90, left].min() < -0.0012
    assert after[:, between].min() > 0.0
    assert after[15, MIDDLE].min() < 0.0003


def test_slices_that_jump_over_the_head_move_nothing() -> None:
    curves, own = words(), lips(-0.0015)
    own[0, :, 1, ::3, 1] -= 0.05
    assert not solve(curves, own).any()


def test_lips_that_part_fast_are_let_go_without_a_jerk() -> None:
    curves, own = words(), lips(0.003)
    own[0, :, 0, :, 2] += 0.004  # the upper lip lies further forward, and soon over nothing
    curves[76:100, ARKIT_INDEX["jawOpen"]] += 0.15
    assert np.abs(np.diff(solve(curves, own), 2, axis=0)).max() < 0.6


@pytest.mark.parametrize("rest_gap", [-0.001, 0.002])
def test_lips_at_rest_stay_as_they_were_modelled(rest_gap: float) -> None:
    contact = solve(words(), lips(rest_gap))
    assert not contact[:20].any() and not contact[-20:].any()
    assert not solve(np.zeros((FRAMES, 52), dtype=np.float32), lips(rest_gap)).any()


def test_wide_open_lips_are_left_alone() -> None:
    curves = words()
    curves[50:100, ARKIT_INDEX["jawOpen"]] += 0.5
    assert np.abs(solve(curves, lips(0.001))[60:90]).max() < 1e-3


def test_lips_jerk_no_more_than_before_and_the_same_each_time() -> None:
    own = lips(0.001)
    contact = solve(words(), own)
    before, after = (np.diff(gaps(words(), own, keep * contact), 2, axis=0) for keep in (0.0, 1.0))
    assert np.abs(after).max() < 1.25 * np.abs(before).max()
    np.testing.assert_array_equal(contact, solve(words(), lips(0.001)))


def test_channels_are_found_by_name() -> None:
    curves, own = words(), lips(0.001)
    order = np.random.default_rng(0).permutation(52)
    shuffled = own.copy()
    shuffled[1:53] = own[1 + order]

    names = tuple(ARKIT_NAMES[k] for k in order)
    contact = solve_contact(curves[:, order], ContactHead.of(shuffled, 52), names, RATE)

    np.testing.assert_allclose(contact, solve(curves, own), atol=1e-4)


def test_slices_of_a_head_are_read_where_its_lips_are() -> None:
    head = load_canonical()
    mapping = map_head(head.mesh)
    vertices = mapping.to_canonical.apply(head.vertices)

    read = read_lips(head.mesh, mapping, vertices, head.shapes[:3])

    np.testing.assert_allclose(read, canonical_lips()[:4], atol=1e-4)


def test_both_lips_of_another_head_are_cut_by_the_same_planes() -> None:
    head = load_canonical()
    mapping = map_head(head.mesh)
    vertices = mapping.to_canonical.apply(head.vertices)
    skin = vertices[: head.chart_count]
    upper, lower = lip_distances()
    skin[:, 0] += np.where(upper < lower, 0.0005, -0.0005) * (np.minimum(upper, lower) < 0.02)

    read = read_lips(head.mesh, mapping, vertices, head.shapes[:1])[0]

    inner = np.abs(lip_slices().across) < 0.85
    edges = read[inner, :, STEPS, 0]
    assert np.abs(edges[:, 0] - edges[:, 1]).max() < 0.0001  # unmoved places lie 1 mm apart
    assert np.ptp(read[inner][..., 0], axis=(1, 2)).max() < 0.0003


def test_a_fused_mouth_has_no_slices() -> None:
    head = load_canonical()
    fused = replace(map_head(head.mesh), mouth=Mouth.FUSED)
    assert len(read_lips(head.mesh, fused, head.vertices.astype(np.float64), head.shapes[:1])) == 0


def test_windows_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = np.concatenate([words()] * 4)
    own = lips(0.001)
    whole = solve(curves, own)

    monkeypatch.setattr("mmtalker.contact.solve.WINDOW", 70)

    np.testing.assert_allclose(solve(curves, own), whole, atol=1e-4)
