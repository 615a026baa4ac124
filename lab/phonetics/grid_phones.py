"""Phones of GRID's sentences, each within the time that the corpus gives for its word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.kokoro_phones import cover
from lab.phonetics.phone_speech import Phone
from lab.phonetics.sphinx import SphinxAligner
from lab.sources.grid_files import PAUSES, GridClip
from mmtalker.speech.audio import SAMPLE_RATE

Float32 = NDArray[np.float32]

SAID_AS = {"z": "zed"}
"""Letters that the speakers, who are British, call otherwise than the recogniser's dictionary."""


def with_word_times(clip: GridClip, samples: Float32, aligner: SphinxAligner) -> GridClip:
    """Return a clip whose words have times: the corpus's own, else those at which the aligner finds them.

    Args:
        clip: a sentence.
        samples: (N,) its 16 kHz mono recording in -1..1.
        aligner: loaded once for all sentences.

    Raises:
        MMTalkerError: FILE_FORMAT when words and sound do not go together.
    """
    if clip.words:
        return clip
    said = clip.text.split()
    found = aligner.align_words([SAID_AS.get(word, word) for word in said], samples)
    words: list[tuple[float, float, str]] = []
    end = 0.0
    for word, phones in zip(said, found, strict=True):
        if phones[0].start > end:
            words.append((end, phones[0].start, "sil"))
        end = phones[-1].end
        words.append((phones[0].start, end, word))
    words.append((end, len(samples) / SAMPLE_RATE, "sil"))
    return replace(clip, words=tuple(words))


def grid_phones(
    words: Sequence[tuple[float, float, str]], samples: Float32, aligner: SphinxAligner
) -> tuple[Phone, ...]:
    """Find when each phone of a sentence is said.

    The sentence is aligned as a whole, and then the phones of each word are stretched to the word's time.

    Args:
        words: (start s, end s, word) of the corpus, pauses among them.
        samples: (N,) 16 kHz mono in -1..1.
        aligner: loaded once for all sentences.

    Returns:
        Phones in IPA with pauses as ``sil``, from the first sample to the last.

    Raises:
        MMTalkerError: FILE_FORMAT when words and sound do not go together.
    """
    said = [(start, end, SAID_AS.get(word, word)) for start, end, word in words if word not in PAUSES]
    found = aligner.align_words([word for _, _, word in said], samples)
    last = len(samples) / SAMPLE_RATE
    phones = []
    for (start, end, _), spoken in zip(said, found, strict=True):
        for phone in spoken:
            edges = np.interp([phone.start, phone.end], [spoken[0].start, spoken[-1].end], [start, end])
            a, b = np.minimum(edges, last).tolist()
            phones.append(Phone(phone.name, a, b))
    return cover(phones, last)
