"""Blinks in the motion of the lids: how often, and how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.motion.blink import SHUT, find_blinks

Float64 = NDArray[np.float64]


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


def count_blinks(lids: Float64, rate: float) -> Blinks:
    """Count the blinks in (T,) lid closure, 0 open to 1 shut, at ``rate`` Hz."""
    shut = lids > SHUT
    begun = int((shut[1:] & ~shut[:-1]).sum()) + int(len(shut) > 0 and bool(shut[0]))
    lengths = tuple(1000.0 * blink.length for blink in find_blinks(lids, rate))
    return Blinks(len(lids) / rate, begun, lengths)
