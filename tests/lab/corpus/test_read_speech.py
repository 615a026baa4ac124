"""Read speech as sources: what is for training, what is left out and why, and times that fit the sound."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lab.corpus.clips import Source, read_clips
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import INDEX, feature_track
from lab.phonetics.pronunciation import STRESS
from lab.sources.read_speech import (
    READERS,
    Reader,
    as_given,
    build,
    is_for_training,
    left_out,
    read_given,
    recordings,
)
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.motion.silence import loudness
from mmtalker.speech.audio import Audio, load_audio

SENTENCES = [f"Sentence number {number}." for number in range(12)]


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """Twelve half-second recordings of a reader called anna."""
    folder = tmp_path / "data" / "speech" / "anna"
    (folder / "audio").mkdir(parents=True)
    texts = {f"r{number:02d}": text for number, text in enumerate(SENTENCES)}
    (folder / "transcripts.json").write_text(json.dumps({"language": "de", "transcripts": texts}))
    for name in texts:
        noise = 0.1 * np.random.default_rng(0).standard_normal(8000)
        soundfile.write(folder / "audio" / f"{name}.ogg", noise, 16_000)
    return tmp_path / "data"


def reader(trained_on: bool = True) -> Reader:
    def times(*_: object) -> object:
        def align(name: str, text: str, audio: Audio) -> tuple[Phone, ...]:
            if name == "r03":
                raise MMTalkerError(ErrorCode.FILE_FORMAT, "It says something else.")
            return (Phone("a", 0.0, audio.seconds),)

        return align

    return Reader(Source("anna", "CC0", "unfilmed"), "de-DE", "de", times, trained_on)  # type: ignore[arg-type]


def test_half_of_the_sentences_is_for_training(readings: Path, tmp_path: Path) -> None:
    build(reader(), readings, tmp_path / "out")

    clips = read_clips(tmp_path / "out", "anna")
    assert {clip.test_set for clip in clips} == {None, "anna"}
    assert all((clip.test_set is None) == is_for_training(clip.text) for clip in clips)
    assert clips[0].phones[-1].end == 0.5 and clips[0].language == "de-DE"


def test_a_reader_for_tests_alone_is_never_trained_on(readings: Path, tmp_path: Path) -> None:
    build(reader(trained_on=False), readings, tmp_path / "out")

    assert {clip.test_set for clip in read_clips(tmp_path / "out", "anna")} == {"anna"}


def test_a_recording_of_something_else_is_left_out_with_the_reason(readings: Path, tmp_path: Path) -> None:
    build(reader(), readings, tmp_path / "out")

    assert left_out(tmp_path / "out", "anna") == {"r03": "It says something else."}
    assert "r03" not in {clip.name for clip in read_clips(tmp_path / "out", "anna")}


def test_what_is_there_is_not_made_again(readings: Path, tmp_path: Path) -> None:
    build(reader(), readings, tmp_path / "out")
    (tmp_path / "out" / "anna" / "r05.json").unlink()
    asked: list[str] = []

    build(reader(), readings, tmp_path / "out", lambda stage, _: asked.append(stage))

    assert asked == ["anna: r05"]


def test_the_same_words_are_on_one_side_however_they_are_written() -> None:
    assert is_for_training("Ja, je leest het goed!") == is_for_training("ja je leest het goed")
    halves = [is_for_training(f"Satz {number}") for number in range(1000)]
    assert 0.45 < np.mean(halves) < 0.55


def test_given_times_line_up_with_the_sound(data_folder: Path) -> None:
    folder = data_folder / "speech" / "nathalie"
    given = dict(read_given(folder / "phones.jsonl"))
    pauses, sounds = [], []
    for name in sorted(given)[:60]:
        level = loudness(load_audio(folder / "audio" / f"{name}.ogg").samples, 16_000, 50.0)
        track = feature_track(given[name], np.arange(len(level)) / 50.0)
        pauses += level[track[:, INDEX["silence"]] == 1.0].tolist()
        sounds += level[track[:, INDEX["vowel"]] == 1.0].tolist()

    assert np.median(sounds) - np.median(pauses) > 20.0  # dB


def test_given_phones_cover_each_recording(data_folder: Path, tmp_path: Path) -> None:
    nathalie = next(one for one in READERS if one.source.name == "nathalie")
    folder = data_folder / "speech" / "nathalie"
    align = as_given(nathalie, folder, tmp_path, lambda stage, fraction: None)
    for name, text in recordings(folder)[:20]:
        audio = load_audio(folder / "audio" / f"{name}.ogg")

        phones = align(name, text, audio)

        assert phones[0].start == 0.0 and phones[-1].end == pytest.approx(audio.seconds)
        assert not any(STRESS[0] in phone.name for phone in phones)
