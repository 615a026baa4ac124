"""Where in the sound itself lips close and open between vowels, to check phone times without an aligner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from lab.phonetics.phone_speech import Phone
from lab.phonetics.phone_training import readable_parts
from lab.phonetics.phonology import INDEX
from mmtalker.speech.audio import SAMPLE_RATE

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

BAND_HZ = (700.0, 7000.0)
"""What a closure of the lips takes from the sound, of [m] too."""

LEAST_FALL_DB = 10.0
"""A closure from which the level falls less is not one that can be measured."""

_WINDOW = 129  # samples over which the level is taken, 8 ms
_SEARCH_S = 0.15  # of a vowel that is looked at
_SLACK_S = 0.02, 0.03  # by which a closure's quietest moment may lie outside of the phone


@dataclass(frozen=True)
class Closure:
    """A closure of the lips between two vowels.

    Attributes:
        start, end: seconds, as heard: half-way in dB between each vowel's loudest moment and the quietest.
        phone: as an aligner has it.
    """

    start: float
    end: float
    phone: Phone


def heard_closures(samples: Float32, phones: Sequence[Phone]) -> Iterator[Closure]:
    """Yield the bilabial closures of a recording that are clearly heard.

    Args:
        samples: (N,) 16 kHz mono.
        phones: that cover it.
    """
    level = high_level(samples)
    for (before, phone), (_, after) in pairwise(pairwise(phones)):
        if not (
            _is(before, "vowel") and _is(phone, "bilabial") and _is(phone, "stop") and _is(after, "vowel")
        ):
            continue
        first, last = _sample(phone.start - _SLACK_S[0], level), _sample(phone.end + _SLACK_S[1], level)
        if last <= first:
            continue
        quietest = first + int(level[first:last].argmin())
        left = level[_sample(max(before.start, phone.start - _SEARCH_S), level) : quietest]
        right = level[quietest : _sample(min(after.end, phone.end + _SEARCH_S), level)]
        if not (len(left) and len(right)):
            continue
        floor = level[quietest]
        if min(left.max(), right.max()) - floor < LEAST_FALL_DB:
            continue
        start = np.flatnonzero(left > (left.max() + floor) / 2.0)[-1] - len(left) + quietest
        end = np.flatnonzero(right > (right.max() + floor) / 2.0)[0] + quietest
        yield Closure(float(start) / SAMPLE_RATE, float(end) / SAMPLE_RATE, phone)


def high_level(samples: Float32) -> Float64:
    """Return the (N,) level in dB of what lies within :data:`BAND_HZ`."""
    band = butter(4, BAND_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    window = np.hanning(_WINDOW)
    power = np.convolve(sosfiltfilt(band, samples) ** 2, window / window.sum(), "same")
    level: Float64 = 10.0 * np.log10(power + 1e-9)
    return level


def _is(phone: Phone, feature: str) -> bool:
    return bool((readable_parts(phone.name)[:, INDEX[feature]] == 1.0).all())


def _sample(seconds: float, level: Float64) -> int:
    return int(np.clip(seconds * SAMPLE_RATE, 0, len(level)))
