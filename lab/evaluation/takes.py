"""What is measured: one recording as a system hears it, and how its face truly moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import Clip, Corpus
from lab.evaluation.face import Face
from mmtalker.motion.silence import loudness
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]

Encode = Callable[[Audio], NDArray[np.float16]]
"""Speech -> its (T, L, D) features at 50 Hz."""


@dataclass(frozen=True, eq=False)
class Take:
    """One recording.

    Attributes:
        clip: what the corpus says about it.
        features: (T, L, D) float16, the encoder's layers at 50 Hz.
        level: (T,) loudness in dB of full scale.
    """

    clip: Clip
    features: NDArray[np.float16]
    level: Float32

    @property
    def times(self) -> NDArray[np.float64]:
        """(T,) seconds of the frames."""
        return np.arange(len(self.features)) / FEATURE_RATE


Prediction = Callable[[Take], Float32]
"""A recording -> displacement (T, P, 3) in mm of the face's points from rest."""

System = Callable[[Face], Prediction]
"""Something that moves faces: made ready for a face, it predicts that face's motion."""


@dataclass(frozen=True)
class Truth:
    """How the face moved.

    Attributes:
        curves: (T, 52) at 50 Hz, as filmed.
        known: (52,) channels that the source says something about.
    """

    curves: Float32
    known: NDArray[np.bool_]


def read_take(corpus: Corpus, clip: Clip, encode: Encode) -> Take:
    """Decode and encode a clip of the corpus."""
    return make_take(clip, load_audio(corpus.audio(clip)), encode)


def make_take(clip: Clip, audio: Audio, encode: Encode) -> Take:
    """Encode a recording that need not be a file of the corpus."""
    features = encode(audio)
    level = loudness(audio.samples, SAMPLE_RATE, FEATURE_RATE)
    return Take(clip, features, level[: len(features)])


def read_truth(corpus: Corpus, take: Take) -> Truth | None:
    """Read how the face moved in a take; None where nobody knows."""
    motion = corpus.motion(take.clip)
    if motion is None:
        return None
    return Truth(motion.at(take.times), motion.known)
