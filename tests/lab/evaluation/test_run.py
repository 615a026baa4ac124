"""The whole evaluation on made clips: systems whose figures are known, and what is said of bad ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.corpus.clips import Clip, Corpus, Motion, read_corpus, write_clip, write_manifest
from lab.evaluation.face import Face, canonical_face
from lab.evaluation.figures import FIGURE
from lab.evaluation.report import TRUTH, Report, SetReport
from lab.evaluation.run import choose_clips, evaluate_systems
from lab.evaluation.systems import still
from lab.evaluation.table import headline_table, merge_variants, render, set_table
from lab.evaluation.takes import Prediction, System, Take
from mmtalker.errors import MMTalkerError
from tests.lab.evaluation.made import FILMED, PHONES, UNFILMED, curves, encode, make_corpus


def true_curves(take: Take) -> np.ndarray:
    return curves(int(take.clip.name[-1]))[: len(take.features)]


def perfect(face: Face) -> Prediction:
    return lambda take: face.move(true_curves(take))


def late(face: Face) -> Prediction:
    """40 ms behind, and without the closures, since the jaw is never shut in speech."""

    def predict(take: Take) -> np.ndarray:
        shifted = np.roll(true_curves(take), 2, axis=0)
        shifted[45:250, 17] = np.maximum(shifted[45:250, 17], 0.15)
        return face.move(shifted)

    return predict


SYSTEMS: dict[str, System] = {"perfect": perfect, "late": late, "still": still}


@pytest.fixture(scope="module")
def face() -> Face:
    return canonical_face()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def report(corpus: Corpus, face: Face) -> Report:
    return evaluate_systems(corpus, SYSTEMS, encode, face=face)


def the_set(report: Report, name: str) -> SetReport:
    return next(found for found in report.sets if found.name == name)


def test_a_perfect_prediction_has_no_error(report: Report) -> None:
    figures = the_set(report, "seen").figures["perfect"]

    for name in ("lve", "eve", "mve_mm", "mod_mm", "fdd_mm2", "fdd_share", "lag_ms", "mtm_ms"):
        assert figures[name] == pytest.approx(0.0, abs=1e-6), name
    for name in ("gap_correlation", "gap_correlation_speech", "width_correlation", "jaw_correlation"):
        assert figures[name] == pytest.approx(1.0), name
    assert (figures["closure_recall"], figures["closure_precision"]) == (1.0, 1.0)
    assert figures["silence_ratio"] == 0.0
    assert figures["blink_rate"] == pytest.approx(10.0)


def test_a_late_one_that_never_closes_shows_as_that(report: Report) -> None:
    figures = the_set(report, "seen").figures["late"]

    assert figures["lag_ms"] == pytest.approx(40.0, abs=6.0)
    assert figures["closure_recall"] == 0.0
    assert figures["lve_mm"] > 1.0


def test_a_still_face_has_the_truths_dynamics_as_its_deviation(report: Report) -> None:
    figures = the_set(report, "seen").figures

    assert figures["still"]["fdd_share"] == pytest.approx(1.0)
    assert figures["still"]["fdd_mm2"] == pytest.approx(figures[TRUTH]["dynamics_mm2"])
    assert figures["still"]["gap_correlation"] is None
    assert figures["still"]["closure_recall"] == 0.0


def test_without_a_truth_contact_is_measured_and_nothing_compared(report: Report) -> None:
    heard = the_set(report, "heard")

    assert (heard.truth, heard.compared) == ("unknown", ())
    assert TRUTH not in heard.figures
    assert heard.figures["perfect"]["lve"] is None
    assert heard.figures["perfect"]["closure_recall"] == 1.0
    assert set(heard.languages) == {"de", "fr"}
    assert heard.languages["fr"]["still"]["closures"] == 2.0


def test_squared_and_rooted_errors_agree(report: Report) -> None:
    figures = the_set(report, "seen").figures["still"]

    assert figures["lve"] is not None and figures["lve_mm"] is not None
    assert 1e3 * np.sqrt(figures["lve"]) == pytest.approx(figures["lve_mm"])


def test_what_a_source_does_not_know_is_not_compared(tmp_path: Path, face: Face) -> None:
    corpus = make_corpus(tmp_path, filmed=1, unfilmed=0)
    mouth = np.array([name.startswith(("jaw", "mouth")) for name in _names()])
    clip = replace(corpus.clips[0], name="mouth1")
    write_clip(tmp_path, clip, np.zeros(96000, dtype=np.float32), Motion(curves(1) * mouth, 50.0, mouth))
    write_manifest(tmp_path, [FILMED, UNFILMED])
    (tmp_path / "filmed" / "film0.json").unlink()

    found = evaluate_systems(read_corpus(tmp_path), SYSTEMS, encode, face=face).sets[0]

    assert found.compared == ("lips", "jaw")
    # The brows and lids that only the prediction moves are no error.
    assert found.figures["perfect"]["mve_mm"] == pytest.approx(0.0, abs=1e-6)
    assert found.figures["perfect"]["eve"] is None
    assert found.figures["perfect"]["fdd_mm2"] is None
    assert found.figures[TRUTH]["blink_rate"] is None


def _names() -> tuple[str, ...]:
    from mmtalker.motion.arkit import ARKIT_NAMES

    return ARKIT_NAMES


def test_a_prediction_that_is_not_a_number_ends_with_a_sentence(corpus: Corpus, face: Face) -> None:
    def broken(face: Face) -> Prediction:
        return lambda take: np.full((len(take.features), *face.rest.shape), np.nan, dtype=np.float32)

    with pytest.raises(MMTalkerError, match="broken on unfilmed/voice0 is not a number in 300 of 300"):
        evaluate_systems(corpus, {"broken": broken}, encode, face=face)


def test_one_frame_of_speech_is_measured_as_far_as_it_goes(tmp_path: Path, face: Face) -> None:
    clip = Clip("filmed", "short0", "anna", "de", "", PHONES, "seen")
    motion = Motion(curves(0)[:1], 50.0, np.ones(52, dtype=bool))
    write_clip(tmp_path, clip, np.zeros(320, dtype=np.float32), motion)
    write_manifest(tmp_path, [FILMED])

    figures = evaluate_systems(read_corpus(tmp_path), SYSTEMS, encode, face=face).sets[0].figures["perfect"]

    assert figures["lve"] == pytest.approx(0.0, abs=1e-9)
    assert figures["gap_correlation"] is None
    assert figures["lag_ms"] is None


def test_clips_are_chosen_by_set_or_source_and_thinned_evenly(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path, filmed=5, unfilmed=2)

    assert [clip.name for clip in choose_clips(corpus, ["seen"], 3)["seen"]] == ["film0", "film2", "film4"]
    assert list(choose_clips(corpus, None, None)) == ["heard", "seen"]
    assert len(choose_clips(corpus, ["unfilmed"], None)["unfilmed"]) == 2


def test_a_set_that_is_not_there_is_named_with_those_that_are(corpus: Corpus) -> None:
    with pytest.raises(MMTalkerError, match=r"no test set 'grid-clips'.* sets heard, seen and the sources"):
        choose_clips(corpus, ["grid-clips"], None)


def test_the_report_is_json_that_says_what_each_figure_is(report: Report) -> None:
    told = json.loads(report.dumps())

    assert told["figures"]["lve"]["unit"] == "m²"
    assert told["figures"]["lve"]["points"] == "lips"
    assert told["sets"]["seen on canonical"]["systems"]["still"]["fdd_share"] == pytest.approx(1.0)
    assert told["sets"]["seen on canonical"]["systems"]["still"]["gap_correlation"] is None


def test_tables_show_every_system_and_mark_the_best(report: Report) -> None:
    text = render(report)
    row = next(line for line in headline_table(report, FIGURE["lve_mm"]).splitlines() if "seen" in line)

    assert row.replace(" ", "").startswith("|seenoncanonical|–|**0**|")
    assert "## heard on canonical" in text
    assert "| fr " in text
    assert set_table({"one": {"lve": 1.0}}).count("**") == 0  # nobody to be better than


def test_a_network_has_one_column_with_each_figure_from_the_variant_it_is_read_on() -> None:
    raw = {"lve": 1.0, "silence_ratio": 0.5}
    finished = {"lve": 2.0, "silence_ratio": 0.0}

    merged = merge_variants({"truth": {"lve": None}, "net raw": raw, "net finished": finished})

    assert merged["net"] == {"lve": 1.0, "silence_ratio": 0.0}
    assert merge_variants({"joint raw": raw})["joint"] == raw
