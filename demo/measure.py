"""Judges the lips of a talking head by numbers: gap, closures, silence, how well they follow the voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.clip import CLOSED, SILENCE, Clip, Phone

Float = NDArray[np.floating]

CLOSED_SHARE = 0.05
"""Lips count as closed below this share of the gap's 95th percentile."""
REACH = 0.04
"""Seconds by which a closure may come early or late: lips lead and lag the sound by up to a frame."""


@dataclass(frozen=True)
class LipFigures:
    """How the lips did.

    Attributes:
        gap_95_mm: 95th percentile of the lip gap.
        gap_speech_mm: mean gap while somebody speaks.
        gap_silence_mm: mean gap in the silences, their first and last moments left out.
        energy_correlation: Pearson correlation of the gap with the voice's level, both smoothed.
        closures: intervals of p, b and m.
        closures_met: those in which the lips touched.
        missed: "phone at seconds" of the others.
    """

    gap_95_mm: float
    gap_speech_mm: float
    gap_silence_mm: float
    energy_correlation: float
    closures: int
    closures_met: int
    missed: tuple[str, ...]


def lip_gap(upper: Float, lower: Float) -> Float:
    """Height between the lips beyond what it is at rest, (T,), from (T, P, 3) points with y up.

    The first row is the face at rest. Points come in pairs, one on each lip's inner edge.
    """
    height = (upper[:, :, 1] - lower[:, :, 1]).mean(axis=1)
    return np.maximum(height - height[0], 0.0)


def speech_level(clip: Clip, times: Float, window: float = 0.05) -> Float:
    """Root mean square of the sound in a window round each of the (T,) times."""
    total = np.concatenate([[0.0], np.cumsum(clip.samples.astype(np.float64) ** 2)])
    first = np.clip(((times - window / 2) * clip.rate).astype(int), 0, len(clip.samples))
    last = np.clip(((times + window / 2) * clip.rate).astype(int), 0, len(clip.samples))
    return np.sqrt((total[last] - total[first]) / (window * clip.rate))


def smooth(values: Float, times: Float, seconds: float) -> Float:
    """Gaussian blur over time of (T,) evenly spaced values."""
    step = float(times[1] - times[0])
    reach = max(int(np.ceil(3 * seconds / step)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / seconds) ** 2)
    padded = np.pad(values, reach, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def judge_lips(gap: Float, times: Float, clip: Clip) -> LipFigures:
    """Measure (T,) lip gaps in metres at (T,) seconds against what is said."""
    top = float(np.percentile(gap, 95))
    closures = [phone for phone in clip.phones if phone.name in CLOSED]
    missed = [phone for phone in closures if smallest_gap(gap, times, phone) > CLOSED_SHARE * top]
    quiet = inside(times, [phone for phone in clip.phones if phone.name == SILENCE], margin=0.15)
    spoken = inside(times, [phone for phone in clip.phones if phone.name != SILENCE])
    level, opening = (smooth(values, times, 0.08) for values in (speech_level(clip, times), gap))
    alive = opening.std() > 1e-9 and level.std() > 1e-9
    return LipFigures(
        gap_95_mm=top * 1000,
        gap_speech_mm=float(gap[spoken].mean()) * 1000,
        gap_silence_mm=float(gap[quiet].mean()) * 1000,
        energy_correlation=float(np.corrcoef(opening, level)[0, 1]) if alive else 0.0,
        closures=len(closures),
        closures_met=len(closures) - len(missed),
        missed=tuple(f"{phone.name} at {phone.start:.2f} s" for phone in missed),
    )


def smallest_gap(gap: Float, times: Float, phone: Phone) -> float:
    """Smallest gap while a phone sounds, read between the frames as well."""
    moments = np.linspace(phone.start - REACH, phone.end + REACH, 25)
    return float(np.interp(moments, times, gap).min())


def inside(times: Float, phones: Sequence[Phone], margin: float = 0.0) -> NDArray[np.bool_]:
    """Which of the (T,) times lie in one of the phones, ``margin`` seconds away from its ends."""
    found = np.zeros(len(times), dtype=bool)
    for phone in phones:
        found |= (times >= phone.start + margin) & (times < phone.end - margin)
    return found
