"""Whether a network gives the same twice, and long speech without a seam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lab.corpus.clips import Clip
from lab.evaluation import timing
from lab.evaluation.face import Face
from lab.evaluation.speaker import Speaker
from lab.evaluation.systems import finish
from lab.evaluation.takes import Encode, Take, make_take
from lab.evaluation.tracks import speed
from mmtalker.model.inference import FADE, OVERLAP, windows
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.features import FEATURE_RATE

Row = Mapping[str, str | float | None]

SHIFT_S = 5.0
"""Seconds that are cut off the beginning for the second run, so that its windows join elsewhere."""


def same_twice(network: MMTalkerNetwork, face: Face, take: Take, seed: int) -> float:
    """Return the largest difference of finished curves between two runs from nothing with one seed."""
    speakers = [Speaker(network, face) for _ in range(2)]
    one, other = (finish(s.curves(take), network.config.names, take, s.voice(take), seed) for s in speakers)
    return float(np.abs(one - other).max())


def joins(frames: int) -> list[tuple[int, int]]:
    """Return (first, behind the last) frame of each place where fusion's windows give way to the next."""
    skip = (OVERLAP - FADE) // 2
    return [(start + skip, start + skip + FADE) for start, _ in windows(frames)[1:]]


def measure_seams(network: MMTalkerNetwork, face: Face, recordings: Sequence[Audio], encode: Encode) -> Row:
    """Join recordings to long speech, and look at the lips where windows join.

    The speech is run a second time without its first seconds, so that windows join at other places: in
    ``again`` the speed at the joins is compared with that of the very same frames where nothing joins.

    Returns:
        ``seconds``, ``joins``, their ``speed`` over that elsewhere, and over that ``again``.
    """
    samples = np.concatenate([recording.samples for recording in recordings])
    speaker = Speaker(network, face)
    speeds = []
    for cut in (0, round(SHIFT_S * SAMPLE_RATE)):
        take = make_take(Clip("", "long speech", "", "", "", ()), Audio(samples[cut:]), encode)
        motion = speaker.move(np.clip(speaker.curves(take), 0.0, 1.0))
        speeds.append(speed(motion[:, face.lists["lips"]], FEATURE_RATE))
    cut_frames = round(SHIFT_S * FEATURE_RATE)
    whole, later = speeds
    places = joins(len(whole))
    inside = np.concatenate([np.arange(*place) for place in places] or [np.zeros(0, dtype=int)])
    inside = inside[(inside >= cut_frames) & (inside - cut_frames < len(later))]
    again = float(whole[inside].mean() / later[inside - cut_frames].mean()) if len(inside) else None
    return {
        "seconds": float(len(samples) / SAMPLE_RATE),
        "joins": str(len(places)),
        "speed": timing.seam_ratio(whole, places),
        "again": again,
    }
