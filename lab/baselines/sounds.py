"""The sounds of a recording, from known phones or, where nobody wrote them down, from our own recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.phone_recogniser import RECOGNISER_RATE, PhoneRecogniser, moments
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import NEUTRAL, phone_parts
from mmtalker.errors import MMTalkerError

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

CHANGE = 4.0
"""What it costs to hear another sound than a moment before, as a logarithm of probability."""


@dataclass(frozen=True, eq=False)
class Sound:
    """A phone without its name.

    Attributes:
        parts: (S, F) articulatory features of its letters, one after another.
        start, end: seconds.
    """

    parts: Float32
    start: float
    end: float


def known_sounds(phones: Sequence[Phone]) -> list[Sound]:
    """Return the sounds of phones; one that cannot be read is a schwa."""
    return [Sound(_parts(phone.name), phone.start, phone.end) for phone in phones]


def _parts(phone: str) -> Float32:
    try:
        return phone_parts(phone)
    except MMTalkerError:
        return phone_parts(NEUTRAL)


def heard_sounds(recogniser: PhoneRecogniser, features: NDArray[np.float16]) -> list[Sound]:
    """Return the most probable sounds of (T, L, D) encoded speech, changing as seldom as is plausible."""
    path = steady_path(recogniser.log_probabilities(features), CHANGE)
    changes = np.array([0, *(np.flatnonzero(np.diff(path)) + 1), len(path)])
    begins = moments(len(features))[0] - 0.5 / RECOGNISER_RATE
    edges = (begins + changes / RECOGNISER_RATE).tolist()
    rows = recogniser.inventory.numpy()[path[changes[:-1]]]
    return [Sound(row[None], start, end) for row, (start, end) in zip(rows, pairwise(edges), strict=True)]


def steady_path(scores: Float32, change: float) -> Int64:
    """Return the (T,) columns of (T, S) ``scores`` with the greatest sum, each change costing ``change``."""
    reached = scores[0].astype(np.float64)
    came_from = np.empty(scores.shape, dtype=np.int64)
    own = np.arange(scores.shape[1])
    for moment, row in enumerate(scores[1:], start=1):
        best = int(reached.argmax())
        stays = reached >= reached[best] - change
        came_from[moment] = np.where(stays, own, best)
        reached = np.where(stays, reached, reached[best] - change) + row
    path = np.empty(len(scores), dtype=np.int64)
    path[-1] = reached.argmax()
    for moment in range(len(scores) - 1, 0, -1):
        path[moment - 1] = came_from[moment, path[moment]]
    return path
