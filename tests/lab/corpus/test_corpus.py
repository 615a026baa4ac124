"""The corpus folder: what is written is read back, and a half-written clip does not count."""

from pathlib import Path

import numpy as np
import pytest

from lab.corpus.clips import (
    Clip,
    Motion,
    Source,
    has_clip,
    read_clips,
    read_corpus,
    write_clip,
    write_manifest,
)
from lab.phonetics.phone_speech import Phone
from mmtalker.errors import MMTalkerError
from mmtalker.speech.audio import load_audio

SOURCE = Source("voices", "CC0", "unfilmed")
SAMPLES = np.sin(np.arange(8000) / 20).astype(np.float32) * 0.5


def clip(name: str, test_set: str | None = None) -> Clip:
    phones = (Phone("m", 0.0, 0.1), Phone("a", 0.1, 0.5))
    return Clip("voices", name, "anna", "de", "ma", phones, test_set)


def test_a_clip_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    curves = np.random.default_rng(0).random((13, 52)).astype(np.float32)
    motion = Motion(curves, 25.0, np.arange(52) < 40)
    write_clip(tmp_path, clip("one"), SAMPLES, motion)
    write_clip(tmp_path, clip("two", "voices-texts"), SAMPLES)
    write_manifest(tmp_path, [SOURCE])

    corpus = read_corpus(tmp_path)

    assert corpus.clips == (clip("one"), clip("two", "voices-texts"))
    assert [c.name for c in corpus.training()] == ["one"]
    assert list(corpus.training(without=["voices"])) == []
    assert [c.name for c in corpus.test_sets()["voices-texts"]] == ["two"]
    np.testing.assert_allclose(load_audio(corpus.audio(corpus.clips[0])).samples, SAMPLES, atol=1e-4)
    stored = corpus.motion(corpus.clips[0])
    assert stored is not None
    np.testing.assert_allclose(stored.curves, curves, atol=1e-3)
    np.testing.assert_array_equal(stored.known, motion.known)
    assert corpus.motion(corpus.clips[1]) is None


def test_motion_is_read_between_its_rows() -> None:
    motion = Motion(np.linspace(0, 1, 11)[:, None].repeat(52, 1).astype(np.float32), 10.0, np.ones(52, bool))

    np.testing.assert_allclose(motion.at(np.array([0.25, 0.5]))[:, 3], [0.25, 0.5], atol=1e-6)


def test_the_manifest_sums_up_each_source(tmp_path: Path) -> None:
    write_clip(tmp_path, clip("one"), SAMPLES)

    manifest = write_manifest(tmp_path, [SOURCE, Source("absent", "CC0", "filmed")])

    assert list(manifest["sources"]) == ["voices"]
    assert manifest["sources"]["voices"]["speakers"] == ["anna"]
    assert manifest["sources"]["voices"]["minutes"] == pytest.approx(0.01, abs=0.005)


def test_a_clip_without_its_description_is_not_there(tmp_path: Path) -> None:
    write_clip(tmp_path, clip("one"), SAMPLES)
    (tmp_path / "voices" / "one.json").unlink()

    assert not has_clip(tmp_path, "voices", "one")
    assert read_clips(tmp_path, "voices") == []


def test_a_folder_without_a_manifest_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="corpus build"):
        read_corpus(tmp_path)
