"""Fitting ARKit's shapes to tracked landmarks: known motion, filmed from a turned head, is found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.fitting.driven_heads import EYE_DISTANCE_CM, canonical_landmarks, ict_landmarks
from lab.fitting.face_mesh import LOWER_LIDS, STABLE_POINTS, UPPER_LIDS
from lab.fitting.fit_report import compare
from lab.fitting.frontal import PAIRS
from lab.fitting.motion_fit import FittedMotion, fit_motion
from lab.heads.ict import FACE_COUNT, MULTI_PIE, IctModel, load_ict
from lab.sources.grid_files import GridClip, GridMotion
from mmtalker.motion.arkit import ARKIT_INDEX

PIXELS_PER_CM = 8.0
ASPECT = 12 / 11
FRAMES = 200
SILENT = 50
MOVING = ("jawOpen", "mouthPucker", "browInnerUp", "eyeBlinkLeft", "eyeBlinkRight")
SKULL_CM = [(6.5, 5.0, 3.0), (-6.5, 5.0, 3.0), (0.0, 9.0, 9.0), (3.0, 8.5, 8.0), (-3.0, 8.5, 8.0)]


@pytest.fixture(scope="module")
def model(data_folder: Path) -> IctModel:
    return load_ict(data_folder)


def places(model: IctModel) -> dict[int, int]:
    """Vertex by tracked point."""
    found = {point: MULTI_PIE[pair.landmark] for pair in PAIRS for point in pair.points}
    moving = model.shapes[[ARKIT_INDEX[name] for name in MOVING], :FACE_COUNT]
    still = np.flatnonzero(np.abs(moving).max(axis=(0, 2)) < 1e-4)
    for point, place in zip([p for p in STABLE_POINTS if p not in found], SKULL_CM, strict=False):
        away = np.linalg.norm(model.neutral[still] * 100 - place, axis=1)
        found[point] = still[np.argmin(away)]
    for margin in (*UPPER_LIDS, *LOWER_LIDS):
        found[margin[1]] = found[margin[0]]
    return found


def film(model: IctModel, activations: np.ndarray, turned: float = 0.1) -> GridMotion:
    """Project a talking person, who looks past the camera and nods, to pixels that are not square."""
    rng = np.random.default_rng(3)
    identity = rng.normal(0.0, 0.5, len(model.identities))
    points = places(model)
    rows = np.array(list(points.values()))
    person = model.neutral[rows] + np.tensordot(identity, model.identities[:, rows], axes=1)
    space = 100 * (person + np.einsum("nk,kpc->npc", activations, model.shapes[:, rows]))
    pixels = np.empty((FRAMES, len(points), 3), dtype=np.float32)
    for frame in range(FRAMES):
        yaw, pitch = turned + rng.normal(0, 0.01), 0.05 * np.sin(frame / 10)
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        seen = space[frame] @ (nod @ turn).T * PIXELS_PER_CM * (1 + 0.02 * np.sin(frame / 15))
        pixels[frame] = seen * [1 / ASPECT, -1, -1] + [180 + 5 * np.sin(frame / 20), 144, 0]
    clip = GridClip("test", Path("none.ogg"), slice(0, FRAMES), ((0.0, 2.0, "sil"), (2.0, 8.0, "word")))
    return GridMotion(pixels, np.array(list(points)), (clip,))


def talking() -> np.ndarray:
    activations = np.zeros((FRAMES, 52), dtype=np.float32)
    time = np.arange(FRAMES - SILENT) / 25
    activations[SILENT:, ARKIT_INDEX["jawOpen"]] = 0.2 - 0.2 * np.cos(2 * np.pi * 2 * time)
    activations[SILENT:, ARKIT_INDEX["mouthPucker"]] = 0.3 - 0.3 * np.cos(2 * np.pi * 0.7 * time)
    activations[:, ARKIT_INDEX["browInnerUp"]] = np.clip(np.sin(np.arange(FRAMES) / 8), 0, 1) * 0.3
    for blink in ("eyeBlinkLeft", "eyeBlinkRight"):
        activations[100:106, ARKIT_INDEX[blink]] = [0.3, 0.9, 1.0, 0.9, 0.5, 0.2]
    return activations


@pytest.fixture(scope="module")
def fitted(model: IctModel) -> FittedMotion:
    grid = film(model, talking())
    grid.landmarks[60] = np.nan
    return fit_motion(grid, model, ASPECT)


def test_motion_is_found_again_although_the_head_is_turned_and_nods(fitted: FittedMotion) -> None:
    truth, known = talking(), fitted.tracked.valid

    for name, least in (
        ("jawOpen", 0.98),
        ("mouthPucker", 0.95),
        ("browInnerUp", 0.98),
        ("eyeBlinkLeft", 0.98),
    ):
        column = ARKIT_INDEX[name]
        found = fitted.activations[known, column]
        assert np.corrcoef(truth[known, column], found)[0, 1] > least, name
    assert np.nanmin(fitted.activations) >= 0.0 and np.nanmax(fitted.activations) <= 1.0


def test_both_heads_repeat_the_gap_and_the_width(fitted: FittedMotion) -> None:
    for rows in compare(fitted).values():
        for measure in ("lip gap", "mouth width"):
            assert rows[measure].correlation > 0.99
            assert rows[measure].slope == pytest.approx(1.0, abs=0.15)


def test_a_lost_face_stays_unknown(fitted: FittedMotion) -> None:
    assert np.isnan(fitted.activations[60]).all()
    assert np.isfinite(np.delete(fitted.activations, 60, axis=0)).all()


def test_the_person_is_recognised_to_a_millimetre_or_two(fitted: FittedMotion) -> None:
    assert fitted.person.error < 0.2


def test_a_turn_of_the_head_moves_nothing_on_the_face(model: IctModel) -> None:
    still = film(model, np.zeros((FRAMES, 52), dtype=np.float32))

    moved = fit_motion(still, model, ASPECT).tracked.landmarks

    seen = moved[:, np.isfinite(moved[0, :, 0])]
    assert seen.std(axis=0).max() < 0.04  # cm; a nod alone moves the tip of the nose by 0.5


def test_heads_have_their_eyes_equally_far_apart(model: IctModel) -> None:
    for head in (ict_landmarks(model), canonical_landmarks()):
        assert np.linalg.norm(head.rest[45] - head.rest[36]) == pytest.approx(EYE_DISTANCE_CM)
        assert head.lids[ARKIT_INDEX["eyeBlinkLeft"]] == pytest.approx([0.0, -1.0], abs=0.08)
