"""The letters and marks of the International Phonetic Alphabet, and the features each stands for.

After the charts of the International Phonetic Association (Handbook, 1999), with the letters that Kokoro and
espeak-ng use beside it.
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

FEATURES = (
    "silence",
    "vowel",
    "open",
    "close",
    "front",
    "back",
    "rounded",
    "long",
    "bilabial",
    "labiodental",
    "dental",
    "alveolar",
    "postalveolar",
    "palatal",
    "velar",
    "uvular",
    "glottal",
    "stop",
    "nasal",
    "fricative",
    "sibilant",
    "approximant",
    "lateral",
    "trill",
    "rhotic",
    "voiced",
)
"""What each column says, in 0..1.

Only vowels have ``open`` + ``close`` = 1 and ``front`` + ``back`` = 1. ``bilabial`` means that the lips
touch or nearly so; [w] is ``velar`` and ``rounded``. ``nasal`` means a lowered velum, in vowels too; a
nasal consonant is a ``stop``, since the mouth is shut.
``sibilant`` means that the teeth are together. ``trill`` holds for taps, ``glottal`` for pharyngeals.
"""

INDEX = {name: column for column, name in enumerate(FEATURES)}
"""Column of each feature."""

# Place, manner, voiceless letters, voiced letters, further features.
_CONSONANTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("bilabial", "stop", "p", "bɓʘ", ""),
    ("bilabial", "nasal", "", "m", ""),
    ("bilabial", "fricative", "ɸ", "β", ""),
    ("bilabial", "trill", "", "ʙ", ""),
    ("labiodental", "nasal", "", "ɱ", ""),
    ("labiodental", "fricative", "f", "v", ""),
    ("labiodental", "approximant", "", "ʋⱱ", ""),
    ("dental", "fricative", "θ", "ð", ""),
    ("dental", "stop", "ǀ", "", ""),
    ("alveolar", "stop", "tǃ", "dɗ", ""),
    ("alveolar", "nasal", "", "n", ""),
    ("alveolar", "fricative", "s", "z", "sibilant"),
    ("alveolar", "fricative", "ɬ", "ɮ", "lateral"),
    ("alveolar", "approximant", "", "l", "lateral"),
    ("alveolar", "approximant", "", "ɫ", "lateral velar"),
    ("alveolar", "approximant", "", "ɹ", "rhotic"),
    ("alveolar", "trill", "", "r", "rhotic"),
    ("alveolar", "trill", "", "ɾT", ""),
    ("alveolar", "trill", "", "ɺ", "lateral"),
    ("alveolar", "stop", "ǁ", "", "lateral"),
    ("postalveolar", "fricative", "ʃʂS", "ʒʐ", "sibilant"),
    ("postalveolar", "fricative", "ɕ", "ʑ", "sibilant palatal"),
    ("postalveolar", "stop", "ʈ", "ɖ", ""),
    ("postalveolar", "nasal", "", "ɳ", ""),
    ("postalveolar", "approximant", "", "ɻ", "rhotic"),
    ("postalveolar", "approximant", "", "ɭ", "lateral"),
    ("postalveolar", "trill", "", "ɽ", "rhotic"),
    ("palatal", "stop", "cǂ", "ɟʄ", ""),
    ("palatal", "nasal", "", "ɲ", ""),
    ("palatal", "fricative", "ç", "ʝ", ""),
    ("palatal", "approximant", "", "j", ""),
    ("palatal", "approximant", "", "ɥ", "rounded"),
    ("palatal", "approximant", "", "ʎ", "lateral"),
    ("velar", "stop", "k", "gɡɠ", ""),
    ("velar", "nasal", "", "ŋ", ""),
    ("velar", "fricative", "x", "ɣ", ""),
    ("velar", "fricative", "ɧ", "", "postalveolar"),
    ("velar", "fricative", "ʍ", "", "rounded"),
    ("velar", "approximant", "", "ɰ", ""),
    ("velar", "approximant", "", "w", "rounded"),
    ("velar", "approximant", "", "ʟ", "lateral"),
    ("uvular", "stop", "q", "ɢʛ", ""),
    ("uvular", "nasal", "", "ɴ", ""),
    ("uvular", "fricative", "χ", "ʁ", ""),
    ("uvular", "trill", "", "ʀ", "rhotic"),
    ("glottal", "fricative", "hħʜ", "ɦʕʢ", ""),
    ("glottal", "stop", "ʔʡ", "", ""),
)

# Letter: height (0 open .. 1 close), backness (0 front .. 1 back), rounding.
_VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (1.0, 0.0, 0.0),
    "y": (1.0, 0.0, 1.0),
    "ɨ": (1.0, 0.5, 0.0),
    "ʉ": (1.0, 0.5, 1.0),
    "ɯ": (1.0, 1.0, 0.0),
    "u": (1.0, 1.0, 1.0),
    "ɪ": (0.85, 0.2, 0.0),
    "ʏ": (0.85, 0.2, 1.0),
    "ᵻ": (0.85, 0.5, 0.0),
    "ᵿ": (0.85, 0.5, 1.0),
    "ʊ": (0.85, 0.8, 1.0),
    "e": (0.67, 0.0, 0.0),
    "ø": (0.67, 0.0, 1.0),
    "ɘ": (0.67, 0.5, 0.0),
    "ɵ": (0.67, 0.5, 1.0),
    "ɤ": (0.67, 1.0, 0.0),
    "o": (0.67, 1.0, 1.0),
    "ə": (0.5, 0.5, 0.0),
    "ᵊ": (0.5, 0.5, 0.0),
    "ɛ": (0.33, 0.0, 0.0),
    "œ": (0.33, 0.0, 1.0),
    "ɜ": (0.33, 0.5, 0.0),
    "ɞ": (0.33, 0.5, 1.0),
    "ʌ": (0.33, 1.0, 0.0),
    "ɔ": (0.33, 1.0, 1.0),
    "æ": (0.15, 0.0, 0.0),
    "ɐ": (0.15, 0.5, 0.0),
    "a": (0.0, 0.2, 0.0),
    "ɶ": (0.0, 0.0, 1.0),
    "ɑ": (0.0, 1.0, 0.0),
    "ɒ": (0.0, 1.0, 1.0),
}

SPELT_OUT = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "Q": "əʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "ɚ": "ə˞",
    "ɝ": "ɜ˞",
    "ʣ": "dz",
    "ʤ": "dʒ",
    "ʥ": "dʑ",
    "ʦ": "ts",
    "ʧ": "tʃ",
    "ʨ": "tɕ",
    "ꭦ": "dʐ",
    "ꭧ": "ʈʂ",
}
"""Letters that stand for several; capitals are Kokoro's."""


