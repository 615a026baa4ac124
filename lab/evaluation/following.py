"""How a lip gap follows a filmed person's: as far, as closed, and in pauses as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.contact import STILL_MM, during, is_pause
from lab.phonetics.phone_speech import Phone

Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHORT_PAUSE_S = 0.5
"""A shorter pause between sounds is part of speaking."""

LONG_PAUSE_S = 1.0
"""In a longer one a mouth is expected to rest."""

SETTLED_S = 0.6
"""Seconds from speech after which nothing is left of it in a long pause."""

TENTH, FIFTH = 10.0, 20.0
"""Percentiles: where the film's gap is in its lowest tenth, ours should be in its lowest fifth."""


@dataclass(frozen=True, eq=False)
class Followed:
    """One recording of a speaker.

    Attributes:
        made, true: (T,) lip gaps, mm.
        phones: with their times; empty where nobody knows.
        times: (T,) seconds.
    """

    made: Float64
    true: Float64
    phones: Sequence[Phone]
    times: Float64


def short_pauses(phones: Sequence[Phone], times: Float64) -> Mask:
    """(T,) which times lie in a pause between sounds that is shorter than :data:`SHORT_PAUSE_S`."""
    inner = [p for p in phones[1:-1] if is_pause(p.name) and p.end - p.start < SHORT_PAUSE_S]
    return during(inner, times)


def long_pauses(phones: Sequence[Phone], times: Float64) -> Mask:
    """(T,) which times lie in a pause longer than :data:`LONG_PAUSE_S`, :data:`SETTLED_S` from any sound."""
    long = [p for p in phones if is_pause(p.name) and p.end - p.start > LONG_PAUSE_S]
    sounds = [p for p in phones if not is_pause(p.name)]
    return during(long, times) & ~during(sounds, times, SETTLED_S)


def deviation_ratio(takes: Sequence[Followed]) -> float | None:
    """Return the standard deviation of one speaker's gap over the film's."""
    made, true = (np.concatenate([getattr(take, side) for take in takes]) for side in ("made", "true"))
    return float(made.std() / true.std()) if true.std() > STILL_MM else None


def closed_together(takes: Sequence[Followed]) -> float | None:
    """Return how often the gap is in its lowest fifth when the film's is in its lowest tenth."""
    made, true = (np.concatenate([getattr(take, side) for take in takes]) for side in ("made", "true"))
    if true.std() < STILL_MM:
        return None
    closed = true <= np.percentile(true, TENTH)
    return float((made[closed] <= np.percentile(made, FIFTH)).mean())


def short_pause_ratio(takes: Sequence[Followed]) -> float | None:
    """Return the gap's standard deviation in short pauses over the film's there."""
    inside = [short_pauses(take.phones, take.times) for take in takes]
    made, true = (
        np.concatenate([getattr(take, side)[mask] for take, mask in zip(takes, inside, strict=True)])
        for side in ("made", "true")
    )
    return float(made.std() / true.std()) if len(true) > 1 and true.std() > STILL_MM else None
