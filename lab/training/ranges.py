"""Every filmed person's mouth brought to one range: how far they open is theirs, when is everybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.demands import MOUTH, gap_mm
from lab.training.config import TrainConfig
from lab.training.utterances import Utterance

Float32 = NDArray[np.float32]

WIDE_OPEN_PERCENTILE = 95.0
"""Of the canonical head's lip gap over all of a person's frames: how far they open."""

MOUTH_KNOWN = 0.5
"""Share of the mouth's channels that a recording must say something about, to tell how far a person opens."""


def openings(sets: Mapping[str, Sequence[Utterance]]) -> dict[str, float]:
    """Return how far every person of ``sets`` opens the mouth on the canonical head, mm, by name.

    Recordings without speech or without motion say nothing.
    """
    gaps: dict[str, list[NDArray[np.float64]]] = {}
    for found in sets.values():
        for utterance in found:
            if utterance.filmed and utterance.known[MOUTH].mean() >= MOUTH_KNOWN:
                gaps.setdefault(utterance.speaker, []).append(utterance.target @ gap_mm())
    found_widths = {
        who: float(np.percentile(np.concatenate(own), WIDE_OPEN_PERCENTILE)) for who, own in gaps.items()
    }
    return {who: width for who, width in found_widths.items() if width > 0.0}


def share_one_range(
    sets: Mapping[str, Sequence[Utterance]], config: TrainConfig
) -> tuple[dict[str, list[Utterance]], TrainConfig, dict[str, float]]:
    """Say of every filmed person's recordings what brings their mouth to the usual range.

    Returns:
        the utterances with that factor; the run, its model's people being those who were filmed; and how far
        each opens, mm, with the median of all as ``usual``.
    """
    widths = openings(sets)
    usual = float(np.median(list(widths.values()))) if widths else 0.0
    scaled = {
        name: [replace(u, opening=usual / widths[u.speaker]) if u.speaker in widths else u for u in found]
        for name, found in sets.items()
    }
    config = replace(config, model=replace(config.model, people=tuple(sorted(widths))))
    return scaled, config, {"usual": usual, **widths}


def scale_mouth(curves: Float32, factor: float) -> Float32:
    """Return (T, 52) curves with the channels of jaw and mouth times ``factor``, in 0..1."""
    scaled = curves.copy()
    scaled[:, MOUTH] *= factor
    return np.clip(scaled, 0.0, 1.0)
