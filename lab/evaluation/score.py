"""What one system did on one recording, and the figures of many recordings put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import Clip
from lab.evaluation import contact, following, metrics, timing
from lab.evaluation.blinks import Blinks, count_blinks
from lab.evaluation.face import Face
from lab.evaluation.takes import Take, Truth
from lab.evaluation.tracks import Tracks, read_tracks
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

LIST_NEEDS = {
    "lips": ("jawOpen", "mouthPucker"),
    "jaw": ("jawOpen",),
    "eye_region": ("eyeBlinkLeft", "eyeBlinkRight"),
    "upper_face": ("browInnerUp", "eyeBlinkLeft"),
}
"""Channels that a source must know for the points of a list to be compared with it."""

OPEN_LIDS = 0.2
"""Eyes count as open while the true lids are shut by less."""

PIECE_S = 3.0
"""Length of the pieces of speech over which loudness and lip speed are correlated."""

Figures = dict[str, float | None]


@dataclass(frozen=True, eq=False)
class Errors:
    """Distances from the truth; None for what the source does not know.

    Attributes:
        lips, eyes: (T,) largest squared distance, mm².
        mean_lips, mean_all: (T,) mean distance, mm.
        deviation: FDD of the clip, mm²; see :func:`metrics.dynamics_deviation`.
    """

    lips: Float64 | None
    eyes: Float64 | None
    mean_lips: Float64 | None
    mean_all: Float64 | None
    deviation: float | None


@dataclass(frozen=True, eq=False)
class Reference:
    """The true motion of one recording.

    Attributes:
        motion: (T, P, 3) mm.
        tracks: of it.
        dynamics: of its upper face, mm².
        compared: lists of points that the source knows enough about.
    """

    motion: Float32
    tracks: Tracks
    dynamics: float
    compared: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Score:
    """What one system did on one recording.

    Attributes:
        clip: of the corpus.
        times: (T,) seconds.
        level: (T,) loudness, dB of full scale.
        tracks: of its motion.
        dynamics: of its upper face, mm².
        truth: tracks of the truth, if it is known.
        errors: from the truth, if it is known.
        compared: lists of points whose true motion is known.
        described: lists about whose motion this says something: all of a system's, the compared ones of
            the truth.
    """

    clip: Clip
    times: Float64
    level: Float32
    tracks: Tracks
    dynamics: float
    truth: Tracks | None
    errors: Errors | None
    compared: tuple[str, ...]
    described: tuple[str, ...]


def make_reference(face: Face, truth: Truth) -> Reference:
    """Move a face as it truly moved; the lists to compare are those whose channels the source knows."""
    compared = tuple(
        name
        for name, needs in LIST_NEEDS.items()
        if all(truth.known[ARKIT_INDEX[channel]] for channel in needs)
    )
    motion = face.move(truth.curves)
    return Reference(
        motion, read_tracks(face, motion, FEATURE_RATE), _upper_face_dynamics(face, motion), compared
    )


def score(face: Face, take: Take, made: Float32, truth: Reference | None) -> Score:
    """Measure one motion (T, P, 3) in mm, against the truth where it is known."""
    dynamics = _upper_face_dynamics(face, made)
    return Score(
        clip=take.clip,
        times=take.times,
        level=take.level,
        tracks=read_tracks(face, made, FEATURE_RATE),
        dynamics=dynamics,
        truth=truth.tracks if truth else None,
        errors=_errors(face, made, dynamics, truth) if truth else None,
        compared=truth.compared if truth else (),
        described=tuple(LIST_NEEDS),
    )


def score_truth(take: Take, truth: Reference) -> Score:
    """Describe the truth as if it were a system's, without errors."""
    return Score(
        clip=take.clip,
        times=take.times,
        level=take.level,
        tracks=truth.tracks,
        dynamics=truth.dynamics,
        truth=None,
        errors=None,
        compared=truth.compared,
        described=truth.compared,
    )


def _upper_face_dynamics(face: Face, motion: Float32) -> float:
    return metrics.dynamics(motion, face.lists["upper_face"])


