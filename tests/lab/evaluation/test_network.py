"""A network as a system: raw and finished, twice the same, long speech, and heads of any resolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.corpus.clips import Corpus
from lab.evaluation.face import Face, build_face, canonical_face
from lab.evaluation.people import measure_resolutions, unseen_people
from lab.evaluation.speaker import Speaker
from lab.evaluation.stability import joins, measure_seams, same_twice
from lab.evaluation.summary import network_figures
from lab.evaluation.systems import finish, network_systems
from lab.evaluation.takes import Take, read_take, read_truth
from lab.evaluation.tracks import read_tracks
from lab.remeshing.resample import resample
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from tests.lab.evaluation.made import encode, make_corpus
from tests.model.small import SMALL, small_network


@pytest.fixture(scope="module")
def network() -> MMTalkerNetwork:
    return small_network()


@pytest.fixture(scope="module")
def face() -> Face:
    return canonical_face()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"), filmed=1, unfilmed=1)


@pytest.fixture
def take(corpus: Corpus) -> Take:
    return read_take(corpus, corpus.clips[0], encode)


def test_finishing_shuts_the_mouth_in_silence_and_blinks(
    network: MMTalkerNetwork, face: Face, take: Take
) -> None:
    systems = network_systems(network, "small")
    assert list(systems) == ["small raw", "small finished"]

    raw, finished = (systems[name](face)(take) for name in ("small raw", "small finished"))

    assert raw.shape == finished.shape == (300, *face.rest.shape)
    said = np.clip(Speaker(network, face).curves(take), 0.0, 1.0)
    voice = np.zeros(300, dtype=np.float32)
    voice[150:] = 1.0
    keyed = finish(said, network.config.names, replace(take, level=np.full(300, -20.0)), voice, 0)
    mouth = [i for i, name in enumerate(network.config.names) if name.startswith(("jaw", "mouth"))]
    assert said[:100, mouth].max() > 0.1
    assert keyed[:100, mouth].max() == 0.0
    np.testing.assert_allclose(keyed[150:, mouth], said[150:, mouth], atol=1e-6)
    assert not np.array_equal(read_tracks(face, raw, 50.0).lids, read_tracks(face, finished, 50.0).lids)


def test_the_same_seed_gives_the_same_curves(network: MMTalkerNetwork, face: Face, take: Take) -> None:
    assert same_twice(network, face, take, seed=3) == 0.0


def test_the_joint_form_moves_the_face_without_curves(face: Face, take: Take) -> None:
    joint = small_network(config=replace(SMALL, regression="joint"))

    systems = network_systems(joint, "joint")
    motion = systems["joint raw"](face)(take)

    assert list(systems) == ["joint raw"]
    assert motion.shape == (300, *face.rest.shape)
    assert np.isfinite(motion).all() and motion.std() > 0.0


def test_windows_of_long_speech_join_where_they_fade() -> None:
    assert joins(800) == []
    (start, stop), *_ = joins(1500)
    assert stop - start == 20
    assert 650 < start < 800


def test_long_speech_is_measured_at_its_joins(network: MMTalkerNetwork, face: Face) -> None:
    rng = np.random.default_rng(0)
    speech = Audio((0.1 * rng.standard_normal(40 * SAMPLE_RATE)).astype(np.float32))

    row = measure_seams(network, face, [speech], encode)

    assert (row["seconds"], row["joins"]) == (40.0, "2")
    assert isinstance(row["speed"], float) and isinstance(row["again"], float)


def test_a_training_run_gets_its_figures_by_set(network: MMTalkerNetwork, corpus: Corpus) -> None:
    figures = network_figures(network, corpus, encode)

    assert set(figures) == {"seen", "heard"}
    assert figures["seen"]["lve_mm"] > 0.0
    assert "lve_mm" not in figures["heard"]


@pytest.mark.slow
def test_unseen_people_differ_from_those_of_training() -> None:
    pytest.importorskip("anny", reason="the package `anny` makes the people")
    from lab.heads.training_heads import anny_head

    unseen = unseen_people(None, 1)[0]
    trained = anny_head(np.random.default_rng(0))

    assert not np.allclose(unseen.vertices, trained.vertices, atol=1e-4)
    assert np.array_equal(unseen.vertices, unseen_people(None, 1)[0].vertices)


@pytest.mark.slow
def test_resolutions_are_compared_with_the_middle_one(
    network: MMTalkerNetwork, face: Face, corpus: Corpus, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.evaluation.people.RESOLUTIONS", (5000, 8000, 12000))
    truth = read_truth(corpus, take)
    assert truth is not None

    rows = measure_resolutions(network, face.head, [(take, truth)])

    assert rows[1]["largest"] == rows[1]["curves"] == rows[1]["true_shapes"] == 0.0
    assert all(row["largest"] > 0.0 for row in (rows[0], rows[2]))


def test_points_of_a_finer_head_move_as_those_of_the_coarse_one(face: Face) -> None:
    finer = build_face(resample(face.head, 9000))
    jaw = np.zeros((1, 52), dtype=np.float32)
    jaw[0, 17] = 1.0

    assert finer.move(jaw) == pytest.approx(face.move(jaw), abs=0.05)
