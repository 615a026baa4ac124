"""Fitting a head's shapes to tracked landmarks: known motion, filmed by a moving camera, is found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.data.grid import GridClip, GridMotion
from mmtalker.data.ict import MULTI_PIE, IctModel, load_ict
from mmtalker.data.motion_fit import GAP_PAIRS, LANDMARK_PAIRS, STABLE_POINTS, fit_activations, stabilise
from mmtalker.motion.arkit import ARKIT_INDEX

PIXELS_PER_CM = 7.0
FRAMES = 200
STABLE_PIE = {33: 36, 133: 39, 362: 42, 263: 45, 168: 27, 6: 28, 197: 29, 195: 30}


@pytest.fixture(scope="module")
def model(data_folder: Path) -> IctModel:
    return load_ict(data_folder)


def film(model: IctModel, activations: np.ndarray, shake: bool) -> GridMotion:
    """Project a talking head to pixels, as the tracker would see it."""
    points = {point: pie for point, pie, _ in LANDMARK_PAIRS} | STABLE_PIE
    rows = MULTI_PIE[list(points.values())]
    space = model.neutral[rows] * 100 + np.einsum("nk,kpc->npc", activations, model.shapes[:, rows] * 100)
    rng = np.random.default_rng(3)
    pixels = np.empty((FRAMES, len(points), 3), dtype=np.float32)
    for frame in range(FRAMES):
        angle = rng.normal(0, 0.05) if shake else 0.0
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        moved = space[frame] @ turn.T * PIXELS_PER_CM * (1 + (rng.normal(0, 0.03) if shake else 0))
        pixels[frame] = moved * [1, -1, -1] + [180 + (rng.normal(0, 5) if shake else 0), 144, 0]
    clip = GridClip("test", Path("none.ogg"), slice(0, FRAMES), ((0.0, 2.0, "sil"), (2.0, 8.0, "word")))
    return GridMotion(pixels, np.array(list(points)), np.zeros((FRAMES, 2), dtype=np.float32), (clip,))


def talking() -> np.ndarray:
    activations = np.zeros((FRAMES, 52), dtype=np.float32)
    time = np.arange(FRAMES - 50) / 25
    activations[50:, ARKIT_INDEX["jawOpen"]] = 0.25 - 0.25 * np.cos(2 * np.pi * 2 * time)
    activations[50:, ARKIT_INDEX["mouthPucker"]] = 0.3 - 0.3 * np.cos(2 * np.pi * 0.7 * time)
    return activations


def test_the_motion_is_found_again_although_the_head_moves(model: IctModel) -> None:
    truth = talking()

    fitted, report = fit_activations(film(model, truth, shake=True), model.neutral, model.shapes, MULTI_PIE)

    for name in ("jawOpen", "mouthPucker"):
        column = ARKIT_INDEX[name]
        assert np.corrcoef(truth[50:, column], fitted[50:, column])[0, 1] > 0.97, name
    assert report.gap_correlation > 0.99
    assert fitted.min() >= 0.0 and fitted.max() <= 1.0


def test_a_lost_face_stays_unknown(model: IctModel) -> None:
    grid = film(model, talking(), shake=False)
    grid.landmarks[60] = np.nan

    fitted, _ = fit_activations(grid, model.neutral, model.shapes, MULTI_PIE)

    assert np.isnan(fitted[60, ARKIT_INDEX["jawOpen"]])
    assert np.isfinite(fitted[61]).all()


def test_stabilising_leaves_the_skull_where_it_is(model: IctModel) -> None:
    grid = film(model, talking(), shake=True)
    columns = [grid.column(point) for point in STABLE_POINTS if point in grid.landmark_index]

    still = stabilise(grid.landmarks, columns)[:, columns]

    assert still.std(axis=0).max() < 0.1  # pixels; before it they moved by more than five


def test_every_gap_is_between_fitted_landmarks() -> None:
    known = {point for point, _, _ in LANDMARK_PAIRS}

    assert all(upper in known and lower in known for upper, lower in GAP_PAIRS)
