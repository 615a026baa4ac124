"""Where nobody speaks, and how the mouth comes to rest there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, distance_transform_edt

Float32 = NDArray[np.float32]

BELOW_SPEECH_DB = 38.0
"""A frame this far below the clip's loud speech is silent."""

ABSOLUTE_FLOOR_DB = -62.0
"""A frame below this level of full scale is silent in any clip."""

SHORTEST_PAUSE = 0.24
"""Seconds; a shorter quiet stretch is a closed consonant and belongs to speech."""

RAMP = 0.16
"""Seconds from speech to rest: lips part before the voice begins and close after it ends."""


LOUD_SECONDS = 0.3
"""Seconds, together, that tell how loud a voice is."""

QUIET_DB = -46.0
"""A voice below it is raised to it; one with a peak of -20 dBFS reaches about -32 dB."""

NOISE_DB = -80.0
"""Nothing below it is raised: recorders' own noise and that of 16 bits lie there."""


def loudness(samples: Float32, sample_rate: int, rate: float) -> Float32:
    """Return the RMS level at ``rate`` Hz over windows of two steps, in dB of full scale.

    Frame i is centred on i / rate seconds; there are ceil(seconds * rate) of them.
    """
    step = round(sample_rate / rate)
    frames = -(-len(samples) // step)
    whole = len(samples) // step
    blocks, rest = samples[: whole * step].reshape(whole, step), samples[whole * step :]
    energy = np.zeros(frames + 1)
    energy[1 : whole + 1] = np.einsum("ns,ns->n", blocks, blocks, dtype=np.float64)
    energy[whole + 1 :] = np.dot(rest, rest)
    mean = (energy[:-1] + energy[1:]) / (2 * step)
    level: Float32 = (10.0 * np.log10(np.maximum(mean, 1e-12))).astype(np.float32)
    return level


def speech_gain(level: Float32, rate: float) -> float:
    """Return the dB by which a clip is raised so that a quiet voice is encoded as a usual one is.

    The clip's own loudness is what its loudest ``LOUD_SECONDS`` reach together: neither a click nor long
    silence beside the voice changes it. What is no louder than noise stays, and so does a usual voice.

    Args:
        level: (N,) loudness in dB of full scale.
        rate: its rate, Hz.
    """
    if not len(level):
        return 0.0
    frames = min(len(level), max(1, round(LOUD_SECONDS * rate)))
    loud = float(np.partition(level, len(level) - frames)[len(level) - frames])
    return max(0.0, QUIET_DB - loud) if loud > NOISE_DB else 0.0


def speech_gate(level: Float32, rate: float) -> Float32:
    """Return (N,) in 0..1: 1 while somebody speaks, 0 in pauses, with cosine ramps between.

    Args:
        level: (N,) loudness in dB of full scale.
        rate: its rate, Hz.
    """
    if not len(level):
        return np.zeros(0, dtype=np.float32)
    threshold = max(float(np.percentile(level, 95)) - BELOW_SPEECH_DB, ABSOLUTE_FLOOR_DB)
    loud = level > threshold
    if not loud.any():
        return np.zeros(len(level), dtype=np.float32)
    away = distance_transform_edt(~_without_short_pauses(loud, rate)) / rate
    return _eased(away / RAMP).astype(np.float32)


REST_AFTER = 0.6
"""Seconds of silence after which the mouth begins to come to rest."""

SETTLE = 0.4
"""Seconds that it takes."""

OPEN_AHEAD = 0.5
"""Seconds before the voice at which the mouth begins to leave rest: people part their lips so early."""

READY = 0.15
"""Seconds before the voice at which it moves as the network says."""

LONG_PAUSE = 1.0
"""Seconds; in a shorter pause between sounds nothing comes to rest."""

VOICED = 0.5
"""Probability from which somebody speaks."""

SHORTEST_SOUND = 0.08
"""Seconds; what is taken for a voice for a shorter time is a click."""


def has_voice(voice: Float32, level: Float32, rate: float) -> bool:
    """Whether anybody speaks anywhere; see :func:`rest_gate` for the arguments."""
    return bool(_speaking(voice, level, rate).any())


def rest_gate(voice: Float32, level: Float32, rate: float) -> Float32:
    """Return (N,) in 0..1: how much of the network's motion is left, 0 in long silence.

    Args:
        voice: (N,) probability that somebody speaks.
        level: (N,) loudness in dB of full scale: what is below hearing is silent whatever ``voice`` says.
        rate: of both, Hz.
    """
    speaks = _speaking(voice, level, rate)
    if not speaks.any():
        return np.zeros(len(speaks), dtype=np.float32)
    times = np.arange(len(speaks)) / rate
    sounds = times[speaks]
    before = np.searchsorted(sounds, times, side="right")
    since = np.where(before > 0, times - sounds[np.maximum(before - 1, 0)], np.inf)
    until = np.where(before < len(sounds), sounds[np.minimum(before, len(sounds) - 1)] - times, np.inf)
    until[speaks] = 0.0
    leaving = _eased((since - REST_AFTER) / SETTLE)
    coming = _eased((until - READY) / (OPEN_AHEAD - READY))
    return np.where(since + until < LONG_PAUSE, 1.0, np.maximum(leaving, coming)).astype(np.float32)


def _speaking(voice: Float32, level: Float32, rate: float) -> NDArray[np.bool_]:
    """(N,) where somebody speaks, short pauses counted in and clicks left out."""
    speaks = (voice > VOICED) & (level > ABSOLUTE_FLOOR_DB)
    click = np.ones(max(1, round(SHORTEST_SOUND * rate)), dtype=bool)
    opened: NDArray[np.bool_] = binary_opening(_without_short_pauses(speaks, rate), structure=click)
    return opened


def _without_short_pauses(speaks: NDArray[np.bool_], rate: float) -> NDArray[np.bool_]:
    """(N,) where somebody speaks, with what is shorter than a pause counted in."""
    width = max(1, round(SHORTEST_PAUSE * rate))
    padded = np.pad(speaks, width)
    closed: NDArray[np.bool_] = binary_closing(padded, structure=np.ones(width, dtype=bool))[width:-width]
    return closed


def _eased(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 up to 0, 0 from 1 on, a cosine between."""
    eased: NDArray[np.float64] = 0.5 + 0.5 * np.cos(np.pi * np.clip(way, 0.0, 1.0))
    return eased
