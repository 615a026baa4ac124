"""A corpus's recogniser: who teaches it, that it is kept, and made anew when its teachers change."""

from pathlib import Path

import numpy as np
import pytest

import lab.phonetics.corpus_recogniser as subject
from lab.corpus.clips import Clip, read_clips, write_clip
from lab.phonetics.corpus_recogniser import RECOGNISER_FILE, corpus_recogniser, teaching_clips
from lab.phonetics.phone_training import RecogniserConfig
from mmtalker.errors import MMTalkerError
from mmtalker.speech.audio import Audio
from tests.lab.corpus.phone_world import encoded, sentence

CONFIG = RecogniserConfig(width=16, embedding=8, steps=4, pieces=4, piece=20)


class Ears:
    """Stands for the encoder; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, audio: Audio, place: int) -> np.ndarray:
        self.asked += 1
        return encoded(sentence(0))[: -(-len(audio.samples) // 320)]


def add(folder: Path, number: int, speaker: str = "anna", test_set: str | None = None) -> None:
    phones = sentence(number)
    samples = np.zeros(round(16_000 * phones[-1].end), dtype=np.float32)
    write_clip(folder, Clip("kokoro", f"{speaker}{number}", speaker, "it", "", phones, test_set), samples)


@pytest.fixture(autouse=True)
def a_little_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LEAST_MINUTES", 0.02)


def test_it_is_trained_once(tmp_path: Path) -> None:
    ears = Ears()
    for number in range(3):
        add(tmp_path, number)

    first = corpus_recogniser(tmp_path, ears, CONFIG)
    again = corpus_recogniser(tmp_path, ears, CONFIG)

    assert ears.asked == 3 and (tmp_path / RECOGNISER_FILE).exists()
    speech = encoded(sentence(9))
    np.testing.assert_array_equal(first.log_probabilities(speech), again.log_probabilities(speech))


def test_it_is_trained_anew_for_other_teachers(tmp_path: Path) -> None:
    ears = Ears()
    add(tmp_path, 0)
    corpus_recogniser(tmp_path, ears, CONFIG)

    add(tmp_path, 1)
    corpus_recogniser(tmp_path, ears, CONFIG)

    assert ears.asked == 3


def test_test_clips_never_teach(tmp_path: Path) -> None:
    add(tmp_path, 0)
    add(tmp_path, 1, test_set="kokoro-voices")

    assert [clip.name for clip in teaching_clips(tmp_path, "kokoro")] == ["anna0"]


def test_speakers_take_turns_until_there_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for speaker in ("anna", "berta", "carla"):
        for number in range(3):
            add(tmp_path, number, speaker)
    seconds = {clip.name: clip.phones[-1].end for clip in read_clips(tmp_path, "kokoro")}
    monkeypatch.setattr(subject, "MOST_MINUTES", 3.5 * seconds["anna0"] / 60.0)

    assert [clip.name for clip in teaching_clips(tmp_path, "kokoro")] == [
        "anna0",
        "berta0",
        "carla0",
        "anna1",
    ]


def test_too_little_speech_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="Build the source 'kokoro'"):
        corpus_recogniser(tmp_path, Ears(), CONFIG)
