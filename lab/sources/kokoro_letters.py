"""Spells sentences of any language in the phone letters that Kokoro was trained on.

Kokoro writes espeak-ng's phones with single letters for diphthongs and affricates; Japanese is spelt
from kana and Mandarin from pinyin with an arrow for the tone. Only `kokoro_texts.py` needs this:
what the voices say is stored spelt.
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

import importlib
import re
import subprocess
import unicodedata
from collections.abc import Collection
from typing import Any

ESPEAK = {
    "en-US": "en-us", "en-GB": "en-gb", "es": "es", "fr": "fr-fr", "hi": "hi", "it": "it", "pt": "pt-br",
    "de": "de", "nl": "nl", "pl": "pl", "tr": "tr",
}  # fmt: skip
"""espeak-ng's voice for each language that is spelt by it."""

TIED = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "ɔ^ɪ": "Y", "o^ʊ": "O", "ə^ʊ": "Q",
    "d^ʒ": "ʤ", "t^ʃ": "ʧ", "d^z": "ʣ", "t^s": "ʦ", "ə^l": "ᵊl",
}  # fmt: skip
ENGLISH = {"ʔn̩": "tᵊn", "ʔ": "t", "ɚ": "əɹ", "r": "ɹ", "x": "k", "ç": "k", "ʲ": "", "̃": ""}
AMERICAN = {"ʔn̩": "tᵊn", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪ^ə": "iə", "ː": "", "ɾ": "T", "o": "ɔ"}
BRITISH = {"e^ə": "ɛː", "i^ə": "ɪə"}
NEAREST = {"ʏ": "y", "ɵ": "ø", "ɫ": "l", "ɭ": "l", "ʑ": "ʒ", "ʱ": "ʰ", "ʷ": "w"}
"""Letters that Kokoro does not know."""

MARKS = ",.!?"
FULL_WIDTH = str.maketrans("，。！？、", ",.!?,")


def pairs(table: str) -> dict[str, str]:
    """Read what is written as ``key:value`` with blanks between."""
    return dict(pair.split(":") for pair in table.split())


KANA = pairs(
    """
    あ:a い:i う:ɯ え:e お:o ぁ:a ぃ:i ぅ:ɯ ぇ:e ぉ:o か:ka き:kʲi く:kɯ け:ke こ:ko が:ɡa ぎ:ɡʲi ぐ:ɡɯ
    げ:ɡe ご:ɡo さ:sa し:ɕi す:sɨ せ:se そ:so ざ:ʣa じ:ʥi ず:zɨ ぜ:ʣe ぞ:ʣo た:ta ち:ʨi つ:ʦɨ て:te
    と:to だ:da ぢ:ʥi づ:zɨ で:de ど:do な:na に:ɲi ぬ:nɯ ね:ne の:no は:ha ひ:çi ふ:ɸɯ へ:he ほ:ho
    ば:ba び:bʲi ぶ:bɯ べ:be ぼ:bo ぱ:pa ぴ:pʲi ぷ:pɯ ぺ:pe ぽ:po ま:ma み:mʲi む:mɯ め:me も:mo や:ja
    ゆ:jɯ よ:jo ら:ɾa り:ɾʲi る:ɾɯ れ:ɾe ろ:ɾo わ:βa を:o っ:ʔ ー:ː
    """
)
SMALL_Y = {"ゃ": "a", "ゅ": "ɨ", "ょ": "o"}
SMALL_VOWELS = {"ɯ": "ぁぃぇぉ", "e": "ぃぇ", "i": "ぃぇ"}
"""Small vowels that take the place of the vowel before them, by that vowel."""
PALATAL = ("ʲ", "ɕ", "ʨ", "ʥ", "ɲ", "ç")
NASALS = {"[pbm]": "m", "[kɡ]": "ŋ", "[ɲʨʥ]": "ɲ", "[tdnsʣʦzɾɕ]": "n"}
"""What ん becomes before what."""
PARTICLES = {"は": "βa", "へ": "e"}

INITIALS = pairs(
    """
    zh:ꭧ ch:ꭧʰ sh:ʂ b:p p:pʰ m:m f:f d:t t:tʰ n:n l:l g:k k:kʰ h:x j:ʨ q:ʨʰ x:ɕ r:ɻ z:ʦ c:ʦʰ s:s
    """
)
FINALS = pairs(
    """
    a:a0 ai:ai0 an:a0n ang:a0ŋ ao:au0 e:ɤ0 ei:ei0 en:ə0n eng:ə0ŋ er:ɚ0 i:i0 ia:ja0 ian:jɛ0n iang:ja0ŋ
    iao:jau0 ie:je0 in:i0n ing:i0ŋ iong:jʊ0ŋ iu:jou0 o:wo0 ong:ʊ0ŋ ou:ou0 u:u0 ua:wa0 uai:wai0 uan:wa0n
    uang:wa0ŋ ui:wei0 un:wə0n uo:wo0 ueng:wə0ŋ ü:y0 üe:ɥe0 üan:ɥɛ0n ün:y0n ɨ:ɨ0
    """
)
"""Finals of pinyin; 0 is where the tone is written."""
ALONE = pairs(
    """
    yi:i yin:in ying:ing yu:ü yue:üe yuan:üan yun:ün you:iu yong:iong wu:u wei:ui wen:un
    """
)
"""How pinyin writes finals that no initial comes before; else y stands for i and w for u."""
SYLLABIC = ("zh", "ch", "sh", "r", "z", "c", "s")
TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}


