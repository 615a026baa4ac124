"""Training on moving vertices: free modes and the joint form learn, and are measured on the set's lists."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.evaluation import vertex_command as vertex_sets
from lab.evaluation.vertex_command import evaluate_vertices
from lab.training import log as training_log
from lab.training import vertex_training
from lab.training.config import TrainConfig
from lab.training.log import read_log
from lab.training.vertex_modes import displacement_modes, mode_map, mode_names, training_frames
from lab.training.vertex_training import train_vertices
from lab.training.vertex_windows import SurfacePoints, VertexBatches, VertexUtterance, at_places
from lab.vertex_sets.store import VertexCorpus, convert, read_vertex_corpus
from lab.vertex_sets.vocaset import read_vocaset
from mmtalker.mesh.surface import CanonicalSurface
from mmtalker.model.config import ModelConfig
from mmtalker.model.loading import load_model
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.features import frame_count
from tests.lab.corpus import vertex_samples as samples
from tests.model.small import SMALL

TINY = replace(
    TrainConfig(),
    batch=4,
    window=30,
    samples=48,
    motion_points=64,
    learning_rate=2e-2,
    copies={"vocaset": 1},
    model=replace(SMALL, names=mode_names(4), samples=48, map_resolution=32),
)


class LoudnessEncoder:
    """Stands for the speech encoder; its first channel is how loud the sample's tone is."""

    layers, width = SMALL.speech_layers, SMALL.speech_width

    def __init__(self, *_: object) -> None:
        pass

    def features(self, audio: Audio, *_: object, first_position: int = 0) -> np.ndarray:
        count = frame_count(audio)
        rows = np.abs(np.resize(audio.samples, count * SAMPLE_RATE // 50)).reshape(count, -1)
        features = np.random.default_rng(0).normal(0, 0.1, (count, len(self.layers), self.width))
        features[:, :, 0] += 10 * rows.mean(axis=1)[:, None]
        return features.astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VOCASET as delivered, imported."""
    place = tmp_path_factory.mktemp("vocaset")
    samples.write_delivered_vocaset(place / "set")
    convert(read_vocaset(place / "set"), place / "corpus")
    return place / "corpus"


@pytest.fixture(scope="module")
def corpus(folder: Path) -> VertexCorpus:
    return read_vertex_corpus(folder)


@pytest.fixture(autouse=True)
def without_speech_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (vertex_training, vertex_sets):
        monkeypatch.setattr(module, "SpeechEncoder", LoudnessEncoder)
    monkeypatch.setattr(training_log, "EVERY", 10)


@pytest.mark.parametrize(
    ("regression", "steps"), [("factorised", 40), pytest.param("joint", 120, marks=pytest.mark.slow)]
)
def test_training_lowers_the_loss_and_evaluation_gives_figures(
    folder: Path, tmp_path: Path, regression: str, steps: int
) -> None:
    model: ModelConfig = replace(TINY.model, regression=regression)  # type: ignore[arg-type]
    config = replace(TINY, steps=steps, model=model)
    train_vertices(config, folder, tmp_path, tmp_path / "cache", torch.device("cpu"))

    displacement = read_log(tmp_path / "log.csv")["vertices"]["displacement"]
    assert displacement[-1][1] < 0.5 * displacement[0][1]
    assert load_model(tmp_path).network.config.names == ("mode_01", "mode_02", "mode_03", "mode_04")

    text = evaluate_vertices(folder, tmp_path, tmp_path / "report", tmp_path / "cache", torch.device("cpu"))

    assert "| test | mmtalker |" in text and "| validation | still |" in text
    assert "lips 6" in text


def test_predictions_are_written_and_measured_as_those_of_baselines(folder: Path, tmp_path: Path) -> None:
    few = replace(TINY, steps=10)
    train_vertices(few, folder, tmp_path, tmp_path / "cache", torch.device("cpu"))
    cpu = torch.device("cpu")
    evaluate_vertices(folder, tmp_path, tmp_path / "first", tmp_path / "cache", cpu, ["test"])
    others = tmp_path / "first" / "predictions" / "test"
    subject, first = samples.VOCASET_SUBJECTS[2], samples.VOCASET_SUBJECTS[0]
    corpus = read_vertex_corpus(folder)

    written = np.load(others / f"{subject}_sentence22_condition_{first}.npy", allow_pickle=False)
    assert written.shape == (30, 3 * corpus.vertex_count)
    assert np.abs(written.reshape(30, -1, 3) - corpus.template(subject) - corpus.origin).max() < 0.02

    evaluate_vertices(folder, tmp_path, tmp_path / "again", tmp_path / "cache", cpu, ["test"], (others,))
    report = json.loads((tmp_path / "again" / "report.json").read_text(encoding="utf-8"))
    ours, theirs = (report["figures"]["test"][system] for system in ("mmtalker", "test"))
    assert ours == pytest.approx(theirs, rel=0.01)


def test_principal_modes_reproduce_the_training_motion(corpus: VertexCorpus) -> None:
    frames = training_frames(corpus)
    weight = np.ones(corpus.vertex_count, dtype=np.float32)

    modes = displacement_modes(frames, 3, weight)

    # All samples' mouths move alike: one mode is enough, and its activation has a mean square of 1.
    flat, shape = frames.reshape(len(frames), -1), modes[0].ravel()
    activation = flat @ shape / (shape @ shape)
    np.testing.assert_allclose(activation[:, None] * shape, flat, atol=0.02)
    assert np.mean(activation**2) == pytest.approx(1.0, abs=0.01)
    assert np.abs(modes[1:]).max() < 0.05 * np.abs(modes[0]).max()


def test_the_map_holds_the_modes_where_vertices_lie(corpus: VertexCorpus) -> None:
    surface = CanonicalSurface(corpus.uv, corpus.chart_triangles)
    modes = np.tile(corpus.uv @ [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], (2, 1, 1)).astype(np.float32)

    grid = mode_map(modes, surface, 33)

    row, column = 16, 20
    np.testing.assert_allclose(grid[1, :2, row, column], [column / 32, row / 32], atol=1e-5)


def utterance(frames: int = 40, stride: float = 50 / 30) -> VertexUtterance:
    """Vertex v of frame n is at 10 n + v; the feature frames count themselves."""
    count = int(frames * stride)
    moving = (10.0 * np.arange(frames)[:, None] + np.arange(5))[:, :, None] * np.ones(3)
    features = np.arange(count, dtype=np.float16)[:, None, None] * np.ones((1, 2, 3), dtype=np.float16)
    return VertexUtterance("anna", features, moving.astype(np.float32), stride)


def test_a_windows_frames_lie_where_its_speech_is() -> None:
    own = utterance()
    config = replace(TINY, batch=8)
    points = SurfacePoints(np.array([[0, 1, 2], [4, 4, 4]]), np.array([[1, 0, 0], [0, 1, 0]], np.float32))

    windows = VertexBatches([own], config).draw(np.random.default_rng(0))

    truth, places = windows.displacement(points), windows.places()
    assert truth.shape == (8, places.shape[1], 2, 3)
    np.testing.assert_allclose(truth[..., 1, 0] - truth[..., 0, 0], 4.0, atol=1e-4)
    # A feature frame counts itself, so speech read at a frame's place tells the frame's time.
    heard = at_places(windows.features(), places)[..., 0, 0]
    np.testing.assert_allclose(heard, truth[..., 0, 0] / 10.0 * own.stride, atol=1e-3)
    assert places.min() >= 0.0 and places.max() <= config.window - 1


def test_the_past_is_what_moved_just_before_a_window() -> None:
    own = utterance()
    points = SurfacePoints(np.array([[0, 1, 2]]), np.array([[1, 0, 0]], np.float32))
    windows = VertexBatches([own], replace(TINY, batch=8)).draw(np.random.default_rng(1))

    past = windows.past(points)[:, 0]

    first = np.floor(windows.starts * own.stride)
    later = first >= 2
    np.testing.assert_allclose(past[later, 0], 10.0 * (first[later] - 1) / own.stride, atol=1e-3)
    np.testing.assert_allclose(past[later, 3], 10.0 / own.stride, atol=1e-3)


def test_displacement_at_a_vertex_is_that_vertexs_own() -> None:
    field = np.random.default_rng(0).random((4, 3)).astype(np.float32)
    points = SurfacePoints(np.array([[3, 1, 2], [0, 2, 3]]), np.array([[0, 1, 0], [0, 0, 1]], np.float32))

    np.testing.assert_array_equal(points.blend(field[points.vertices]), field[[1, 3]])
