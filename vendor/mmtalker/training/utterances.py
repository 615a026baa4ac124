"""Speech with its motion at 50 Hz: what one training example is made of."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.augment import augment
from mmtalker.data.corpus import Clip, Corpus, Motion
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio
from mmtalker.speech.features import FEATURE_RATE, WINDOW_FRAMES, SpeechEncoder, frame_count
from mmtalker.training.config import TrainConfig
from mmtalker.training.store import FeatureStore
from mmtalker.training.targets import rest_in_silence

Float32 = NDArray[np.float32]

COPIES_VERSION = 2
"""Raised when the same clip would give other copies."""


@dataclass(frozen=True)
class Utterance:
    """One recording, or a changed copy of it, with its motion.

    Attributes:
        name: of the recording.
        features: (T, L, D) float16 encoder layers at 50 Hz.
        target: (T, 52) activations.
        known: (52,) channels that ``target`` says something about.
    """

    name: str
    features: NDArray[np.float16]
    target: Float32
    known: NDArray[np.bool_]


def training_utterances(
    corpus: Corpus,
    encoder: SpeechEncoder,
    config: TrainConfig,
    cache: Path,
    progress: Progress = silent,
) -> dict[str, list[Utterance]]:
    """Encode every training clip that has motion, and changed copies of it.

    Args:
        corpus: the folder.
        encoder: of speech.
        config: says which sources are left out and how many copies a clip gets.
        cache: folder of the stores.
        progress: told how far it is.

    Returns:
        Utterances by source; noise without speech is a source of its own.
    """
    sets = {
        source.name: _encoded(
            corpus, source.name, encoder, cache, config.copies.get(source.name, 1), progress, config
        )
        for source in corpus.sources
        if source.name not in config.without
    }
    said = (utterance.known for found in sets.values() for utterance in found)
    known = np.any([np.zeros(52, dtype=bool), *said], axis=0)
    sets["noise"] = _noise(encoder, config.noise_clips, cache, known)
    return {name: found for name, found in sets.items() if found}


def _encoded(
    corpus: Corpus,
    source: str,
    encoder: SpeechEncoder,
    cache: Path,
    copies: int,
    progress: Progress,
    config: TrainConfig,
) -> list[Utterance]:
    clips = [clip for clip in corpus.training() if clip.source == source]
    motions = [(clip, motion) for clip in clips if (motion := corpus.motion(clip)) is not None]
    store = FeatureStore(cache, source, encoder.layers, encoder.width)
    keys: list[str] = []
    for done, (clip, _) in enumerate(motions):
        path = corpus.audio(clip)
        wanted = [_key(path, copy) for copy in range(copies + 1)]
        if missing := [copy for copy, key in enumerate(wanted) if key not in store]:
            recording = load_audio(path)
            for copy in missing:
                audio, speed, position = changed(recording, clip.name, copy)
                features = encoder.features(audio, first_position=position).astype(np.float16)
                store.put(wanted[copy], speed, features)
        keys += wanted
        progress(f"speech of {source}", (done + 1) / len(motions))
    read = store.read(keys)
    return [
        _utterance(clip, motion, features, speed)
        for row, (clip, motion) in enumerate(motions)
        for features, speed in read[row * (copies + 1) : (row + 1) * (copies + 1)]
    ]


def changed(recording: Audio, name: str, copy: int) -> tuple[Audio, float, int]:
    """Return copy number ``copy`` of a recording, its speed and its place in the encoder's window.

    Copy 0 is the recording itself. Each other one lies at another place, since the encoder's states
    tell where in its window they are.
    """
    if copy == 0:
        return recording, 1.0, 0
    rng = np.random.default_rng([zlib.crc32(name.encode()), copy])
    samples, speed = augment(recording.samples, rng, SAMPLE_RATE)
    audio = Audio(samples)
    room = max(0, WINDOW_FRAMES - frame_count(audio))
    return audio, speed, int(rng.integers(0, room + 1))


def _noise(encoder: SpeechEncoder, count: int, cache: Path, known: NDArray[np.bool_]) -> list[Utterance]:
    """Return recordings without speech, from digital silence to loud hiss: what is ``known`` rests."""
    store = FeatureStore(cache, "noise", encoder.layers, encoder.width)
    keys = [f"noise-{seed}" for seed in range(count)]
    for seed, key in enumerate(keys):
        if key in store:
            continue
        rng = np.random.default_rng([seed, 1])
        level = 0.0 if seed == 0 else 10 ** rng.uniform(-5.0, -0.7)
        samples = (level * rng.standard_normal(3 * SAMPLE_RATE)).astype(np.float32)
        audio = Audio(np.clip(samples, -1.0, 1.0))
        position = int(rng.integers(0, WINDOW_FRAMES - frame_count(audio)))
        store.put(key, 1.0, encoder.features(audio, first_position=position).astype(np.float16))
    return [
        Utterance(key, features, np.zeros((len(features), 52), dtype=np.float32), known)
        for key, (features, _) in zip(keys, store.read(keys), strict=True)
    ]


def _key(audio: Path, copy: int) -> str:
    """Fingerprint a copy by its recording's bytes: cheap, since flac is small."""
    digest = hashlib.sha256(f"{COPIES_VERSION} {copy} ".encode())
    digest.update(audio.read_bytes())
    return digest.hexdigest()[:32]


def _utterance(clip: Clip, motion: Motion, features: NDArray[np.float16], speed: float) -> Utterance:
    times = np.arange(len(features)) / FEATURE_RATE * speed
    target = motion.at(times)
    if clip.phones:
        target = rest_in_silence(target, [(p.start, p.end, p.name) for p in clip.phones], times)
    return Utterance(clip.name, features, target, motion.known)


class Heard(Protocol):
    """Anything with encoded speech: (T, L, D) features."""

    @property
    def features(self) -> NDArray[np.float16]: ...


def feature_statistics(sets: Mapping[str, Sequence[Heard]], each: int = 100) -> tuple[Float32, Float32]:
    """Return the (L, D) mean and standard deviation over up to ``each`` utterances of every source."""
    chosen = [
        utterance.features.astype(np.float32)
        for found in sets.values()
        for utterance in found[:: max(1, len(found) // each)]
    ]
    frames = np.concatenate(chosen)
    return frames.mean(axis=0), frames.std(axis=0)
