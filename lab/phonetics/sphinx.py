"""English speech with its text to phones with times, by the recogniser PocketSphinx.

A development requirement of whoever builds a corpus (PyPI ``pocketsphinx`` 5.1.1, BSD): its dictionary and
acoustic model of US English come with it. Words that the dictionary lacks are said as espeak-ng says them.
Nothing is added to its times: between vowels of the reader Kathleen, the sound falls where they let a closure
of the lips begin (median difference -4 ms) and rises again where they let it end (9 ms).
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.kokoro_phones import cover
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import features, phone_parts
from lab.phonetics.pronunciation import pronounce
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.audio import SAMPLE_RATE

Float32 = NDArray[np.float32]

IPA = {
    "AA": "ɑː", "AE": "æ", "AH": "ə", "AO": "ɔː", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɚ", "EY": "eɪ",
    "IH": "ɪ", "IY": "iː", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "uː",
    "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l",
    "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v",
    "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ", "SIL": "sil",
}  # fmt: skip
"""ARPAbet as PocketSphinx's dictionary uses it; its AH is most often the unstressed vowel."""

FRAME_S = 0.01
"""Resolution of the times."""

_PADDINGS_S = (0.25, 0.0, 0.07, 0.05, 0.1, 0.4)
# Silence put before and after, one try each: the first pass may leave a single frame to the mark of the
# sentence's beginning, in which the three states of its model have no room, and then the second finds no way.
# Whether it does hangs on where the frames happen to lie.


class SphinxAligner:
    """Forced alignment of US English."""

    def __init__(self) -> None:
        """Load the acoustic model and the dictionary.

        Raises:
            MMTalkerError: BAD_REQUEST when the package is not installed.
        """
        try:
            sphinx: Any = importlib.import_module("pocketsphinx")
        except ImportError as error:
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                "To find the phones of English recordings, the Python package 'pocketsphinx' is needed, and "
                "it is not installed. Install it with 'pip install pocketsphinx==5.1.1'.",
            ) from error
        self._decoder = sphinx.Decoder(lm=None, samprate=SAMPLE_RATE, loglevel="FATAL")

    def align(self, text: str, samples: Float32) -> tuple[Phone, ...]:
        """Find when each phone of ``text`` is said.

        Args:
            text: what is said.
            samples: (N,) 16 kHz mono in -1..1.

        Returns:
            Phones in IPA with pauses as ``sil``, from the first sample to the last.

        Raises:
            MMTalkerError: FILE_FORMAT when text and sound do not go together.
        """
        words = self._known_words(text)
        phones = [phone for word in self.align_words(words, samples) for phone in word]
        return cover(phones, len(samples) / SAMPLE_RATE)

    def align_words(self, words: Sequence[str], samples: Float32) -> list[tuple[Phone, ...]]:
        """Find the phones of each of ``words``, which the dictionary has; pauses are left out.

        Raises:
            MMTalkerError: FILE_FORMAT when words and sound do not go together.
        """
        for padding in _PADDINGS_S:
            found = self._segments(" ".join(words), samples, padding)
            if len(found) == len(words):
                return found
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The recording does not say {' '.join(words)!r}, as its transcript has it. Leave it out.",
        )

    def _known_words(self, text: str) -> list[str]:
        """The words of a sentence, all of them in the dictionary from now on."""
        words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower())
        spelt = [word.replace("’", "'") for word in words]
        for word in spelt:
            if self._decoder.lookup_word(word) is None:
                self._decoder.add_word(word, " ".join(arpabet(word)), True)
        return spelt

    def _segments(self, words: str, samples: Float32, padding: float) -> list[tuple[Phone, ...]]:
        """Phones of each word, within the recording; none where the search fails."""
        around = round(padding * SAMPLE_RATE)
        raw = (np.clip(np.pad(samples, around), -1.0, 1.0) * 32767).astype("<i2").tobytes()
        try:
            self._decoder.set_align_text(words)  # first which pronunciations and pauses, then their phones
            self._decode(raw)
            self._decoder.set_alignment()
            self._decode(raw)
            alignment = self._decoder.get_alignment()
        except RuntimeError:  # all that the package raises
            return []
        last = len(samples) / SAMPLE_RATE
        found = []
        for word in alignment:
            phones = []
            for phone in word:
                edges = (frame * FRAME_S - padding for frame in (phone.start, phone.start + phone.duration))
                start, end = (min(max(edge, 0.0), last) for edge in edges)
                phones.append(Phone(IPA[phone.name], start, end))
            if phones and phones[0].name != "sil":
                found.append(tuple(phones))
        return found

    def _decode(self, raw: bytes) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(raw, full_utt=True)
        self._decoder.end_utt()


def arpabet(word: str) -> list[str]:
    """Say a word in ARPAbet as espeak-ng says it: of each phone the nearest of the alphabet."""
    # espeak-ng writes the vowel of "nurse" without its r.
    spelt = {name: "ɜː" if name == "ER" else ipa for name, ipa in IPA.items()}
    alphabet = np.stack([features(ipa) for ipa in spelt.values()])
    names = list(IPA)
    said: list[str] = []
    for phone in (phone for spoken in pronounce(word, "en-us") for phone in spoken.phones):
        distance = np.abs(alphabet - features(phone)).sum(axis=1)
        if distance.min() < 1.0:
            said.append(names[int(distance.argmin())])
            continue
        for part in phone_parts(phone):  # such as [ɪɹ], which is two phones in ARPAbet
            said.append(names[int(np.abs(alphabet - part).sum(axis=1).argmin())])
    return said