def _raises(**values: float) -> Callable[[Float32], None]:
    """A mark that sets features to at least these values."""

    def change(row: Float32) -> None:
        for name, value in values.items():
            row[INDEX[name]] = max(row[INDEX[name]], value)

    return change


def _moves(source: str, target: str, part: float, of: str = "") -> Callable[[Float32], None]:
    """A mark that turns a part of one feature into another, in phones that have the feature ``of``."""

    def change(row: Float32) -> None:
        if not of or row[INDEX[of]]:
            moved = part * row[INDEX[source]]
            row[INDEX[source]] -= moved
            row[INDEX[target]] += moved

    return change


def _sets(name: str, value: float) -> Callable[[Float32], None]:
    def change(row: Float32) -> None:
        row[INDEX[name]] = value

    return change


def _centralise(row: Float32) -> None:
    middle = (row[INDEX["front"]] + row[INDEX["back"]]) / 2.0
    for name in ("front", "back"):
        row[INDEX[name]] = (row[INDEX[name]] + middle) / 2.0


def _ignore(row: Float32) -> None:
    """A mark that says nothing about the mouth, such as stress or tone."""


MARKS: dict[str, Callable[[Float32], None]] = {
    "ː": _raises(long=1.0),
    "ˑ": _raises(long=0.5),
    "\u0303": _raises(nasal=1.0),  # tilde
    "ⁿ": _raises(nasal=0.5),
    "ʲ": _raises(palatal=0.5),
    "ˠ": _raises(velar=0.5),
    "\u0334": _raises(velar=0.5),  # tilde through the letter
    "ˤ": _raises(glottal=0.5),
    "ˁ": _raises(glottal=0.5),
    "ʷ": _raises(rounded=1.0),
    "ᵝ": _raises(rounded=0.5),  # lips compressed, as in Japanese
    "\u0339": _raises(rounded=1.0),  # more rounded
    "\u031c": _sets("rounded", 0.5),  # less rounded
    "˞": _raises(rhotic=1.0),
    "ʴ": _raises(rhotic=0.5),
    "ˡ": _raises(lateral=0.5),
    "\u0325": _sets("voiced", 0.0),  # ring below
    "\u030a": _sets("voiced", 0.0),  # ring above
    "\u032c": _sets("voiced", 1.0),
    "\u032a": _moves("alveolar", "dental", 1.0),
    "\u031d": _moves("open", "close", 0.3),  # raised
    "\u031e": _moves("close", "open", 0.3),  # lowered
    "\u031f": _moves("back", "front", 0.3),  # advanced
    "\u0320": _moves("front", "back", 0.3),  # retracted
    "\u0308": _centralise,
    "\u033d": _centralise,
}
MARKS |= dict.fromkeys("ˈˌ'ʼ’ʰʱˀ͜͡-‿|0123456789˥˦˧˨˩↑↓→↗↘ꜜꜛ^*~", _ignore)
# Accents: tone, extra short, syllabic or not, apical, laminal, breathy, creaky, unreleased, linguolabial.
MARKS |= dict.fromkeys(
    "\u0300\u0301\u0302\u0304\u030b\u030c\u030f\u0306\u0329\u032f\u033a\u033b\u0324\u0330\u031a\u033c",
    _ignore,
)
"""What each mark does to the (F,) features of the letter before it, in place."""


def _letters() -> dict[str, Float32]:
    rows: dict[str, Float32] = {}
    for place, manner, voiceless, voiced, further in _CONSONANTS:
        for voice, letters in enumerate((voiceless, voiced)):
            for letter in letters:
                rows[letter] = np.zeros(len(FEATURES), dtype=np.float32)
                for name in (place, manner, *further.split()):
                    rows[letter][INDEX[name]] = 1.0
                if manner == "nasal":
                    rows[letter][INDEX["stop"]] = 1.0
                rows[letter][INDEX["voiced"]] = voice
    for letter, (height, backness, rounded) in _VOWELS.items():
        rows[letter] = np.zeros(len(FEATURES), dtype=np.float32)
        named = {"vowel": 1.0, "voiced": 1.0, "rounded": rounded, "close": height, "open": 1.0 - height}
        named |= {"back": backness, "front": 1.0 - backness}
        for name, value in named.items():
            rows[letter][INDEX[name]] = value
    return rows


LETTERS = _letters()
"""(F,) features of each letter."""
