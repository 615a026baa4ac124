"""Articulatory features: what a phone's letters and marks say, and how a track follows them."""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import FEATURES, INDEX, feature_track, features, phone_parts
from mmtalker.errors import MMTalkerError

KOKORO_LETTERS = (
    ';:,.!?—…"()“” ̃ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔ'
    "ˈˌːʰʲ↓→↗↘ᵻ"
)

SENTENCES = {
    "en-us": "A pale pink moth flew past the lamp, and thirty thieves judged the church.",
    "en-gb": "Look at the good cook who took the wood and shook the bushes.",
    "de": "Bitte bring mir fünf Pflaumen und möglichst schöne Äpfel.",
    "nl": "Mijn moeder bakt op maandag bruin brood met boter en pruimenjam.",
    "fr-fr": "Le beau bébé a une poupée brune et un ballon bleu dans son bain.",
    "es": "El perro de Bárbara ama el verano y bebe mucha agua.",
    "it": "La mamma porta a Beppe una bella pizza e gli spaghetti.",
    "pt-br": "O menino bebe um copo de água e come pão com manteiga.",
    "pl": "Mama kupiła papierowe pudełko i piękną białą bluzkę.",
    "ru": "Мама мыла раму, а папа читал большую газету.",
    "hi": "मेरे भाई को फूल और पानी पसंद है।",
    "cmn": "妈妈买了一匹白马和苹果。",
    "ar": "ذهبت أمي إلى السوق في الصباح.",
    "sv": "Min mamma sjunger sköna sånger på sjön.",
}


def said(phone: str) -> set[str]:
    return {name for name, value in zip(FEATURES, features(phone), strict=True) if value == 1.0}


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("b", {"bilabial", "stop", "voiced"}),
        ("m", {"bilabial", "stop", "nasal", "voiced"}),
        ("f", {"labiodental", "fricative"}),
        ("s", {"alveolar", "fricative", "sibilant"}),
        ("w", {"velar", "approximant", "rounded", "voiced"}),
        ("uː", {"vowel", "close", "back", "rounded", "long", "voiced"}),
        ("tʷ", {"alveolar", "stop", "rounded"}),
        ("t̪ʰ", {"dental", "stop"}),
        ("b̥", {"bilabial", "stop"}),
        ("sil", {"silence"}),
        (",", {"silence"}),
    ],
)
def test_letters_and_marks_say_where_and_how(phone: str, expected: set[str]) -> None:
    assert said(phone) == expected


@pytest.mark.parametrize("mark", ["ˈ", "ˌ", "5", "˥", "↗"])
def test_stress_and_tone_change_nothing(mark: str) -> None:
    np.testing.assert_array_equal(features(f"{mark}a{mark}"), features("a"))


def test_vowels_differ_by_degree() -> None:
    openness = [features(vowel)[INDEX["open"]] for vowel in "iɪeɛæa"]

    assert openness == sorted(openness)
    assert features("õ")[INDEX["nasal"]] == 1.0  # one letter or two, the accent counts
    assert features("õ")[INDEX["nasal"]] == 1.0


def test_an_affricate_is_its_two_halves() -> None:
    for phone in ("ʧ", "tʃ", "t͡ʃ"):
        np.testing.assert_array_equal(phone_parts(phone), np.stack([features("t"), features("ʃ")]))


def test_a_diphthong_glides() -> None:
    track = feature_track([Phone("aɪ", 0.0, 0.2)], np.arange(10) * 0.02 + 0.01)

    close = track[:, INDEX["close"]]
    assert close[0] == pytest.approx(0.0) and close[-1] == pytest.approx(0.85)
    assert (np.diff(close) >= -1e-6).all() and len(np.unique(close.round(3))) >= 4


def test_a_frame_holds_each_phone_by_its_share() -> None:
    phones = [Phone("sil", 0.0, 0.1), Phone("m", 0.1, 0.115), Phone("i", 0.115, 0.2)]

    track = feature_track(phones, np.arange(12) * 0.02)

    np.testing.assert_allclose(track[5, [INDEX["silence"], INDEX["bilabial"]]], [0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(track[6, [INDEX["bilabial"], INDEX["vowel"]]], [0.25, 0.75], atol=1e-6)
    np.testing.assert_allclose(track[[0, 11], INDEX["silence"]], 1.0, atol=1e-6)  # beyond the phones, too


def test_gaps_and_nothing_at_all_are_silent() -> None:
    times = np.arange(5) * 0.02

    np.testing.assert_array_equal(feature_track([], times)[:, INDEX["silence"]], 1.0)
    gap = feature_track([Phone("m", 0.0, 0.03), Phone("m", 0.05, 0.09)], times)
    np.testing.assert_allclose(gap[2, INDEX["silence"]], 1.0, atol=1e-6)


def test_a_letter_from_elsewhere_is_named() -> None:
    with pytest.raises(MMTalkerError, match="'bЖ' has the letter 'Ж'"):
        features("bЖ")
    np.testing.assert_allclose(
        feature_track([Phone("bЖ", 0.0, 1.0)], np.array([0.5])), features("ə")[None], atol=1e-6
    )


@pytest.mark.parametrize("letter", KOKORO_LETTERS)
def test_every_letter_of_kokoro_is_known(letter: str) -> None:
    assert phone_parts(f"a{letter}").sum() > 0


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize("language", SENTENCES)
def test_what_espeak_says_is_known(language: str) -> None:
    command = ["espeak-ng", "-q", "--ipa", "--sep=_", "-v", language, SENTENCES[language]]
    spoken = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    phones = [phone for phone in spoken.replace("\n", "_").replace(" ", "_").split("_") if phone.strip()]

    assert len(phones) > 20
    for phone in phones:
        assert phone_parts(phone).sum() > 0


def test_the_phones_of_a_real_recording_are_known(data_folder: Path) -> None:
    lines = (data_folder / "speech" / "nathalie" / "phones.jsonl").read_text(encoding="utf-8").splitlines()
    names = {p["phone"] for line in lines for word in json.loads(line)["words"] for p in word["phones"]}

    assert len(names) > 40
    for name in names:
        assert phone_parts(name).sum() > 0
