"""FACEGOOD in the corpus: what its rig's controls become, and takes cut at pauses without a loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.sources.facegood import LONGEST, SHORTEST, cuts, pieces
from lab.sources.facegood_rig import CONTROL_MAP, KNOWN, load_facegood, to_arkit
from mmtalker.mesh.canonical import load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from mmtalker.speech.audio import SAMPLE_RATE, load_audio

NAMES = [control for control, _, _ in CONTROL_MAP]


def pose(**controls: float) -> np.ndarray:
    rows = np.zeros((1, len(NAMES)), dtype=np.float32)
    for name, value in controls.items():
        for column, control in enumerate(NAMES):
            if control.startswith(name):
                rows[0, column] = value
    return to_arkit(NAMES, rows)[0]


def lip_gap_mm(curves: np.ndarray) -> np.ndarray:
    head = load_canonical()
    upper, lower = head.lip_pairs[len(head.lip_pairs) // 2]
    return 1000.0 * curves @ (head.shapes[:, upper, 1] - head.shapes[:, lower, 1])


def test_every_control_goes_to_channels_that_are_known() -> None:
    channels = [channel for _, targets, _ in CONTROL_MAP for channel, _ in targets]

    assert all(KNOWN[ARKIT_INDEX[channel]] for channel in channels)
    assert len(set(NAMES)) == len(NAMES)


def test_an_open_jaw_opens_the_lips() -> None:
    assert 6.0 < lip_gap_mm(pose(mouth_stretch_c=0.3)) < 12.0


def test_lips_that_are_rolled_or_pressed_touch_even_over_an_open_jaw() -> None:
    assert lip_gap_mm(pose(mouth_stretch_c=0.15, mouth_suck=0.25)) < 0.1
    assert lip_gap_mm(pose(mouth_stretch_c=0.15, mouth_press=0.3)) < 0.1


def test_a_lower_lip_rolled_alone_leaves_the_mouth_open_for_f() -> None:
    assert lip_gap_mm(pose(mouth_stretch_c=0.18, mouth_suck_d=0.3)) > 2.0


def test_a_pucker_of_both_sides_is_one_pucker() -> None:
    assert pose(mouth_pucker=0.4)[ARKIT_INDEX["mouthPucker"]] == pytest.approx(0.4)


def test_the_map_holds_the_controls_that_move_and_openings_are_human(data_folder: Path) -> None:
    with np.load(data_folder / "facegood" / "curves.npz", allow_pickle=False) as archive:
        names = [str(name) for name in archive["names"]]
        moving = archive["curves_2_02"].max(axis=0) > 1e-3
    takes = load_facegood(data_folder / "facegood")
    curves = np.concatenate([take.curves for take in takes if take.curves is not None])

    assert {name for name, moves in zip(names, moving, strict=True) if moves} <= set(NAMES)
    assert len(takes) == 11
    assert 9.0 < np.percentile(lip_gap_mm(curves), 95) < 12.0
    assert not curves[:, [ARKIT_INDEX[n] for n in ARKIT_NAMES if n.startswith(("eye", "brow"))]].any()


def test_a_take_is_cut_into_pieces_that_follow_each_other(data_folder: Path) -> None:
    take = next(t for t in load_facegood(data_folder / "facegood") if t.name == "2_05")
    samples = load_audio(take.audio).samples

    found = list(pieces(take, samples))

    joined = np.concatenate([piece for _, piece, _ in found])
    lost = len(samples) - len(joined)
    start = (np.ceil(take.lag * 30) / 30 - take.lag) * SAMPLE_RATE
    np.testing.assert_array_equal(joined, samples[round(start) : round(start) + len(joined)])
    assert lost < 0.2 * SAMPLE_RATE
    for clip, piece, motion in found:
        assert clip.test_set == "facegood-take"
        assert SHORTEST <= len(piece) / SAMPLE_RATE <= LONGEST
        assert motion is not None and len(motion.curves) / 30 == pytest.approx(
            len(piece) / SAMPLE_RATE, abs=1e-4
        )


def test_cuts_lie_in_pauses() -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 40 * SAMPLE_RATE).astype(np.float32)
    for second in (10.0, 21.0):
        samples[int(second * SAMPLE_RATE) : int((second + 0.4) * SAMPLE_RATE)] = 0.0

    first, second = cuts(samples, 0, 40 * 30)[:2]

    assert first / 30 == pytest.approx(10.2, abs=0.2)
    assert second / 30 == pytest.approx(21.2, abs=0.2)
