"""Phones to mouth shapes by rule, as Rhubarb Lip Sync (Daniel Wolf, MIT) has it: nine shapes, A to H and X.

Kept: its nine shapes, after charts that cartoons have long used; which sounds get which; sounds that allow
several shapes keep the present one if they can; diphthongs in two parts of 60 and 40 percent; brief open
vowels open less.
Left out: the order of effort in which it chooses among allowed shapes, the in-between drawings that fill up
twelve drawings a second, and pauses of different length.
Other: sounds are known by articulatory features and not by English letters, so that the rule holds in
any language; a stop's lips are closed for all of its time; shapes are ARKit poses made by hand, and one melts
into the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lab.baselines.base import Float32, displacement
from lab.baselines.sounds import Sound, heard_sounds, known_sounds
from lab.evaluation.takes import Take
from lab.phonetics.phone_recogniser import PhoneRecogniser
from lab.phonetics.phonology import INDEX
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float64 = NDArray[np.float64]

BRIEF = 0.2
"""Seconds: shorter open vowels have no time to open wide."""

FIRST_PART = 0.6
"""Of a diphthong's time."""

BLEND = 0.08
"""Seconds in which a shape melts into the next, at most; half of the shorter one's time if that is less."""


def _both(name: str, value: float) -> dict[str, float]:
    return {f"{name}Left": value, f"{name}Right": value}


POSES: Mapping[str, Mapping[str, float]] = {
    "A": _both("mouthPress", 0.3),
    "B": {"jawOpen": 0.04, **_both("mouthLowerDown", 0.2), **_both("mouthUpperUp", 0.1)},
    "C": {"jawOpen": 0.16, **_both("mouthLowerDown", 0.15), **_both("mouthUpperUp", 0.1)},
    "D": {"jawOpen": 0.32, **_both("mouthLowerDown", 0.15), **_both("mouthUpperUp", 0.1)},
    "E": {"jawOpen": 0.16, "mouthFunnel": 0.25, "mouthPucker": 0.2},
    "F": {"jawOpen": 0.06, "mouthFunnel": 0.15, "mouthPucker": 0.6},
    "G": {"jawOpen": 0.05, "mouthRollLower": 0.35, **_both("mouthUpperUp", 0.3)},
    "H": {"jawOpen": 0.2, **_both("mouthLowerDown", 0.15), **_both("mouthUpperUp", 0.1)},
    "X": {},
}
"""A: lips pressed together. B: teeth together, lips apart. C: open. D: wide open. E: slightly rounded.
F: puckered. G: lower lip at the upper teeth. H: tongue behind the upper teeth. X: at rest."""


@dataclass(frozen=True)
class Cue:
    """A mouth shape from ``start`` to ``end`` seconds."""

    shape: str
    start: float
    end: float


def allowed(features: Float32, seconds: float) -> str:
    """Return the shapes that a sound may have, the usual one first.

    Args:
        features: (F,) of the sound.
        seconds: its length.
    """

    def has(*names: str) -> bool:
        return all(features[INDEX[name]] >= 0.5 for name in names)

    rules = (
        (has("silence"), "X"),
        (has("bilabial"), "A"),
        (has("labiodental"), "G"),
        (has("vowel"), _of_vowel(features, seconds)),
        (has("rounded"), "F"),
        (has("glottal"), "BCDEFGHAX"),
        (has("lateral"), "H" if seconds >= BRIEF else "BEFH"),
        (has("nasal", "alveolar"), "BCFH"),
        (has("velar") or has("uvular"), "BCEFH"),
        (has("palatal"), "BCF"),
        (has("rhotic"), "BEF"),
    )
    return next((shapes for holds, shapes in rules if holds), "BF")


def _of_vowel(features: Float32, seconds: float) -> str:
    close, back, rounded, rhotic = (features[INDEX[name]] for name in ("close", "back", "rounded", "rhotic"))
    if rounded >= 0.5:
        return "F" if close > 0.8 else "E"
    if rhotic >= 0.5:
        return "E"
    if close < 0.1:
        return "D" if back > 0.5 or seconds >= BRIEF else "C"
    return "B" if close > 0.8 else "C"


def cues(sounds: Sequence[Sound]) -> list[Cue]:
    """Return what the mouth does, without gaps; equal neighbours are one."""
    made: list[Cue] = []
    for sound in sounds:
        parts, edges = sound.parts, [sound.start, sound.end]
        if len(parts) > 1:
            middle = sound.start + FIRST_PART * (sound.end - sound.start)
            parts, edges = parts[[0, -1]], [sound.start, middle, sound.end]
        for features, (start, end) in zip(parts, pairwise(edges), strict=True):
            shapes = allowed(features, sound.end - sound.start)
            if made and made[-1].shape in shapes:
                made[-1] = Cue(made[-1].shape, made[-1].start, end)
            else:
                made.append(Cue(shapes[0], start, end))
    return made


def curves(sounds: Sequence[Sound], times: Float64) -> Float32:
    """Return (len(times), 52) activations at ``times`` seconds."""
    track = np.zeros((len(times), len(ARKIT_NAMES)))
    known = cues(sounds)
    if known:
        track += _pose(known[0].shape)
    for before, after in pairwise(known):
        width = min(BLEND, (before.end - before.start) / 2.0, (after.end - after.start) / 2.0)
        passed = np.clip((times - after.start) / max(width, 1e-6) + 0.5, 0.0, 1.0)
        share = 0.5 - 0.5 * np.cos(np.pi * passed)
        track += share[:, None] * (_pose(after.shape) - _pose(before.shape))
    return track.astype(np.float32)


def _pose(shape: str) -> Float64:
    pose = np.zeros(len(ARKIT_NAMES))
    for name, value in POSES[shape].items():
        pose[ARKIT_INDEX[name]] = value
    return pose


@dataclass(frozen=True)
class VisemeRule:
    """The rule on a face.

    Attributes:
        shapes: (52, P, 3) of the face, mm.
        recogniser: hears what nobody wrote down; without one the face rests there.
    """

    shapes: Float32
    recogniser: PhoneRecogniser | None = None

    def predict(self, take: Take) -> Float32:
        """Return (T, P, 3) displacement in millimetres."""
        sounds = known_sounds(take.clip.phones)
        if not sounds and self.recogniser is not None:
            sounds = heard_sounds(self.recogniser, take.features)
        return displacement(curves(sounds, take.times), self.shapes)
