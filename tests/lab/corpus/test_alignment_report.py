"""The report on alignment: what it compares, line by line, on a corpus of the made-up world."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from lab.corpus.clips import Clip, Corpus, Source, write_clip
from lab.phonetics.alignment_report import class_of, report, spread, words_of
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phone_training import RecogniserConfig, train_recogniser
from mmtalker.speech.audio import Audio
from tests.lab.corpus.phone_world import encoded, examples, sentence

CONFIG = RecogniserConfig(width=32, embedding=16, steps=60, pieces=8, piece=40)


def test_errors_are_told_by_language_and_by_what_meets(tmp_path: Path) -> None:
    phones = sentence(500)
    late = tuple(replace(phone, start=phone.start + 0.03, end=phone.end + 0.03) for phone in phones)
    clip = Clip("kokoro", "one", "anna", "it", "", late, "kokoro-voices")
    write_clip(tmp_path, clip, np.zeros(round(16_000 * phones[-1].end), dtype=np.float32))
    corpus = Corpus(tmp_path, (Source("kokoro", "CC0", "unfilmed"),), (clip,))

    def encode(audio: Audio) -> np.ndarray:
        return encoded(phones)

    lines = list(report(corpus, train_recogniser(examples(30), CONFIG), encode, 5))

    assert lines[0].startswith("kokoro-voices: all")
    assert any(line.startswith("kokoro-voices: language it") for line in lines)
    median = float(re.findall(r"median +(-?\d+) ms", lines[0])[0])
    assert -40 <= median <= -20  # what is found is earlier than the times that were made late


def test_pauses_part_words() -> None:
    phones = [Phone(name, 0.0, 1.0) for name in ("sil", "m", "a", "sil", "s", "sil")]

    assert [word.phones for word in words_of(phones)] == [("m", "a"), ("s",)]


def test_each_phone_is_of_one_class() -> None:
    names = ["sil", "au", "m", "b", "s", "w", "ɾ"]

    classes = [class_of(Phone(name, 0.0, 1.0)) for name in names]

    assert classes == ["silence", "vowel", "nasal", "stop", "fricative", "approximant", "trill"]


def test_few_of_many_are_spread_over_all() -> None:
    clips = [Clip("s", str(n), "a", "de", "", ()) for n in range(10)]

    assert [clip.name for clip in spread(clips, 3)] == ["0", "4", "9"]
    assert spread([], 3) == []