def spell(text: str, language: str, vocabulary: Collection[str]) -> str:
    """Return a sentence in Kokoro's letters, its pauses kept.

    Japanese comes in kana and Mandarin in characters, both with blanks between words.
    """
    parts = [part for part in re.split(r"(?<=[,.!?])\s*", tidy(text)) if part.strip()]
    spelt = []
    for part in parts:
        mark = part[-1] if part[-1] in MARKS else ""
        words = part.rstrip(MARKS).strip()
        if language == "ja":
            found = " ".join(japanese_word(word) for word in words.split())
        elif language == "zh":
            found = " ".join(mandarin_word(word) for word in words.split())
        else:
            found = by_espeak(part, language)
        spelt.append("".join(letter for letter in found if letter in vocabulary) + mark)
    return " ".join(spelt)


def tidy(text: str) -> str:
    """Write every pause with one of four marks."""
    text = text.translate(FULL_WIDTH).replace("।", ".").replace("¿", "").replace("¡", "")
    return re.sub(r"\s+([,.!?])", r"\1", text)


def by_espeak(clause: str, language: str) -> str:
    """Return Kokoro's letters of a clause."""
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", ESPEAK[language], clause]
    ipa = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Version 1.51 prints two question marks for the German "ur".
    return from_espeak(" ".join(ipa.split()).replace("??", "ʊɾ"), language)


def phone_lines(words: list[str], language: str) -> list[str]:
    """Return espeak-ng's phones of each of many words, asked for at once."""
    command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", ESPEAK[language]]
    text = "".join(f"{word}.\n\n" for word in words)
    ipa = subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout
    return [line.strip() for line in ipa.splitlines() if line.strip()]


def from_espeak(ipa: str, language: str) -> str:
    """Turn espeak-ng's phones with ties into Kokoro's letters."""
    ipa = re.sub(r"\(\^?[a-z^]+\)", "", ipa).replace("_", "").replace("-", "")
    ipa = unicodedata.normalize("NFD", ipa).replace("c\u0327", "\u00e7").replace("r.", "ɽ")
    tables = {"en-US": (TIED, AMERICAN, ENGLISH), "en-GB": (BRITISH, TIED, ENGLISH)}
    for table in tables.get(language, (TIED,)):
        for theirs, own in table.items():
            ipa = ipa.replace(theirs, own)
    ipa = re.sub(r"(\S)̩", r"ᵊ\1", ipa).replace("^", "")
    for theirs, own in NEAREST.items():
        ipa = ipa.replace(theirs, own)
    if language == "de":
        ipa = ipa.replace("ɜ", "ɐ")
    if language == "pt":
        ipa = re.sub(r"(?<=[^aeiouɐæɔɛʊ̃\s])[jy](?=\s|$)", "i", ipa).replace("y", "i")
    return ipa


def japanese_word(word: str) -> str:
    """Spell a word in kana."""
    kana = "".join(chr(ord(c) - 96) if "ァ" <= c <= "ヶ" else c for c in word)
    if kana in PARTICLES:
        return PARTICLES[kana]
    found = ""
    for letter in kana:
        if letter in SMALL_Y:
            found = found.removesuffix("i")
            found += SMALL_Y[letter] if found.endswith(PALATAL) else "j" + SMALL_Y[letter]
        elif letter in SMALL_VOWELS.get(found[-1:], ""):
            found = found[:-1] + KANA[letter]
        else:
            found += "N" if letter == "ん" else KANA[letter]
    for before, nasal in NASALS.items():
        found = re.sub(f"N(?={before})", nasal, found)
    found = re.sub(r"([aeoɯi])\1", r"\1ː", found.replace("N", "ɴ"))
    return found.replace("oɯ", "oː")


def mandarin_word(word: str) -> str:
    """Spell a word in characters by its pinyin."""
    pypinyin: Any = importlib.import_module("pypinyin")
    numbered = pypinyin.Style.TONE3
    pinyin = pypinyin.lazy_pinyin(word, style=numbered, neutral_tone_with_five=True, v_to_u=True)
    return "".join(syllable(one) for one in pinyin)


def syllable(pinyin: str) -> str:
    """Spell one syllable of numbered pinyin."""
    body, tone = (pinyin[:-1], pinyin[-1]) if pinyin[-1] in TONES else (pinyin, "5")
    initial = next((i for i in INITIALS if body.startswith(i)), "")
    final = body[len(initial) :]
    if not initial:
        final = ALONE.get(body) or body.replace("y", "i").replace("w", "u")
    elif initial in ("j", "q", "x") and final.startswith("u"):
        final = "ü" + final[1:]
    elif final == "i" and initial in SYLLABIC:
        final = "ɨ"
    return INITIALS.get(initial, "") + FINALS[final].replace("0", TONES[tone])
