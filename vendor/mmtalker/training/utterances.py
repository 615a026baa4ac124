"""Speech with its motion at 50 Hz: what one training example is made of, features cached on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.augment import augment
from mmtalker.data.grid import GridClip, GridMotion
from mmtalker.data.phone_speech import Phone, PhoneClip
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import FEATURE_RATE, WINDOW_FRAMES, SpeechEncoder, frame_count
from mmtalker.training.targets import clip_targets

Float32 = NDArray[np.float32]

Encode = Callable[[Audio, int], NDArray[np.float16]]
"""Speech and its place in the encoder's window -> (T, L, D) features."""

UNFILMED_SEED = 1_000_000
"""Added to a clip's number, so that its copies differ from those of filmed clips."""

HELD_OUT_EVERY = 10
"""Each tenth sentence is never trained on."""


@dataclass(frozen=True)
class Utterance:
    """One recording, or a changed copy of it, with its motion.

    Attributes:
        name: of the recording.
        features: (T, L, D) float16 encoder layers at 50 Hz.
        target: (T, 52) activations.
    """

    name: str
    features: NDArray[np.float16]
    target: Float32


def cached_encode(encoder: SpeechEncoder, cache: FeatureCache) -> Encode:
    """Return an encoder that looks into the cache first."""

    def encode(audio: Audio, first_position: int) -> NDArray[np.float16]:
        return cache.features(encoder, audio, first_position=first_position).astype(np.float16)

    return encode


def is_held_out(index: int) -> bool:
    """Say whether clip number ``index`` of the corpus is kept for evaluation."""
    return index % HELD_OUT_EVERY == 0


def prepare(
    grid: GridMotion,
    activations: Float32,
    encode: Encode,
    variants: int,
    progress: Progress = silent,
) -> tuple[list[Utterance], list[Utterance]]:
    """Encode all clips: the recording itself and, for training, ``variants`` changed copies of each.

    Returns:
        Utterances to train on and held-out ones.
    """
    train: list[Utterance] = []
    test: list[Utterance] = []
    for index, clip in enumerate(grid.clips):
        recording = load_audio(clip.audio)
        if is_held_out(index):
            test.append(_utterance(clip, activations, recording, 1.0, 0, encode))
        else:
            train.append(_utterance(clip, activations, recording, 1.0, 0, encode))
            for audio, speed, first_position in _copies(recording, index, variants):
                train.append(_utterance(clip, activations, audio, speed, first_position, encode))
        progress("features", (index + 1) / len(grid.clips))
    return train, test


@dataclass(frozen=True)
class Unfilmed:
    """Speech of a known text that nobody filmed.

    Attributes:
        name: of the recording.
        features: (T, L, D) float16 at 50 Hz.
        phones: with their times.
    """

    name: str
    features: NDArray[np.float16]
    phones: tuple[Phone, ...]

    @property
    def times(self) -> NDArray[np.float64]:
        """(T,) seconds of the frames."""
        return np.arange(len(self.features)) / FEATURE_RATE


def prepare_unfilmed(clips: list[PhoneClip], encode: Encode, variants: int) -> list[Unfilmed]:
    """Encode recordings with known phones, and ``variants`` changed copies of each."""
    found = []
    for index, clip in enumerate(clips):
        recording = load_audio(clip.audio)
        found.append(Unfilmed(clip.name, encode(recording, 0), clip.phones))
        for audio, speed, first_position in _copies(recording, UNFILMED_SEED + index, variants):
            found.append(Unfilmed(clip.name, encode(audio, first_position), clip.faster(speed)))
    return found


def noise_utterances(encode: Encode, count: int) -> Iterator[Utterance]:
    """Yield recordings without speech, from digital silence to loud hiss: the face rests."""
    for seed in range(count):
        rng = np.random.default_rng([seed, 1])
        level = 0.0 if seed == 0 else 10 ** rng.uniform(-5.0, -0.7)
        samples = (level * rng.standard_normal(3 * SAMPLE_RATE)).astype(np.float32)
        audio = Audio(np.clip(samples, -1.0, 1.0))
        features = encode(audio, int(rng.integers(0, WINDOW_FRAMES - frame_count(audio))))
        yield Utterance(f"noise{seed}", features, np.zeros((len(features), 52), dtype=np.float32))


def _copies(recording: Audio, index: int, variants: int) -> Iterator[tuple[Audio, float, int]]:
    """Changed copies, each at another place of the encoder's window: its states tell where they are."""
    for variant in range(variants):
        rng = np.random.default_rng([index, variant])
        samples, speed = augment(recording.samples, rng, SAMPLE_RATE)
        audio = Audio(samples)
        yield audio, speed, int(rng.integers(0, WINDOW_FRAMES - frame_count(audio)))


def _utterance(
    clip: GridClip,
    activations: Float32,
    audio: Audio,
    speed: float,
    first_position: int,
    encode: Encode,
) -> Utterance:
    features = encode(audio, first_position)
    times = np.arange(len(features)) / FEATURE_RATE * speed
    return Utterance(clip.name, features, clip_targets(activations, clip, times))
