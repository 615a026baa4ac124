"""Whether lips touch when they must: shut at p b m, the lower one at the teeth at f v, at rest in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import INDEX, phone_parts
from mmtalker.errors import MMTalkerError

Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
Where = Callable[[Sequence[Phone], Float64], Mask]
"""Phones and times of a clip -> which of its frames."""

CLOSED_SHARE = 0.05
"""Lips count as closed below this share of the gap's 95th percentile in a speaker's speech, by system."""

SMALLEST_RANGE = 0.5
"""mm: a mouth whose gap's 95th percentile is less does not open, so it cannot close either."""

STILL_MM = 1e-3
"""A lip gap whose standard deviation is less does not move."""

EDGE = 0.04
"""Seconds by which lips may come before a phone's edge or leave after it.

Two frames, about what a phone's times are certain to. It widens p, b and m where closures are looked for, and
pauses, in which closed lips are no mistake.
"""

PAUSE_MARGIN = 0.2
"""Seconds from speech within which the mouth may still prepare and settle: that is not rest."""


def closes(phone: str) -> bool:
    """Say whether the lips close for a phone: p, b, m and their kin in any language."""
    return _has(phone, "bilabial", "stop")


def labiodentals(phone: str) -> bool:
    """Say whether the lower lip goes to the upper teeth for a phone: f and v."""
    return _has(phone, "labiodental", "fricative")


def is_pause(phone: str) -> bool:
    """Say whether nothing sounds."""
    return _has(phone, "silence")


@lru_cache(maxsize=4096)
def _has(phone: str, *wanted: str) -> bool:
    try:
        parts = phone_parts(phone)
    except MMTalkerError:
        return False  # a sign that is no letter of the alphabet says nothing about lips
    return bool((parts[:, [INDEX[name] for name in wanted]] > 0.5).all(axis=1).any())


def during(phones: Sequence[Phone], times: Float64, margin: float = 0.0) -> Mask:
    """(T,) which times lie in one of the phones, made longer by ``margin`` seconds on both sides."""
    found = np.zeros(len(times), dtype=bool)
    for phone in phones:
        found |= (times >= phone.start - margin) & (times < phone.end + margin)
    return found


def in_speech(phones: Sequence[Phone], times: Float64) -> Mask:
    """(T,) where something sounds, phones next to a pause shortened by ``EDGE``."""
    pauses = [phone for phone in phones if is_pause(phone.name)]
    sounds = [phone for phone in phones if not is_pause(phone.name)]
    return during(sounds, times) & ~during(pauses, times, EDGE)


def at_rest(phones: Sequence[Phone], times: Float64) -> Mask:
    """(T,) where nothing has sounded, and will sound, for ``PAUSE_MARGIN`` seconds."""
    sounds = [phone for phone in phones if not is_pause(phone.name)]
    return ~during(sounds, times, PAUSE_MARGIN)


@dataclass(frozen=True)
class Closures:
    """How lips met at p, b and m; add those of several clips.

    Attributes:
        wanted: phones at which they must.
        met: those at which they did.
        closing: frames of speech in which the lips are closed.
        rightly: those of them at p, b or m.
    """

    wanted: int = 0
    met: int = 0
    closing: int = 0
    rightly: int = 0

    def __add__(self, other: Closures) -> Closures:
        return Closures(
            self.wanted + other.wanted,
            self.met + other.met,
            self.closing + other.closing,
            self.rightly + other.rightly,
        )

    @property
    def recall(self) -> float | None:
        return self.met / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        return self.rightly / self.closing if self.closing else None


def closing_threshold(gap_in_speech: Float64) -> float:
    """Return the lip gap in mm below which one speaker's lips are closed; -inf when they never open.

    Args:
        gap_in_speech: (N,) of all frames in which he speaks.
    """
    if not len(gap_in_speech):
        return -np.inf
    top = float(np.percentile(gap_in_speech, 95))
    return CLOSED_SHARE * top if top >= SMALLEST_RANGE else -np.inf


def count_closures(gap: Float64, phones: Sequence[Phone], times: Float64, threshold: float) -> Closures:
    """Count the closures of one clip.

    A phone is met when the gap, read between the frames too, falls below ``threshold`` anywhere between
    its edges widened by ``EDGE``. A closed frame is right in such an interval; frames in pauses do not count.
    """
    wanted = [phone for phone in phones if closes(phone.name)]
    met = sum(smallest(gap, times, phone) < threshold for phone in wanted)
    closed = (gap < threshold) & in_speech(phones, times)
    rightly = closed & during(wanted, times, EDGE)
    return Closures(len(wanted), met, int(closed.sum()), int(rightly.sum()))


def smallest(track: Float64, times: Float64, phone: Phone) -> float:
    """Return the smallest value of a track while a phone sounds, its edges widened by ``EDGE``."""
    start, stop = phone.start - EDGE, phone.end + EDGE
    inside = times[(times > start) & (times < stop)]
    moments = np.concatenate([[start], inside, [stop]])
    return float(np.interp(moments, times, track).min())


@dataclass(frozen=True)
class Bites:
    """Smallest distances of the lower lip from the upper teeth, mm, by phone.

    Attributes:
        wanted: at f and v.
        elsewhere: at all other sounds but p, b and m.
    """

    wanted: tuple[float, ...] = ()
    elsewhere: tuple[float, ...] = ()

    def __add__(self, other: Bites) -> Bites:
        return Bites(self.wanted + other.wanted, self.elsewhere + other.elsewhere)

    @property
    def nearer(self) -> float | None:
        """How often an f or v is nearer than another sound, 0.5 by chance (Mann and Whitney 1947)."""
        if not self.wanted or not self.elsewhere:
            return None
        ordered = np.sort(self.elsewhere)
        below = np.searchsorted(ordered, self.wanted, side="left")
        not_above = np.searchsorted(ordered, self.wanted, side="right")
        return float(1.0 - 0.5 * (below + not_above).mean() / len(ordered))


def measure_lip_to_teeth(distance: Float64, phones: Sequence[Phone], times: Float64) -> Bites:
    """Measure the lower lip's distance (T,) from the teeth at every sound of a clip."""
    wanted, elsewhere = [], []
    for phone in phones:
        if labiodentals(phone.name):
            wanted.append(smallest(distance, times, phone))
        elif not is_pause(phone.name) and not closes(phone.name):
            elsewhere.append(smallest(distance, times, phone))
    return Bites(tuple(wanted), tuple(elsewhere))


def rest_ratio(gap_at_rest: Float64, gap_in_speech: Float64) -> float | None:
    """Return the lip gap's standard deviation in silence over that in speech; 0 for a mouth that rests."""
    if len(gap_at_rest) < 2 or len(gap_in_speech) < 2 or gap_in_speech.std() < STILL_MM:
        return None
    return float(gap_at_rest.std() / gap_in_speech.std())
