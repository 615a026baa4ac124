"""The evaluation points: exact on the canonical head, and the same places on another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.evaluation.face import Face, build_face, canonical_face
from lab.evaluation.tracks import read_tracks, speed
from lab.heads.training_heads import ict_head
from lab.remeshing.resample import resample
from mmtalker.mesh.canonical import load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX


@pytest.fixture(scope="module")
def face() -> Face:
    return canonical_face()


def pose(frames: int = 1, **activations: float) -> np.ndarray:
    curves = np.zeros((frames, 52), dtype=np.float32)
    for name, value in activations.items():
        curves[:, ARKIT_INDEX[name]] = value
    return curves


def test_on_the_canonical_head_the_points_are_its_vertices(face: Face) -> None:
    canonical = load_canonical()
    lips = np.flatnonzero(canonical.regions["lips"])

    assert len(face.lists["lips"]) == len(lips) > 200
    assert face.rest[face.lists["lips"]] == pytest.approx(1000 * canonical.vertices[lips], abs=0.05)
    jaw = ARKIT_INDEX["jawOpen"]
    assert face.shapes[jaw, face.lists["lips"]] == pytest.approx(1000 * canonical.shapes[jaw, lips], abs=0.05)


def test_the_pairs_of_lips_touch_at_rest_and_open_with_the_jaw(face: Face) -> None:
    tracks = read_tracks(face, face.move(np.concatenate([pose(), pose(jawOpen=0.5)])), 50.0)

    assert tracks.gap[0] == 0.0
    assert tracks.gap[1] > 5.0
    assert tracks.jaw[0] == pytest.approx(0.0)
    assert tracks.jaw[1] > 5.0


def test_pucker_makes_the_mouth_narrow_and_smile_wide(face: Face) -> None:
    poses = [pose(), pose(mouthPucker=1.0), pose(mouthSmileLeft=1.0, mouthSmileRight=1.0)]

    rest, narrow, wide = read_tracks(face, face.move(np.concatenate(poses)), 50.0).width

    assert narrow < rest - 3.0
    assert wide > rest + 3.0


def test_a_rolled_lower_lip_is_nearer_to_the_teeth_than_an_open_mouth(face: Face) -> None:
    poses = [pose(jawOpen=0.1, mouthRollLower=0.8), pose(jawOpen=0.6)]

    lip_to_teeth = read_tracks(face, face.move(np.concatenate(poses)), 50.0).lip_to_teeth

    assert lip_to_teeth is not None
    assert lip_to_teeth[0] < 5.0 < lip_to_teeth[1]


def test_lids_go_from_open_to_shut(face: Face) -> None:
    amounts = np.array([0.0, 0.5, 1.0])
    curves = np.concatenate([pose(eyeBlinkLeft=a, eyeBlinkRight=a) for a in amounts])

    assert read_tracks(face, face.move(curves), 50.0).lids == pytest.approx(amounts, abs=1e-3)


def test_speed_is_in_millimetres_a_second() -> None:
    motion = np.zeros((3, 2, 3), dtype=np.float32)
    motion[1:, :, 1] = 2.0

    assert speed(motion, 50.0) == pytest.approx([0.0, 100.0, 0.0])
    assert speed(motion[:1], 50.0) == pytest.approx([0.0])


def test_the_same_points_are_found_on_ict(face: Face, data_folder: Path) -> None:
    other = build_face(ict_head(data_folder))

    assert other.rest.shape == face.rest.shape
    lips = face.lists["lips"]
    # Another person, but lips are where lips are.
    away = np.linalg.norm(other.rest[lips] - face.rest[lips], axis=1)
    assert np.median(away) < 8.0
    tracks = read_tracks(other, other.move(np.concatenate([pose(), pose(jawOpen=0.5)])), 50.0)
    assert tracks.gap[1] - tracks.gap[0] > 5.0
    blink = other.move(pose(eyeBlinkLeft=1.0, eyeBlinkRight=1.0))
    assert read_tracks(other, blink, 50.0).lids == pytest.approx([1.0])
    assert tracks.lip_to_teeth is not None
    assert tracks.lip_to_teeth[0] == pytest.approx(10.0, abs=5.0)


def test_a_coarser_mesh_has_the_same_points(face: Face) -> None:
    coarse = build_face(resample(face.head, 4500))

    lips = face.lists["lips"]
    assert len(coarse.head.vertices) < len(face.head.vertices)
    assert np.linalg.norm(coarse.rest[lips] - face.rest[lips], axis=1).mean() < 0.3
