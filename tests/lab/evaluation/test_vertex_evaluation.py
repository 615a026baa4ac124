"""On moving vertices a figure is what its formula says, over the set's own lists and in its own unit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lab.corpus.clips import Clip
from lab.evaluation.vertex_evaluation import vertex_evaluate, write_vertex_report
from lab.evaluation.vertex_systems import (
    NetworkSystem,
    VertexSystem,
    files_system,
    still_system,
    write_prediction,
)
from lab.vertex_sets.biwi import UNIT, read_biwi
from lab.vertex_sets.store import VertexCorpus, convert, read_vertex_corpus
from mmtalker.errors import ErrorCode, MMTalkerError
from tests.lab.corpus import vertex_samples as samples
from tests.model.small import small_network


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> VertexCorpus:
    place = tmp_path_factory.mktemp("biwi")
    samples.write_biwi(place / "set")
    convert(read_biwi(place / "set"), place / "corpus")
    return read_vertex_corpus(place / "corpus")


def truth(corpus: VertexCorpus) -> VertexSystem:
    return lambda clip: [np.array(corpus.displacement(clip))]


def shifted(corpus: VertexCorpus, centimetres: float) -> VertexSystem:
    """Everything is too far to the left."""
    return lambda clip: [corpus.displacement(clip) + np.float32([centimetres, 0, 0])]


def test_the_truth_has_no_error_and_a_shift_has_its_square(corpus: VertexCorpus) -> None:
    systems = {"truth": truth(corpus), "shifted": shifted(corpus, 0.3)}

    figures = vertex_evaluate(corpus, systems, ["test-b"])["test-b"]

    assert set(figures["truth"].values()) == {0.0}
    moved = figures["shifted"]
    assert moved["lve"] == pytest.approx(9.0, rel=1e-4)
    assert moved["lve_root"] == pytest.approx(3.0, rel=1e-4)
    assert moved["mve"] == pytest.approx(3.0, rel=1e-4)
    assert moved["lve_set"] == pytest.approx((0.003 / UNIT) ** 2, rel=1e-4)


def test_a_still_face_lacks_the_truths_dynamics(corpus: VertexCorpus) -> None:
    figures = vertex_evaluate(corpus, {"still": still_system(corpus)})

    clip = corpus.corpus.test_sets()["test-a"][0]
    moving = 10.0 * corpus.displacement(clip)
    largest = (moving[:, corpus.lists["lips"]] ** 2).sum(axis=2).max(axis=1)
    assert figures["test-a"]["still"]["lve"] == pytest.approx(largest.mean(), rel=1e-5)
    upper = (moving[:, corpus.lists["upper_face"]] ** 2).sum(axis=2).std(axis=0).mean()
    assert figures["test-a"]["still"]["fdd"] == pytest.approx(upper, abs=1e-6)
    # BIWI has no list of the eye region.
    assert "eve" not in figures["test-a"]["still"]


def test_predictions_of_others_are_read_by_condition(corpus: VertexCorpus, tmp_path: Path) -> None:
    (seen,) = corpus.corpus.test_sets()["test-a"]
    (unseen,) = corpus.corpus.test_sets()["test-b"]
    write_prediction(corpus, seen, truth(corpus)(seen)[0], tmp_path)
    other = tmp_path / "F2_e37_condition_M3.npy"
    np.save(other, np.zeros((25, 3 * corpus.vertex_count)))
    made = shifted(corpus, 0.1)(unseen)[0]
    for condition in ("F2", "F3"):
        absolute = corpus.in_set_units("F1", made)
        np.save(tmp_path / f"F1_e37_condition_{condition}.npy", absolute.reshape(len(absolute), -1))

    read = files_system(corpus, tmp_path)

    (own,) = read(seen)  # a subject of the training set has its own condition
    np.testing.assert_allclose(own, corpus.displacement(seen), atol=1e-4)
    assert len(read(unseen)) == 2
    figures = vertex_evaluate(corpus, {"others": read}, ["test-a", "test-b"])
    assert figures["test-a"]["others"]["mve"] == pytest.approx(0.0, abs=1e-4)
    assert figures["test-b"]["others"]["mve"] == pytest.approx(1.0, abs=1e-3)


def test_a_prediction_that_is_a_frame_short_is_measured_on_what_there_is(corpus: VertexCorpus) -> None:
    def short(clip: Clip) -> list[np.ndarray]:
        return [corpus.displacement(clip)[:-1]]

    assert vertex_evaluate(corpus, {"short": short})["validation"]["short"]["mve"] == 0.0


def test_what_cannot_be_measured_is_a_sentence(corpus: VertexCorpus, tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="no test set 'testb'"):
        vertex_evaluate(corpus, {"truth": truth(corpus)}, ["testb"])
    with pytest.raises(MMTalkerError, match="holds no prediction F2_e37_condition"):
        vertex_evaluate(corpus, {"others": files_system(corpus, tmp_path)}, ["test-a"])
    with pytest.raises(MMTalkerError, match="trained on it") as caught:
        NetworkSystem(small_network(), corpus, lambda audio: np.zeros((1, 2, 16), np.float16))
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING


def test_the_report_names_set_unit_lists_and_formulas(corpus: VertexCorpus, tmp_path: Path) -> None:
    figures = vertex_evaluate(corpus, {"still": still_system(corpus)}, ["test-a"])

    text = write_vertex_report(corpus, figures, tmp_path)

    assert "one unit of the set is 0.1875 m" in text
    assert "upper_face 4" in text and "`lve`: LVE, mean over frames" in text
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["figures"] == figures
    assert stored["lists"]["lips"] == len(corpus.lists["lips"])
