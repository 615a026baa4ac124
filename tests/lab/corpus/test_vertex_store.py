"""A data set becomes a corpus folder once, and is read back as it was."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.corpus.clips import read_corpus
from lab.corpus.command import main as corpus_main
from lab.vertex_sets.biwi import read_biwi
from lab.vertex_sets.store import convert, is_vertex_corpus, read_vertex_corpus, subject_of
from mmtalker.errors import MMTalkerError
from mmtalker.mesh.flatten import signed_areas
from mmtalker.speech.audio import load_audio
from tests.lab.corpus import vertex_samples as samples


def test_motion_comes_back_in_the_sets_own_coordinates(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path / "set")
    dataset = read_biwi(tmp_path / "set")
    convert(dataset, tmp_path / "corpus")

    corpus = read_vertex_corpus(tmp_path / "corpus")

    assert (corpus.name, corpus.fps, corpus.train_subjects[0]) == ("biwi", 25.0, "F2")
    assert set(corpus.lists) == {"lips", "upper_face"}
    clip = next(clip for clip in corpus.corpus.clips if clip.name == "F1_e37")
    assert (clip.test_set, subject_of(clip)) == ("test-b", "F1")
    moved = corpus.displacement(clip)
    assert isinstance(moved, np.memmap)
    truth = next(dataset.split("test-b")).vertices()
    np.testing.assert_allclose(corpus.in_set_units("F1", moved), truth, atol=1e-5)
    np.testing.assert_allclose(corpus.from_set_units("F1", truth), moved, atol=1e-4)
    # 4 % of a head's height go down where the mouth is open.
    assert np.abs(moved).max() == pytest.approx(4.0 * np.ptp(corpus.template("F1")[:, 1]), rel=0.01)
    assert load_audio(corpus.corpus.audio(clip)).seconds == pytest.approx(len(moved) / 25.0, abs=1e-3)


def test_the_chart_of_the_corpus_has_no_flips_and_shows_the_lips_large(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path / "set")
    convert(read_biwi(tmp_path / "set"), tmp_path / "corpus")

    corpus = read_vertex_corpus(tmp_path / "corpus")

    plane = signed_areas(corpus.uv.astype(np.float64), corpus.chart_triangles)
    assert plane.min() > 0.0
    lips = np.isin(corpus.chart_triangles, corpus.lists["lips"]).any(axis=1)
    assert np.median(plane[lips]) > 1.5 * np.median(plane)


def test_clips_are_those_of_any_corpus(tmp_path: Path) -> None:
    samples.write_multiface(tmp_path / "set")

    status = corpus_main(["import", "--multiface", str(tmp_path / "set"), "-o", str(tmp_path / "corpus")])

    assert status == 0
    assert is_vertex_corpus(tmp_path / "corpus")
    corpus = read_corpus(tmp_path / "corpus")
    assert [clip.name for clip in corpus.training()] == ["2_01"]
    assert {name: [c.name for c in clips] for name, clips in corpus.test_sets().items()} == {
        "test-a": ["2_46"],
        "test-b": ["1_46"],
        "validation": ["2_41"],
    }


def test_an_import_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.write_biwi(tmp_path / "set")
    dataset = read_biwi(tmp_path / "set")

    class Stop(Exception):
        pass

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.6:
            raise Stop

    with pytest.raises(Stop):
        convert(dataset, tmp_path / "corpus", stop)
    assert not is_vertex_corpus(tmp_path / "corpus")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "corpus").rglob("F2_e01.*")}
    convert(dataset, tmp_path / "corpus")

    assert written == {path: path.stat().st_mtime_ns for path in written}
    assert len(read_vertex_corpus(tmp_path / "corpus").corpus.clips) == 4


def test_a_corpus_that_is_not_whole_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="corpus import"):
        read_vertex_corpus(tmp_path)
    samples.write_biwi(tmp_path / "set")
    convert(read_biwi(tmp_path / "set"), tmp_path / "corpus")
    corpus = read_vertex_corpus(tmp_path / "corpus")
    clip = corpus.corpus.clips[0]
    np.save(corpus.corpus.audio(clip).with_suffix(".npy"), np.zeros((3, 4, 3), dtype=np.float32))

    with pytest.raises(MMTalkerError, match=r"\(3, 4, 3\)"):
        corpus.displacement(clip)
    (tmp_path / "corpus" / "head.npz").unlink()
    with pytest.raises(MMTalkerError, match="not whole"):
        read_vertex_corpus(tmp_path / "corpus")


def test_a_set_without_any_of_its_sentences_is_refused(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path / "set")
    for path in (tmp_path / "set" / "wav").iterdir():
        path.unlink()

    with pytest.raises(MMTalkerError, match="None of the sequences"):
        convert(read_biwi(tmp_path / "set"), tmp_path / "corpus")


def test_the_manifest_names_licence_unit_and_kind(tmp_path: Path) -> None:
    samples.write_biwi(tmp_path / "set")
    convert(read_biwi(tmp_path / "set"), tmp_path / "corpus")

    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text(encoding="utf-8"))

    assert (manifest["kind"], manifest["set"], manifest["unit_m"]) == ("vertices", "biwi", 0.1875)
    assert "research only" in manifest["sources"]["biwi"]["licence"]
