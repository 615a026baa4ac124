"""Nothing of a test split is seen in training: of a small built corpus, and of a whole one that is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.corpus.build import Recipe, build_corpus
from lab.corpus.clips import Clip, Corpus, read_corpus
from lab.sources import kokoro
from lab.sources.grid import HELD_OUT_WORDS
from mmtalker.progress import Progress
from tests.lab.corpus.fake_speaker import few_texts, open_fake

HELD_OUT_SPEAKERS = {"kokoro-voices", "kathleen"}
"""Test sets of people whom training never hears."""

HELD_OUT_TEXTS = {"kokoro-voices", "kokoro-texts", "kathleen", "nathalie", "kerstin", "flemishguy"}
"""Test sets of texts that training never hears from anybody."""


def letters(clip: Clip) -> str:
    """What is said, whatever its marks."""
    return "".join(letter for letter in clip.text.casefold() if letter.isalnum())


def leaks(corpus: Corpus) -> list[str]:
    """Say what training would see of the tests."""
    training = list(corpus.training())
    names = {(clip.source, clip.name) for clip in training}
    speakers = {clip.speaker for clip in training}
    texts = {letters(clip) for clip in training if clip.text}
    found = [
        f"the word {word} in {clip.name}"
        for clip in training
        for word in HELD_OUT_WORDS
        if clip.source == "grid" and word in clip.text.split()
    ]
    for test_set, clips in corpus.test_sets().items():
        for clip in clips:
            if (clip.source, clip.name) in names:
                found.append(f"{test_set}: the clip {clip.name}")
            if test_set in HELD_OUT_SPEAKERS and clip.speaker in speakers:
                found.append(f"{test_set}: the voice {clip.speaker}")
            if test_set in HELD_OUT_TEXTS and letters(clip) in texts:
                found.append(f"{test_set}: the text {clip.text}")
    return found


def test_nothing_of_a_test_is_in_training_of_a_small_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro, "read_texts", few_texts)

    def record(out: Path, progress: Progress) -> None:
        kokoro.build(Path(), out, progress, rounds=1, opened=open_fake)

    build_corpus([Recipe(kokoro.SOURCE, tmp_path, record)], tmp_path / "corpus")
    corpus = read_corpus(tmp_path / "corpus")

    assert len(corpus.test_sets()) == 2
    assert list(corpus.training())
    assert leaks(corpus) == []


def test_a_leak_is_found(tmp_path: Path) -> None:
    clips = (
        Clip("kokoro", "one", "anna", "de", "Ein Satz.", (), None),
        Clip("kokoro", "two", "anna", "de", "Ein anderer.", (), "kokoro-voices"),
        Clip("kokoro", "three", "berta", "de", "ein satz.", (), "kokoro-texts"),
        Clip("grid", "four", "grid-s1", "en-GB", "place red by v nine now", (), None),
    )

    found = leaks(Corpus(tmp_path, (), clips))

    assert found == [
        "the word v in four",
        "kokoro-voices: the voice anna",
        "kokoro-texts: the text ein satz.",
    ]


@pytest.mark.slow
def test_nothing_of_a_test_is_in_training_of_the_given_corpus() -> None:
    folder = os.environ.get("MMTALKER_CORPUS")
    if not folder:
        pytest.skip("MMTALKER_CORPUS names no corpus that 'corpus build' made")

    corpus = read_corpus(Path(folder))

    assert list(corpus.training())
    assert leaks(corpus) == []
