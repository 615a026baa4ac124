"""What Kokoro's voices say: every phone in context, tests apart from training, the same after a stop."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lab.corpus.clips import Corpus, read_clips
from lab.phonetics.kokoro_phones import phones_of
from lab.phonetics.phonology import features
from lab.sources import kokoro
from lab.sources.kokoro_plan import (
    HELD_OUT_VOICES,
    LANGUAGE_OF_VOICE,
    ROUNDS,
    Line,
    plan,
    read_texts,
)
from tests.lab.corpus.fake_speaker import VOICES, FakeSpeaker, few_texts, open_fake

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

LANGUAGES = set(LANGUAGE_OF_VOICE.values())

# The inventories of Kokoro's own spelling of each language, by the descriptions of its sounds.
INVENTORIES = {
    "en-US": "p b t d k ɡ m n ŋ f v θ ð s z ʃ ʒ h ʧ ʤ l ɹ j w T i ɪ ɛ æ ɑ ɔ u ʊ ʌ ə ɜ A I O W Y",
    "en-GB": "p b t d k ɡ m n ŋ f v θ ð s z ʃ ʒ h ʧ ʤ l ɹ j w iː ɪ ɛ a ɑː ɒ ɔː uː ʊ ʌ ə ɜː A I Q W Y",
    "es": "p b t d k ɡ m n ɲ f θ s x ʧ ʝ ʎ l ɾ r β ð ɣ a e i o u j w A I W",
    "fr": "p b t d k ɡ m n ɲ f v s z ʃ ʒ ʁ l j w a e ɛ i o ɔ u y ø œ ə ɑ̃ ɛ̃ ɔ̃ œ̃",
    "hi": "p b t d ʈ ɖ k ɡ c ɟ pʰ bʰ tʰ dʰ kʰ ɡʰ cʰ m n ɳ ŋ s ʃ ʂ h ʋ l ɾ ɽ j aː ɪ iː ʊ uː eː "
    "ɛː oː ɔː ə ʌ f z",
    "it": "p b t d k ɡ m n ɲ f v s z ʃ ʧ ʤ ʦ ʣ l ʎ r j w a e ɛ i o ɔ u",
    "ja": "p b t d k ɡ m n ɲ ŋ ɴ ɸ s z ɕ ç h ʦ ʣ ʨ ʥ ɾ j β ʔ a i ɯ ɨ e o aː iː oː eː",
    "pt": "p b t d k ɡ m n ɲ f v s z ʃ ʒ ʧ ʤ l ɾ r x j w a e ɛ i o ɔ u ʊ æ ɐ̃ A I",
    "zh": "p pʰ m f t tʰ n l k kʰ x ʨ ʨʰ ɕ ꭧ ꭧʰ ʂ ɻ ʦ ʦʰ s ŋ a o ɤ e i u y ɨ ə ɛ ʊ ɚ j w ɥ → ↗ ↓ ↘",
}


def pairs(letters: str) -> set[str]:
    """Pairs of neighbouring letters, leaving marks out."""
    plain = re.sub("[ˈˌː→↗↘↓ .,!?ʰʲ]", "", letters)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return plan(VOICES, read_texts())


@pytest.mark.parametrize("language", sorted(INVENTORIES))
def test_training_says_every_phone_of_a_language(language: str) -> None:
    said = "".join(t.letters for t in read_texts() if t.language == language and not t.test)

    assert [phone for phone in INVENTORIES[language].split() if phone not in said] == []


@pytest.mark.parametrize("language", sorted(INVENTORIES))
def test_the_tests_of_a_language_close_the_lips_and_bring_them_to_the_teeth(language: str) -> None:
    said = "".join(t.letters for t in read_texts() if t.language == language and t.test)
    teeth = {"ja": "ɸ", "hi": "ʋ"}.get(language, "f")

    assert sum(said.count(lips) for lips in "pbm") >= 15
    assert said.count(teeth) >= 2


@pytest.mark.parametrize("language", sorted(INVENTORIES))
def test_training_says_phones_in_many_contexts(language: str) -> None:
    heard = {pair for t in read_texts() if t.language == language and not t.test for pair in pairs(t.letters)}
    inventory = [phone for phone in INVENTORIES[language].split() if len(phone) == 1 and phone not in "→↗↓↘"]

    neighbours = {phone: len({pair for pair in heard if phone in pair}) for phone in inventory}

    assert min(neighbours.values()) >= 3, neighbours
    assert len(heard) >= 180


def test_every_phone_has_features() -> None:
    names = set()
    for text in read_texts():
        frames = np.ones(len(text.letters) + 2, dtype=np.int64)
        names |= {name for name, _, _ in phones_of(text.letters, frames, text.language)}

    assert all(features(name).any() for name in names)
    assert {"sil", "p", "tʃ", "ɔ̃", "tʰ"} <= names


def test_no_test_text_and_no_held_out_voice_is_in_training(lines: list[Line]) -> None:
    training = [line for line in lines if line.test_set is None]
    tests = [line for line in lines if line.test_set is not None]

    assert not {line.voice for line in training} & set(HELD_OUT_VOICES)
    assert not {line.text.letters for line in training} & {line.text.letters for line in tests}
    assert not {line.text.text.casefold() for line in training} & {
        line.text.text.casefold() for line in tests
    }


def test_test_sets_have_every_language(lines: list[Line]) -> None:
    voices = [line for line in lines if line.test_set == "kokoro-voices"]
    texts = [line for line in lines if line.test_set == "kokoro-texts"]

    assert {line.text.language for line in voices} == {line.text.language for line in texts} == LANGUAGES
    assert min(Counter(line.text.language for line in voices).values()) >= 12
    assert min(Counter(line.text.language for line in texts).values()) >= 12
    assert {line.voice for line in voices} == set(HELD_OUT_VOICES)
    assert not {line.voice for line in texts} & set(HELD_OUT_VOICES)


@pytest.mark.parametrize("rounds", [6, 20, ROUNDS])
def test_every_beginning_of_the_plan_is_balanced(rounds: int) -> None:
    training = [line for line in plan(VOICES, read_texts(), rounds) if line.test_set is None]

    voices = Counter(line.voice for line in training)
    languages = Counter(line.text.language for line in training)

    assert set(voices.values()) == {rounds}
    assert set(languages) >= LANGUAGES
    own = sum(LANGUAGE_OF_VOICE[line.voice[0]] == line.text.language for line in training)
    assert own >= len(training) / 2 - len(voices)
    assert plan(VOICES, read_texts(), rounds)[: len(VOICES)] == plan(VOICES, read_texts())[: len(VOICES)]


def test_names_are_unique_and_paces_vary(lines: list[Line]) -> None:
    assert len({line.name for line in lines}) == len(lines)
    speeds = [line.speed for line in lines]
    assert 0.8 <= min(speeds) < 0.85
    assert 1.25 < max(speeds) <= 1.3


def test_some_texts_pause_ask_and_call_out() -> None:
    for language in LANGUAGES:
        mine = [t.letters for t in read_texts() if t.language == language]
        assert all(sum(mark in letters for letters in mine) >= 5 for mark in ",?!"), language


def build(out: Path, rounds: int = 1, **options: object) -> None:
    kokoro.build(Path(), out, rounds=rounds, **{"opened": open_fake, **options})  # type: ignore[arg-type]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds take a second."""
    monkeypatch.setattr(kokoro, "read_texts", few_texts)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "kokoro").iterdir())}


