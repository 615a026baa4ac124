"""Forced alignment in any language: when each phone of a known text is said, by our own phone recogniser."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.kokoro_phones import cover
from lab.phonetics.phone_recogniser import RECOGNISER_RATE, Encoded, PhoneRecogniser, moments
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phone_training import readable_parts
from lab.phonetics.phonology import phone_parts
from lab.phonetics.pronunciation import Word, pronounce
from lab.phonetics.viterbi import Stretch, best_path
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.audio import Audio

Float32 = NDArray[np.float32]

LEAST_PART_S = 0.02
"""The shortest that a phone, or one of its letters, is said."""

LEAST_PAUSE_S = 0.06
"""A shorter silence between words is the closure of a stop."""

LEAST_SCORE = -2.5
"""Mean logarithmic probability of what was said below which the text is another one."""


class Aligner:
    """Forced alignment by a phone recogniser.

    Args:
        recogniser: of phones.
        encode: gives the (T, L, D) layers of a recording.
    """

    def __init__(self, recogniser: PhoneRecogniser, encode: Callable[[Audio], Encoded]) -> None:
        self._recogniser = recogniser
        self._encode = encode

    def align(self, text: str, audio: Audio, language: str) -> tuple[Phone, ...]:
        """Find when each phone of ``text`` is said.

        Args:
            text: what is said.
            audio: the recording.
            language: espeak-ng's name of the language, such as ``de``.

        Returns:
            Phones as espeak-ng writes them, with pauses as ``sil``, from the first sample to the last.

        Raises:
            MMTalkerError: FILE_FORMAT when text and sound do not go together; BAD_REQUEST without espeak-ng.
        """
        return self.align_words(pronounce(text, language), audio)

    def align_words(self, words: Sequence[Word], audio: Audio) -> tuple[Phone, ...]:
        """Find when each phone of known ``words`` is said; see :meth:`align`."""
        found = align_encoded(self._recogniser, self._encode(audio), words)
        if found is None or found[1] < LEAST_SCORE:
            said = " ".join("".join(word.phones) for word in words)
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"The recording does not say [{said}], as its transcript has it. Leave it out.",
            )
        last = audio.seconds
        clipped = [Phone(p.name, min(p.start, last), min(p.end, last)) for p in found[0]]
        return cover(clipped, last)


def align_encoded(
    recogniser: PhoneRecogniser, encoded: Encoded, words: Sequence[Word]
) -> tuple[list[Phone], float] | None:
    """Align known words, with pauses possible before, between and behind them.

    Returns:
        The phones, pauses left out (the last ends at infinity where no pause follows), and the mean
        logarithmic probability of a moment; None where the recording is too short for the words.
    """
    names: list[str] = []
    pieces: list[tuple[int, NDArray[np.float32], Stretch]] = []  # number of the phone, features
    silence = phone_parts("sil")[0]
    pause = Stretch(round(LEAST_PAUSE_S * RECOGNISER_RATE), optional=True)
    part = Stretch(round(LEAST_PART_S * RECOGNISER_RATE))
    for word in words:
        pieces.append((-1, silence, pause))
        for phone in word.phones:
            pieces += [(len(names), row, part) for row in readable_parts(phone)]
            names.append(phone)
    pieces.append((-1, silence, pause))
    rows, place = np.unique(np.stack([row for _, row, _ in pieces]), axis=0, return_inverse=True)
    scores = recogniser.log_probabilities(encoded, rows)[:, place.ravel()]
    found = best_path(scores, [stretch for _, _, stretch in pieces])
    if found is None:
        return None
    path, score = found
    owner = np.array([number for number, _, _ in pieces])[path]
    starts = moments(len(encoded)) - 0.5 / RECOGNISER_RATE
    phones = []
    for number, name in enumerate(names):
        held = np.flatnonzero(owner == number)
        # The last moment lasts to the end of the recording.
        end = starts[held[-1] + 1] if held[-1] + 1 < len(starts) else math.inf
        phones.append(Phone(name, max(0.0, float(starts[held[0]])), float(end)))
    return phones, score
