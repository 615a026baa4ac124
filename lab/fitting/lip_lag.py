"""Whether filmed lips are in time with their sound: `python -m lab lip-lag --corpus DIR`.

Before a vowel, [p b] silence what is above 1 kHz from the moment the lips meet until they part. The middle of
that silence is compared with the middle of the closure that is seen: neither hangs on a threshold as their
beginnings and ends do. In GRID the lips are later by 5 ms on the median, an eighth of a frame: nothing is
taken off.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from lab.corpus.clips import read_corpus
from lab.fitting.lip_contact import closures
from lab.phonetics.demands import gap_mm
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import INDEX, phone_parts
from mmtalker.speech.audio import SAMPLE_RATE, load_audio

Float64 = NDArray[np.float64]

ABOVE_HZ = 1000.0
LEVEL_RATE = 1000.0
LEVEL_WINDOW_S = 0.005

FALL_DB = 12.0
"""The sound of a closure is this far below the softer of its neighbours."""

OPEN_MM = 2.0
"""Lips are apart when their gap is larger than at its narrowest by this."""

REACH = 0.1
"""Seconds about a phone's middle in which its closure is looked for."""


def lags(phones: Sequence[Phone], samples: NDArray[np.float32], gap: Float64, rate: float) -> Iterator[float]:
    """Yield seconds by which the lips are later than the sound, for every [p b] before a vowel.

    Args:
        phones: of the recording.
        samples: (N,) 16 kHz mono.
        gap: (T,) between the lips at ``rate`` Hz, mm.
    """
    band = butter(4, ABOVE_HZ, "high", fs=SAMPLE_RATE, output="sos")
    power = sosfiltfilt(band, samples.astype(np.float64)) ** 2
    window = round(LEVEL_WINDOW_S * SAMPLE_RATE)
    smooth = np.convolve(power, np.ones(window) / window, "same")[:: round(SAMPLE_RATE / LEVEL_RATE)]
    level = 10.0 * np.log10(smooth + 1e-9)
    for phone, following in pairwise(phones):
        vowel = phone_parts(following.name)[0, INDEX["vowel"]] > 0.5
        if not (vowel and closures([phone]) and phone_parts(phone.name)[0, INDEX["nasal"]] < 0.5):
            continue
        middle = 0.5 * (phone.start + phone.end)
        heard = _middle_of_valley(level, LEVEL_RATE, middle, below_sides=FALL_DB)
        seen = _middle_of_valley(gap, rate, middle, above_bottom=OPEN_MM)
        if heard is not None and seen is not None:
            yield seen - heard


def _middle_of_valley(
    values: Float64,
    rate: float,
    about: float,
    below_sides: float | None = None,
    above_bottom: float = 0.0,
) -> float | None:
    """Seconds of the middle of the valley near ``about``, at a height by its bottom or by its lower side."""
    first, last = (int(np.clip((about + d) * rate, 0, len(values))) for d in (-REACH, REACH))
    if last - first < 3:
        return None
    bottom = first + int(np.argmin(values[first:last]))
    reach = int(np.ceil(REACH * rate))
    sides = values[max(0, bottom - reach) : bottom + 1], values[bottom : bottom + reach + 1]
    lower_side = min(float(side.max()) for side in sides)
    height = values[bottom] + above_bottom if below_sides is None else lower_side - below_sides
    if not values[bottom] < height < lower_side:
        return None
    left = bottom - int(np.argmax(sides[0][::-1] >= height))
    right = bottom + int(np.argmax(sides[1] >= height))
    falls = left + (values[left] - height) / (values[left] - values[left + 1])
    rises = right - (values[right] - height) / (values[right] - values[right - 1])
    return float(0.5 * (falls + rises) / rate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all filmed clips of a source and print the median and the quartiles."""
    parser = argparse.ArgumentParser(prog="python -m lab lip-lag", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--source", default="grid", help="the source to measure")
    given = parser.parse_args(arguments)
    corpus = read_corpus(given.corpus)
    found: list[float] = []
    for clip in corpus.clips:
        motion = corpus.motion(clip) if clip.source == given.source else None
        if motion is not None:
            samples = load_audio(corpus.audio(clip)).samples
            found += lags(clip.phones, samples, motion.curves @ gap_mm(), motion.rate)
    low, middle, high = 1000.0 * np.quantile(found, [0.25, 0.5, 0.75])
    print(
        f"{len(found)} closures: lips later than sound by {middle:.0f} ms (quartiles {low:.0f}, {high:.0f})"
    )
    return 0
