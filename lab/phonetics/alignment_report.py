"""How well phones are found: ``python -m lab alignment-report CORPUS`` says it of a corpus.

Edges are compared with the times that come with Kokoro's held-out voices and with the half of Nathalie's
recordings that is for tests, on Kathleen's with PocketSphinx, and all readers' closures with the sound.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from lab.corpus.clips import Clip, Corpus, read_corpus
from lab.phonetics.alignment import align_encoded
from lab.phonetics.closures import heard_closures
from lab.phonetics.corpus_recogniser import corpus_recogniser
from lab.phonetics.phone_recogniser import Encoded, PhoneRecogniser
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import INDEX, features
from lab.phonetics.pronunciation import Word
from mmtalker.model.loading import DEFAULT_FOLDER
from mmtalker.speech.audio import Audio, load_audio
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME

COMPARED = ("kokoro-voices", "nathalie", "kathleen")
"""Test sets whose phone times were not found by the recogniser."""

READERS = ("kathleen", "nathalie", "kerstin", "flemishguy")

FEWEST = 20
"""Edges between two classes of which a median says something."""

CLASSES = ("silence", "vowel", "nasal", "stop", "fricative", "approximant", "trill")
"""A phone is of the first of these that it has for the greater part."""


def main(argv: Sequence[str] | None = None) -> int:
    """Read the arguments and print the report."""
    parser = argparse.ArgumentParser(
        prog="python -m lab alignment-report",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("corpus", type=Path, help="folder of the corpus")
    parser.add_argument("--most", type=int, default=60, help="clips of each test set (60)")
    options = parser.parse_args(argv)
    corpus = read_corpus(options.corpus)
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME)
    recogniser = corpus_recogniser(
        options.corpus, lambda audio, place: encoder.features(audio, first_position=place)
    )
    for line in report(corpus, recogniser, encoder.features, options.most):
        print(line, flush=True)
    return 0


def report(
    corpus: Corpus, recogniser: PhoneRecogniser, encode: Callable[[Audio], Encoded], most: int
) -> Iterator[str]:
    """Yield the lines of the report.

    Args:
        corpus: with test clips whose phones are known.
        recogniser: of phones.
        encode: of speech.
        most: clips of each test set that are looked at, spread over the set.
    """
    sets = corpus.test_sets()
    for name in COMPARED:
        errors: dict[tuple[str, str], list[float]] = defaultdict(list)
        for clip in spread(sets.get(name, []), most):
            for kind, error in edge_errors(recogniser, encode(load_audio(corpus.audio(clip))), clip):
                errors["all", ""].append(error)
                errors["language", clip.language].append(error)
                errors["between", kind].append(error)
        for (what, which), found in sorted(errors.items()):
            if what != "between" or len(found) >= FEWEST:
                yield _line(f"{name}: {what} {which}", found)
    for name in READERS:
        clips = spread([clip for clip in corpus.clips if clip.source == name], most)
        heard = [
            closure
            for clip in clips
            for closure in heard_closures(load_audio(corpus.audio(clip)).samples, clip.phones)
        ]
        if heard:
            yield _line(f"{name}: closures begin", [each.phone.start - each.start for each in heard])
            yield _line(f"{name}: closures end", [each.phone.end - each.end for each in heard])


def edge_errors(recogniser: PhoneRecogniser, encoded: Encoded, clip: Clip) -> Iterator[tuple[str, float]]:
    """Align a clip's own phones anew; yield which classes meet at each start, and its error in seconds."""
    found = align_encoded(recogniser, encoded, words_of(clip.phones))
    if found is None:  # phones shorter than the aligner's shortest: nothing to compare
        return
    starts = iter(phone.start for phone in found[0])
    before = "silence"
    for phone in clip.phones:
        kind = class_of(phone)
        if phone.name != "sil":
            yield f"{before}-{kind}", next(starts) - phone.start
        before = kind


def words_of(phones: Iterable[Phone]) -> list[Word]:
    """Phones between two pauses as one word."""
    words: list[list[str]] = [[]]
    for phone in phones:
        if phone.name != "sil":
            words[-1].append(phone.name)
        elif words[-1]:
            words.append([])
    return [Word(tuple(names)) for names in words if names]


def class_of(phone: Phone) -> str:
    """Return the one of :data:`CLASSES` that a phone is of."""
    row = features(phone.name)
    return next((name for name in CLASSES if row[INDEX[name]] >= 0.5), "other")


def spread(clips: Sequence[Clip], most: int) -> list[Clip]:
    """Return at most ``most`` clips, evenly from a list."""
    places = np.unique(np.linspace(0, len(clips) - 1, min(most, len(clips))).round().astype(int))
    return [clips[place] for place in places] if clips else []


def _line(name: str, errors: Sequence[float]) -> str:
    ms = 1e3 * np.asarray(errors)
    size = np.abs(ms)
    return (
        f"{name:44} {len(ms):5d} edges   median {np.median(ms):4.0f} ms   "
        f"absolute {np.median(size):3.0f} ms   90 % within {np.quantile(size, 0.9):3.0f} ms"
    )
