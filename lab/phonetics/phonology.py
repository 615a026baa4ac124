"""Articulatory features of phones: what an IPA symbol of any language says about lips, jaw, tongue and voice.

A phone is read letter by letter, diacritics changing the letter before them, so that combinations nobody
listed have sensible features too. Diphthongs and affricates are what their letters say, one after another;
there is therefore no feature ``affricate``: [tʃ] is a stop and then a fricative.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonetic_chart import FEATURES, INDEX, LETTERS, MARKS, SPELT_OUT
from mmtalker.errors import ErrorCode, MMTalkerError

__all__ = ["FEATURES", "INDEX", "feature_track", "features", "phone_parts"]

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

PAUSES = frozenset({"", "sil", "sp", "pau", "_", "#"})
"""Names of phones that are no sound, in small letters or capitals; so are marks of punctuation."""

UNCLEAR = "spn"
"""What aligners call speech that they do not understand."""

NEUTRAL = "ə"
"""What unclear speech counts as, and in a track any phone that cannot be read."""

GLIDE_STEPS = 4
"""Steps in which one vowel of a diphthong becomes the next."""

_FRAME_S = 1.0 / 50.0  # of a track with a single row


def phone_parts(phone: str) -> Float32:
    """Read a phone: features of what its letters say one after another.

    Args:
        phone: in IPA, with or without marks of length, stress and tone; a name of :data:`PAUSES`; or
            punctuation.

    Returns:
        (S, F) one row for each letter, never none.

    Raises:
        MMTalkerError: FILE_FORMAT for a letter that is not of the alphabet.
    """
    pause = np.zeros((1, len(FEATURES)), dtype=np.float32)
    pause[0, INDEX["silence"]] = 1.0
    if phone.strip().lower() in PAUSES:
        return pause
    known = NEUTRAL if phone.lower() == UNCLEAR else phone
    spelt = "".join(SPELT_OUT.get(letter, letter) for letter in known)
    # Accents apart from their letters, but for the cedilla, which makes a letter of its own.
    apart = unicodedata.normalize("NFD", spelt).replace("c\u0327", "ç")
    rows: list[Float32] = []
    paused = False
    for letter in apart:
        if letter in LETTERS:
            rows.append(LETTERS[letter].copy())
        elif letter in MARKS:
            if rows:
                MARKS[letter](rows[-1])
        elif unicodedata.category(letter)[0] in "PZ":
            paused = True
        else:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"The phone {phone!r} has the letter {letter!r} (U+{ord(letter):04X}), which is not of the "
                "phonetic alphabet. Write phones in IPA.",
            )
    if not rows and not paused:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The phone {phone!r} is made of marks alone. Give each mark with the letter it changes.",
        )
    return np.stack(rows) if rows else pause


def features(phone: str) -> Float32:
    """Return the (F,) features of a phone, those of its letters on the average.

    Raises:
        MMTalkerError: FILE_FORMAT for a phone that is not written in IPA.
    """
    mean: Float32 = phone_parts(phone).mean(axis=0)
    return mean


def feature_track(phones: Sequence[Phone], times: Float64) -> Float32:
    """Features of every frame: their mean over the time that belongs to the frame.

    Vowels of a diphthong glide into each other, an affricate's halves follow each other, and time that no
    phone covers is silent. A phone that cannot be read counts as :data:`NEUTRAL`.

    Args:
        phones: in the order of time, not overlapping.
        times: (T,) middles of the frames in seconds, evenly spaced.

    Returns:
        (T, F).
    """
    edges, rows = _pieces(phones)
    width = float(times[1] - times[0]) if len(times) > 1 else _FRAME_S
    # What has been gathered until each edge; a frame's mean is the difference between its two ends.
    gathered = np.concatenate(
        [np.zeros((1, rows.shape[1])), np.cumsum(rows * np.diff(edges)[:, None], axis=0)]
    )
    ends = np.stack([times - width / 2.0, times + width / 2.0])
    inside = np.clip(ends, edges[0], edges[-1])
    track = np.empty((len(times), len(FEATURES)), dtype=np.float32)
    for column in range(len(FEATURES)):
        early, late = np.interp(inside, edges, gathered[:, column])
        track[:, column] = (late - early) / width
    track[:, INDEX["silence"]] += 1.0 - (inside[1] - inside[0]) / width
    return track


def _pieces(phones: Sequence[Phone]) -> tuple[Float64, Float64]:
    """Edges (N + 1,) in seconds and features (N, F) between them."""
    silence = phone_parts("sil")
    edges = [phones[0].start if phones else 0.0]
    rows: list[Float32] = [silence]
    edges.append(edges[0])
    for phone in phones:
        if phone.start > edges[-1]:
            rows.append(silence)
            edges.append(phone.start)
        steps = _over_time(phone.name)
        start = edges[-1]
        edges.extend(np.linspace(start, max(phone.end, start), len(steps) + 1)[1:])
        rows.append(steps)
    return np.array(edges, dtype=np.float64), np.concatenate(rows).astype(np.float64)


def _over_time(phone: str) -> Float32:
    """(N, F) features of equal parts of a phone's time."""
    try:
        parts = phone_parts(phone)
    except MMTalkerError:
        parts = phone_parts(NEUTRAL)
    if len(parts) == 1 or not parts[:, INDEX["vowel"]].all():
        return parts
    places = np.linspace(0.0, len(parts) - 1.0, GLIDE_STEPS * (len(parts) - 1))
    knots = np.arange(len(parts))
    columns = [np.interp(places, knots, column) for column in parts.T]
    return np.stack(columns, axis=1).astype(np.float32)
