"""From Kokoro's letters and the frames it gave each to phones with times.

The duration predictor inside the network says how many frames of 25 ms each letter lasts, so the times
are those that the sound was made from; only where pauses begin and end is read from the sound.
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.phone_speech import Phone

Sound = NDArray[np.float64]
Frames = NDArray[np.int64]
Timed = tuple[str, float, float]
"""A phone with its start and end in frames."""

KOKORO_RATE = 24_000
"""Samples a second of what Kokoro says."""

FRAME = 600
"""Samples of one frame of the duration predictor."""

LEAD = 2.5
"""Frames by which the sound is ahead of the predictor.

Measured where the energy of 1,500 consonants between vowels falls and rises in its sound, in all languages
alike, within 10 ms. Kokoro's own pipeline takes off three.
"""

SILENT_DB = -40.0
"""A phone before a pause ends where the level falls this far below the loudest frame."""

STRESS = frozenset("ˈˌ")
LENGTH = frozenset("ːʰʲ\u0303ᵝ")
TONES = frozenset("→↗↘↓")
PAUSES = frozenset(",.;:!?—…")
OBSTRUENTS = frozenset("pbtdkɡsɕzʦʣʨʥɸfhç")
"""What a Japanese geminate can be: its first half is written ʔ."""

IPA = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ", "T": "ɾ", "S": "sː", "ᵊ": "ə", "ᵻ": "ɪ",
    "ʤ": "dʒ", "ʧ": "tʃ", "ʣ": "dz", "ʥ": "dʑ", "ʦ": "ts", "ʨ": "tɕ", "ꭧ": "ʈʂ",
}  # fmt: skip
"""What Kokoro writes as one letter."""

IPA_OF_LANGUAGE = {"hi": {"c": "tʃ", "ɟ": "dʒ"}, "ja": {"β": "w", "ɨ": "ɯ"}}
"""What the same letter stands for in one language only."""


def phones_of(letters: str, frames: Frames, language: str = "en-US") -> list[Timed]:
    """Turn letters and their frames into phones, pauses being ``sil``.

    A stress mark's frames belong to the phone behind it, those of marks of length, aspiration, nasality and
    tone to the one before. A blank between words is heard as the end of one phone and the start of the next,
    one half each; behind a pause it belongs to the pause.

    Args:
        letters: what Kokoro was asked to say.
        frames: (letters + 2,) of each letter, the first and the last being the silent ends.
        language: BCP 47 code, for letters that mean something else in it.
    """
    ipa = IPA | IPA_OF_LANGUAGE.get(language, {})
    found: list[Timed] = []
    clock, waiting = float(frames[0]) - LEAD, 0.0
    for letter, following, count in zip(letters, letters[1:] + " ", frames[1:-1].tolist(), strict=True):
        begin, clock = clock, clock + count
        if letter in STRESS or (letter == "ʔ" and following in OBSTRUENTS):
            waiting += count
        elif letter == " ":
            kept = count if found and found[-1][0] == "sil" else count / 2
            found[-1:] = [(name, first, begin + kept) for name, first, _ in found[-1:]]
            waiting = count - kept
        elif letter in LENGTH or letter in TONES:
            found[-1:] = [(name + letter * (letter in LENGTH), first, clock) for name, first, _ in found[-1:]]
        else:
            name = "sil" if letter in PAUSES else ipa.get(letter, letter)
            found.append((name, begin - waiting, clock))
            waiting = 0.0
    return found


def end_at_silence(phones: list[Timed], sound: Sound) -> list[Timed]:
    """Move the edges of pauses to where the sound really stops and starts; drop the last pause.

    The predictor counts the rest after a word's last sound as part of that sound, and gives frames to a
    comma that is not heard at all.

    Args:
        phones: as the predictor says.
        sound: (N,) of them.
    """
    whole = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    level = 10 * np.log10(np.mean(whole**2, axis=1) + 1e-12)
    quiet = np.append(level < level.max() + SILENT_DB, True)
    found: list[Timed] = []
    for phone, begin, end in phones:
        if phone != "sil" or not found:
            found.append((phone, found[-1][2] if found else begin, end))
            continue
        name, first, _ = found.pop()
        pause, after = int(begin), int(end)
        heard = np.flatnonzero(~quiet[int(first) : pause])
        stop = int(first) + int(heard[-1]) + 1 if heard.size else pause
        rest = np.flatnonzero(quiet[stop:after])
        if rest.size:
            found += [
                (name, first, stop + int(rest[0])),
                ("sil", stop + int(rest[0]), stop + int(rest[-1]) + 1),
            ]
        else:
            found.append((name, first, end))
    return found[:-1] if found[-1][0] == "sil" else found


def cover(spoken: list[Phone], seconds: float) -> tuple[Phone, ...]:
    """Fill what lies between the phones of a recording with ``sil``, and join silences that touch."""
    joined: list[Phone] = []
    clock = 0.0
    for phone in [*spoken, Phone("sil", seconds, seconds)]:
        pieces = [Phone("sil", clock, phone.start)] if phone.start > clock + 1e-6 else []
        for piece in [*pieces, phone] if phone.end > phone.start else pieces:
            if joined and joined[-1].name == piece.name == "sil":
                joined[-1] = Phone("sil", joined[-1].start, piece.end)
            else:
                joined.append(piece)
        clock = phone.end
    return tuple(joined)