def _errors(face: Face, made: Float32, dynamics: float, truth: Reference) -> Errors:
    lists = {name: face.lists[name] for name in truth.compared}
    everything = np.unique(np.concatenate([*lists.values(), np.zeros(0, dtype=np.int64)]))
    lips, eyes = lists.get("lips"), lists.get("eye_region")
    true = truth.motion
    return Errors(
        lips=None if lips is None else metrics.vertex_error(true, made, lips),
        eyes=None if eyes is None else metrics.vertex_error(true, made, eyes),
        mean_lips=None if lips is None else metrics.mean_distance(true, made, lips),
        mean_all=metrics.mean_distance(true, made, everything) if len(everything) else None,
        deviation=truth.dynamics - dynamics if "upper_face" in lists else None,
    )


def pool(scores: Sequence[Score]) -> Figures:
    """Return every figure of :data:`FIGURES` for one system over many recordings.

    Frames of all recordings are pooled; lips are closed against each speaker's own range. None
    where a figure has no value: nobody knows the truth, or no phones, or nothing moves.
    """
    return {**_error_figures(scores), **_timing_figures(scores), **_contact_figures(scores), **_lids(scores)}


def _error_figures(scores: Sequence[Score]) -> Figures:
    errors = [(score, score.errors) for score in scores if score.errors is not None]
    lips = _mean([e.lips for _, e in errors])
    eyes = _mean([e.eyes for _, e in errors])
    between = _mean([
        None if e.eyes is None or s.truth is None else e.eyes[s.truth.lids < OPEN_LIDS] for s, e in errors
    ])  # fmt: skip
    deviations = np.array([e.deviation for _, e in errors if e.deviation is not None])
    own = np.array([s.dynamics for s, e in errors if e.deviation is not None])
    dynamics = [s.dynamics for s in scores if "upper_face" in s.described]
    signed = float(deviations.mean()) if len(deviations) else None
    truth = float((own + deviations).mean()) if len(deviations) else None
    return {
        "lve": _scaled(lips, metrics.M2_PER_MM2),
        "lve_mm": _root(lips),
        "eve": _scaled(eyes, metrics.M2_PER_MM2),
        "eve_mm": _root(eyes),
        "eve_open_mm": _root(between),
        "mve_lips_mm": _mean([e.mean_lips for _, e in errors]),
        "mve_mm": _mean([e.mean_all for _, e in errors]),
        "dynamics_mm2": float(np.mean(dynamics)) if dynamics else None,
        "fdd_mm2": signed,
        "fdd_absolute_mm2": float(np.abs(deviations).mean()) if len(deviations) else None,
        "fdd_share": abs(signed) / truth if signed is not None and truth else None,
    }


def _timing_figures(scores: Sequence[Score]) -> Figures:
    pairs = [(s.tracks, s.truth) for s in scores if s.truth is not None and "lips" in s.compared]
    lags = [timing.lag(truth.gap, made.gap, FEATURE_RATE) for made, truth in pairs]
    known_lags = [value for value in lags if value is not None]
    offsets = [
        offset for made, truth in pairs for offset in timing.misalignments(truth.gap, made.gap, FEATURE_RATE)
    ]
    openings = [metrics.opening_difference(truth.gap, made.gap) for made, truth in pairs]

    known = [score for score in scores if score.truth is not None and "lips" in score.compared]
    people = [[s for s in known if s.clip.speaker == who] for who in sorted({s.clip.speaker for s in known})]

    def correlated(name: str, in_speech: bool = False) -> float | None:
        if in_speech and not all(s.clip.phones for s in known):
            return None
        found = [_correlation(own, name, in_speech) for own in people]
        return _mean_of(found)

    followed = [
        [following.Followed(s.tracks.gap, s.truth.gap, s.clip.phones, s.times) for s in own if s.truth]
        for own in people
    ]
    pieces = [piece for s in scores if "lips" in s.described for piece in _pieces(s)]
    return {
        "mod_mm": _mean(list(openings)),
        "gap_correlation": correlated("gap"),
        "gap_correlation_speech": correlated("gap", in_speech=True),
        "width_correlation": correlated("width"),
        "jaw_correlation": correlated("jaw"),
        "gap_deviation_ratio": _mean_of([following.deviation_ratio(own) for own in followed]),
        "closed_together": _mean_of([following.closed_together(own) for own in followed]),
        "short_pause_ratio": _mean_of([following.short_pause_ratio(own) for own in followed]),
        "lag_ms": float(np.median(known_lags)) if known_lags else None,
        "lag_spread_ms": _spread(known_lags),
        "mtm_ms": float(np.mean(offsets)) if offsets else None,
        "slcc": timing.intensity_correlation([p[0] for p in pieces], [p[1] for p in pieces]),
    }