def test_a_build_that_was_stopped_goes_on_to_the_same_corpus(tmp_path: Path, quick: None) -> None:
    build(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "stopped", opened=lambda folder: FakeSpeaker(stop_after=7))
    assert len(read_clips(tmp_path / "stopped", "kokoro")) == 7
    again = FakeSpeaker()

    build(tmp_path / "stopped", opened=lambda folder: again)

    assert files(tmp_path / "stopped") == files(tmp_path / "whole")
    assert len(again.said) == len(read_clips(tmp_path / "whole", "kokoro")) - 7


@pytest.mark.slow
def test_several_processes_record_the_same_as_one(tmp_path: Path, quick: None) -> None:
    build(tmp_path / "one", rounds=1)
    told: list[float] = []

    build(tmp_path / "two", rounds=1, jobs=2, progress=lambda stage, fraction: told.append(fraction))

    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert told[-1] == 1.0


def test_clips_say_who_speaks_what_and_what_for(tmp_path: Path, quick: None) -> None:
    build(tmp_path)

    clips = read_clips(tmp_path, "kokoro")
    corpus = Corpus(tmp_path, (kokoro.SOURCE,), tuple(clips))

    assert {clip.speaker for clip in clips} == set(VOICES)
    assert set(corpus.test_sets()) == {"kokoro-voices", "kokoro-texts"}
    assert all(clip.phones[0].start == 0.0 and clip.text for clip in clips)
    seen = {(clip.speaker, clip.text) for clip in corpus.training()}
    assert not {speaker for speaker, _ in seen} & set(HELD_OUT_VOICES)
    assert not {text for _, text in seen} & {
        clip.text for clips in corpus.test_sets().values() for clip in clips
    }
