"""The demo head's mouth at six moments and its map, compared with pictures that somebody has looked at.

After a change that is meant to be seen: ``MMTALKER_WRITE_SNAPSHOTS=1 python3 build.py test tests/snapshots``,
then look at what Git shows as changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the head speaks by the model")

from PIL import Image

from demo import head
from demo.clip import load_clip
from demo.portrait import draw
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.picture import draw_mapping
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.loading import DEFAULT_FOLDER
from mmtalker.pipeline import Talker
from mmtalker.speech.audio import load_audio
from mmtalker.speech.weights import ENCODER_FILE_NAME

FOLDER = Path(__file__).parent
SIZE = 400
MOMENTS = {"silence": 0.2, "p": 7.42, "open": 7.53, "round": 5.6, "middle": 3.0, "late": 8.2}
"""Seconds of the demo's sentence."""

MEAN, PATCH = 1.5, 12.0
"""Largest mean difference, and that of a patch of 8 by 8 pixels, of 255: a lip that is torn by two
millimetres changes a few patches by 20 and more."""


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Mean difference of two (H, W, 3) pictures, and the largest of any patch of 8 by 8 pixels."""
    apart = np.abs(one.astype(np.float64) - other.astype(np.float64)).mean(axis=2)
    height, width = (length // 8 * 8 for length in apart.shape)
    patches = apart[:height, :width].reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))
    return float(apart.mean()), float(patches.max())


def check(name: str, picture: np.ndarray) -> None:
    path = FOLDER / f"{name}.png"
    if os.environ.get("MMTALKER_WRITE_SNAPSHOTS"):
        Image.fromarray(picture).save(path, optimize=True)
    stored = np.asarray(Image.open(path).convert("RGB"))
    assert stored.shape == picture.shape
    mean, patch = difference(stored, picture)
    assert mean < MEAN and patch < PATCH, f"{name}: mean {mean:.2f}, patch {patch:.1f}"


@pytest.fixture(scope="module")
def poses() -> dict[str, np.ndarray]:
    """(V, 3) vertices at each moment."""
    if not (DEFAULT_FOLDER / ENCODER_FILE_NAME).is_file():
        pytest.skip("no speech encoder here")
    talker, mesh = Talker(device="cpu"), load_canonical().mesh
    spoken = talker.prepare_speech(load_audio(load_clip().path))
    animation = talker.animate(talker.prepare_head(mesh), spoken, fps=50.0, seed=0)
    frames = {name: round(moment * 50.0) for name, moment in MOMENTS.items()}
    return {
        name: mesh.vertices + np.tensordot(animation.curves[frame], animation.shapes, 1)
        for name, frame in frames.items()
    }


def mouth(points: np.ndarray) -> np.ndarray:
    """The mouth in large."""
    canonical = load_canonical()
    camera = head.camera_for(canonical)
    left, top, right, bottom = head.mouth_box(canonical, camera, SIZE)
    drawn = draw(points.astype(np.float32), head.surface_of(canonical), camera, SIZE)
    return drawn[top:bottom, left:right]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_mouth_looks_as_it_did(moment: str, poses: dict[str, np.ndarray]) -> None:
    check(f"mouth_{moment}", mouth(poses[moment]))


def test_a_torn_lip_would_be_seen(poses: dict[str, np.ndarray]) -> None:
    canonical = load_canonical()
    torn = poses["silence"].copy()
    middle = torn[canonical.landmarks["lip_upper_inner"]]
    torn[np.linalg.norm(torn - middle, axis=1) < 0.006] += [0.0, 0.002, 0.0]
    mean, patch = difference(mouth(poses["silence"]), mouth(torn))
    assert mean > MEAN or patch > PATCH


def test_the_map_looks_as_it_did() -> None:
    mesh = load_canonical().mesh
    picture = Image.fromarray(draw_mapping(mesh, map_head(mesh)))
    check("map", np.asarray(picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)))
