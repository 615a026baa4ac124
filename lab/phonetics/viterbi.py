"""The most probable way through a known sequence of sounds, some of which may be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Stretch:
    """One sound of the sequence.

    Attributes:
        least: moments that it lasts at least, where it is heard.
        optional: whether it may be left out.
    """

    least: int
    optional: bool = False


def best_path(scores: Float32, stretches: Sequence[Stretch]) -> tuple[Int64, float] | None:
    """Find which sound each moment belongs to (Viterbi, 1967).

    A sound is a chain of as many states as it lasts at least, of which the last may repeat. Two optional
    sounds never follow each other.

    Args:
        scores: (T, S) logarithmic probability of each sound at each moment.
        stretches: S sounds in their order.

    Returns:
        (T,) places in ``stretches``, never falling, and the mean score of a moment; None where there are
        fewer moments than the sounds need.
    """
    least = np.array([stretch.least for stretch in stretches])
    owner = np.repeat(np.arange(len(stretches)), least)
    last = np.cumsum(least) - 1
    first = last - least + 1
    states = np.arange(len(owner))
    repeats = np.isin(states, last)
    # From the end of which sound an optional one is jumped over; -1 where none is.
    over = np.full(len(owner), -1)
    for place, stretch in enumerate(stretches[1:-1], start=1):
        if stretch.optional:
            over[first[place + 1]] = last[place - 1]

    reached = np.full(len(owner), -np.inf)
    reached[[0, *first[1:2]] if stretches[0].optional else [0]] = 0.0
    reached += scores[0][owner]
    came_from = np.zeros((len(scores), len(owner)), dtype=np.int64)
    for moment in range(1, len(scores)):
        ways = np.stack(
            [
                np.where(repeats, reached, -np.inf),
                np.concatenate([[-np.inf], reached[:-1]]),
                np.where(over >= 0, reached[over], -np.inf),
            ]
        )
        taken = ways.argmax(axis=0)
        came_from[moment] = np.choose(taken, [states, states - 1, over])
        reached = ways.max(axis=0) + scores[moment][owner]

    ends = last[-2:] if stretches[-1].optional else last[-1:]
    state = int(ends[np.argmax(reached[ends])])
    if not np.isfinite(reached[state]):
        return None
    mean = float(reached[state]) / len(scores)
    path = np.empty(len(scores), dtype=np.int64)
    for moment in range(len(scores) - 1, -1, -1):
        path[moment] = owner[state]
        state = int(came_from[moment, state])
    return path, mean