def _correlation(scores: Sequence[Score], name: str, in_speech: bool) -> float | None:
    """Pearson's correlation of a track with the truth's, over all frames of one speaker."""
    made = [getattr(score.tracks, name) for score in scores]
    true = [getattr(score.truth, name) for score in scores]
    if in_speech:
        spoken = [contact.in_speech(score.clip.phones, score.times) for score in scores]
        made, true = ([t[m] for t, m in zip(tracks, spoken, strict=True)] for tracks in (made, true))
    return timing.correlation(np.concatenate(true), np.concatenate(made))


def _mean_of(values: Sequence[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def _pieces(score: Score) -> list[tuple[float, float]]:
    """Root mean square of the speech and mean speed of the lips in every whole piece of a recording."""
    length = round(PIECE_S * FEATURE_RATE)
    power = 10.0 ** (score.level.astype(np.float64) / 10.0)
    starts = range(0, len(power) - length + 1, length)
    speed = score.tracks.lip_speed
    return [
        (float(np.sqrt(power[start : start + length].mean())), float(speed[start : start + length].mean()))
        for start in starts
    ]


def _contact_figures(scores: Sequence[Score]) -> Figures:
    spoken = [score for score in scores if score.clip.phones and "lips" in score.described]
    closures, labiodentals = contact.Closures(), contact.Bites()
    for speaker in sorted({score.clip.speaker for score in spoken}):
        own = [score for score in spoken if score.clip.speaker == speaker]
        threshold = contact.closing_threshold(_gaps(own, contact.in_speech))
        for score in own:
            phones = score.clip.phones
            closures += contact.count_closures(score.tracks.gap, phones, score.times, threshold)
            if score.tracks.lip_to_teeth is not None:
                labiodentals += contact.measure_lip_to_teeth(score.tracks.lip_to_teeth, phones, score.times)
    in_speech, at_rest = _gaps(spoken, contact.in_speech), _gaps(spoken, contact.at_rest)
    return {
        "closure_recall": closures.recall,
        "closure_precision": closures.precision,
        "closures": float(closures.wanted) if spoken else None,
        "gap_range_mm": float(np.percentile(in_speech, 95)) if len(in_speech) else None,
        "bite_mm": float(np.median(labiodentals.wanted)) if labiodentals.wanted else None,
        "bite_elsewhere_mm": float(np.median(labiodentals.elsewhere)) if labiodentals.elsewhere else None,
        "bite_nearer": labiodentals.nearer,
        "silence_ratio": contact.rest_ratio(at_rest, in_speech),
        "long_pause_ratio": contact.rest_ratio(_gaps(spoken, following.long_pauses), in_speech),
    }


def _lids(scores: Sequence[Score]) -> Figures:
    blinks = Blinks()
    for score in scores:
        if "eye_region" in score.described:
            blinks += count_blinks(score.tracks.lids, FEATURE_RATE)
    return {
        "blink_rate": blinks.rate,
        "blink_ms": float(np.median(blinks.lengths)) if blinks.lengths else None,
        "blink_ms_spread": _spread(list(blinks.lengths)),
    }


def _gaps(scores: Sequence[Score], where: contact.Where) -> Float64:
    parts = [score.tracks.gap[where(score.clip.phones, score.times)] for score in scores]
    return np.concatenate([*parts, np.zeros(0)])


def _mean(parts: Sequence[Float64 | None]) -> float | None:
    """Mean over the frames of all recordings that have any."""
    frames = [part for part in parts if part is not None and len(part)]
    return float(np.concatenate(frames).mean()) if frames else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _root(value: float | None) -> float | None:
    return None if value is None else float(np.sqrt(value))


def _spread(values: Sequence[float]) -> float | None:
    """Distance of the quartiles."""
    return float(np.subtract(*np.percentile(values, [75, 25]))) if len(values) else None
