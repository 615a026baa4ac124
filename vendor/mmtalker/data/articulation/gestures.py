"""What speech asks of any mouth, by general phonetics: a few gestures over time, from articulatory features.

A gesture's value for a sound is a rough fact of phonetics (open vowels open most, consonants with the tongue
leave the lips half open, sibilants raise the jaw). Sounds run into each other because lips and jaw take
time: in fast speech openings get smaller. How far a person goes is fitted, not written here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mmtalker.data.phonology import INDEX
from mmtalker.motion.silence import loudness
from mmtalker.speech.audio import SAMPLE_RATE
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

OPENING = ("lips", "jaw")
"""Opening of lips and jaw, 1 for [a]."""

FORCED = (*OPENING, "rounding", "spreading")
"""Gestures that louder speech makes larger."""

GESTURES = (*FORCED, "closure", "bite", "sibilance", "protrusion")
"""All gestures, in the order of columns; but for the openings in 0..1."""

SLUGGISHNESS = 0.042
"""Standard deviation, seconds, of the filter that lips and jaw are: a cycle of 5 Hz comes down to a half."""

PREPARATION = 0.06
"""Seconds before a sound at which lips and jaw are ready for it after a pause: people breathe in."""

WITHOUT_EFFORT = 0.35
"""What is left of an opening or rounding that is made without effort."""

ORDINARY_EFFORT = 0.8
"""Of speech that nobody says the loudness of."""

SILENT_DB = 30.0
"""A sound this far below a recording's loud ones is made without effort."""

# What opens the lips, by feature. Vowels and consonants first, then what their kinds add.
_VOWEL_LIPS, _OPEN_VOWEL_LIPS, _ROUND_VOWEL_LIPS = 0.65, 0.35, -0.28
_CONSONANT_LIPS = 0.56
_LIPS_OF = {"lateral": 0.1, "sibilant": 0.03, "velar": 0.05, "rhotic": -0.18, "rounded": -0.28}
_LIPS_OF |= {"dental": -0.15, "labiodental": -0.28, "bilabial": -0.56}

_VOWEL_JAW, _OPEN_VOWEL_JAW, _CONSONANT_JAW = 0.4, 0.6, 0.32
_JAW_OF = {"sibilant": -0.12, "bilabial": -0.15, "velar": 0.08, "glottal": 0.15}

_POSTALVEOLAR_ROUNDING = 0.4


def gestures(track: Float32, force: Float64) -> Float64:
    """Turn a feature track at 50 Hz, hard or soft, into gestures.

    Args:
        track: (T, F) as :func:`mmtalker.data.phonology.feature_track` makes it, or probabilities.
        force: (T,) see :func:`smooth_effort`.

    Returns:
        (T, G) in the order of ``GESTURES``.
    """
    made = _unscaled(track)
    pause = np.clip(track[:, INDEX["silence"]].astype(np.float64), 0.0, 1.0)
    force = np.maximum(force, pause * _ahead(force))
    opening = made[:, : len(OPENING)]
    opening += pause[:, None] * np.maximum(_ahead(opening) - opening, 0.0)
    made[:, : len(FORCED)] *= (WITHOUT_EFFORT + (1.0 - WITHOUT_EFFORT) * force)[:, None]
    return made


def smooth_effort(track: Float32, effort: Float32 | None) -> Float64:
    """Return (T,) effort without ripples; of ordinary speech where nobody says how loud it was."""
    if effort is None:
        effort = ORDINARY_EFFORT * (1.0 - track[:, INDEX["silence"]])
    force: Float64 = gaussian_filter1d(effort.astype(np.float64), 1.0)
    return force


def _ahead(columns: Float64) -> Float64:
    """Return what comes ``PREPARATION`` later; the last moment is repeated."""
    steps = round(PREPARATION * FEATURE_RATE)
    rows = np.minimum(np.arange(len(columns)) + steps, len(columns) - 1)
    later: Float64 = columns[rows]
    return later


def _unscaled(track: Float32) -> Float64:
    """Return (T, G) gestures of ordinary speech."""

    def of(name: str) -> Float64:
        return np.clip(track[:, INDEX[name]].astype(np.float64), 0.0, 1.0)

    vowel = of("vowel")
    consonant = np.clip(1.0 - vowel - of("silence"), 0.0, 1.0)
    lips = _VOWEL_LIPS * vowel + _OPEN_VOWEL_LIPS * of("open") + _CONSONANT_LIPS * consonant
    lips += _ROUND_VOWEL_LIPS * vowel * of("rounded")
    for name, value in _LIPS_OF.items():
        lips += value * np.minimum(of(name), consonant)
    jaw = _VOWEL_JAW * vowel + _OPEN_VOWEL_JAW * of("open") + _CONSONANT_JAW * consonant
    for name, value in _JAW_OF.items():
        jaw += value * np.minimum(of(name), consonant)
    wanted = {
        "lips": np.maximum(lips, 0.0),
        "jaw": np.maximum(jaw, 0.0),
        "rounding": of("rounded") + _POSTALVEOLAR_ROUNDING * of("postalveolar"),
        "spreading": of("front") * of("close") * (1.0 - of("rounded")),
        "closure": of("bilabial"),
        "bite": of("labiodental"),
        "sibilance": of("sibilant"),
        "protrusion": of("postalveolar"),
    }
    columns = np.stack([wanted[name] for name in GESTURES], axis=1)
    smooth: Float64 = gaussian_filter1d(columns, SLUGGISHNESS * FEATURE_RATE, axis=0)
    return smooth


def effort(samples: Float32) -> Float32:
    """Return (T,) at 50 Hz how loudly each moment is said, 1 for the loud ones of the recording.

    Mouths open wider for louder sounds. What counts is the sound's slope, which high pitch and
    low hum change little.

    Args:
        samples: (N,) 16 kHz mono.
    """
    if not len(samples):
        return np.zeros(0, dtype=np.float32)
    slope = np.diff(samples, prepend=samples[:1])
    level = np.maximum(loudness(slope, SAMPLE_RATE, FEATURE_RATE), -90.0)
    level = gaussian_filter1d(level, 0.8)
    loud = float(np.percentile(level, 95))
    scale: Float32 = np.clip(1.0 + (level - loud) / SILENT_DB, 0.0, 1.3).astype(np.float32)
    return scale
