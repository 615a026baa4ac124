"""A small corpus of made clips and speech features, whose truth tests know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import Clip, Corpus, Motion, Source, read_corpus, write_clip, write_manifest
from lab.phonetics.phone_speech import Phone
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.features import frame_count

FILMED = Source("filmed", "CC0", "filmed")
UNFILMED = Source("unfilmed", "CC0", "unfilmed")

SECONDS = 6.0
PHONES = (
    Phone("sil", 0.0, 1.0),
    Phone("m", 1.0, 1.2),
    Phone("a", 1.2, 2.0),
    Phone("p", 2.0, 2.2),
    Phone("f", 2.2, 2.6),
    Phone("a", 2.6, 5.0),
    Phone("sil", 5.0, 6.0),
)


def curves(seed: int) -> NDArray[np.float32]:
    """(300, 52) jaw and lips that talk from 1 to 5 s and close at [m] and [p], one blink, brows."""
    rng = np.random.default_rng(seed)
    times = np.arange(300) / 50.0
    talk = 0.3 + 0.2 * np.sin(2 * np.pi * 2.3 * times + rng.uniform(0, 6))
    talk[(times < 1.24) | ((times >= 1.96) & (times < 2.24)) | (times >= 5.0)] = 0.0
    made = np.zeros((300, 52), dtype=np.float32)
    made[:, ARKIT_INDEX["jawOpen"]] = talk
    made[:, ARKIT_INDEX["mouthPucker"]] = 0.2 * talk * np.sin(times)
    made[:, ARKIT_INDEX["browInnerUp"]] = 0.2 * np.abs(np.sin(times))
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        made[:, ARKIT_INDEX[name]] = np.clip(1.0 - np.abs(times - 3.0) / 0.1, 0.0, 1.0)
    return made.astype(np.float16).astype(np.float32)  # as the corpus keeps them


def make_corpus(folder: Path, filmed: int = 2, unfilmed: int = 2) -> Corpus:
    """Write clips of two test sets, ``seen`` with motion and ``heard`` in two languages without."""
    rng = np.random.default_rng(0)
    samples = np.zeros(round(SECONDS * SAMPLE_RATE), dtype=np.float32)
    spoken = slice(SAMPLE_RATE, 5 * SAMPLE_RATE)
    for number in range(filmed):
        samples[spoken] = 0.1 * rng.standard_normal(4 * SAMPLE_RATE)
        clip = Clip("filmed", f"film{number}", "anna", "de", "", PHONES, "seen")
        write_clip(folder, clip, samples, Motion(curves(number), 50.0, np.ones(52, dtype=bool)))
    for number in range(unfilmed):
        samples[spoken] = 0.1 * rng.standard_normal(4 * SAMPLE_RATE)
        language = ("de", "fr")[number % 2]
        clip = Clip("unfilmed", f"voice{number}", f"voice{number}", language, "", PHONES, "heard")
        write_clip(folder, clip, samples)
    write_manifest(folder, [FILMED, UNFILMED])
    return read_corpus(folder)


def encode(audio: Audio) -> NDArray[np.float16]:
    """Features (T, 2, 16) that are the same for the same speech."""
    rng = np.random.default_rng(round(1e6 * float(np.abs(audio.samples).sum())))
    return rng.normal(size=(frame_count(audio), 2, 16)).astype(np.float16)
