"""Blinks in the motion of the lids: how often, and how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

SHUT = 0.5
"""The lids blink while they are closed by more than this share of their opening at rest."""


@dataclass(frozen=True)
class Blinks:
    """Blinks of any number of clips; add those of several.

    Attributes:
        seconds: of all clips.
        count: blinks, those that a clip's ends cut off too.
        lengths: ms during which the lids were more than half shut, of the whole ones.
    """

    seconds: float = 0.0
    count: int = 0
    lengths: tuple[float, ...] = ()

    def __add__(self, other: Blinks) -> Blinks:
        return Blinks(self.seconds + other.seconds, self.count + other.count, self.lengths + other.lengths)

    @property
    def rate(self) -> float | None:
        """Blinks a minute."""
        return 60.0 * self.count / self.seconds if self.seconds else None


def find_blinks(lids: Float64, rate: float) -> Blinks:
    """Find the blinks in (T,) lid closure, 0 open to 1 shut, at ``rate`` Hz.

    The moments of crossing ``SHUT`` are read between frames.
    """
    shut = lids > SHUT
    change = np.flatnonzero(shut[1:] != shut[:-1])
    crossing = [i + (SHUT - lids[i]) / (lids[i + 1] - lids[i]) for i in change]
    closing = [moment for moment, i in zip(crossing, change, strict=True) if not shut[i]]
    opening = [moment for moment, i in zip(crossing, change, strict=True) if shut[i]]
    cut_off = int(len(shut) > 0 and shut[0])
    whole = zip(closing, opening[cut_off:], strict=False)
    lengths = tuple(1000.0 * (stop - start) / rate for start, stop in whole)
    return Blinks(len(lids) / rate, len(closing) + cut_off, lengths)
