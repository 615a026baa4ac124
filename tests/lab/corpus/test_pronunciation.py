"""Text to phones by espeak-ng: words apart, pauses where punctuation is, no marks that are not phones."""

import shutil

import pytest

from lab.phonetics.pronunciation import pronounce
from mmtalker.errors import MMTalkerError

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def test_words_come_with_their_phones_and_pauses() -> None:
    words = pronounce("Bitte ein Pfund Äpfel, zwei Birnen.", "de")

    assert [len(word.phones) for word in words][:3] == [4, 2, 4]
    assert words[0].phones[0] == "b"
    assert [word.pause for word in words] == [False, False, False, True, False, True]


def test_a_language_switch_leaves_no_phone() -> None:
    phones = [phone for word in pronounce("Das ist ein Computer Hello World.", "de") for phone in word.phones]

    assert not any("(" in phone or phone.strip("ˈˌ") == "" for phone in phones)


def test_german_r_is_not_trilled() -> None:
    said = [word.phones for word in pronounce("Wurst kurz Rad", "de")]

    assert said[0][2] == "ʁ" and said[1][:3] == ("k", "ʊ", "ʁ") and said[2][0] == "ʁ"


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(MMTalkerError, match="'qq'"):
        pronounce("a", "qq")
