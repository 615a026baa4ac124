"""Speech with its motion at 50 Hz: what one training example is made of."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lab.augmentation.augment import augment
from lab.augmentation.noises import sound_without_speech
from lab.corpus.clips import Clip, Corpus, Motion
from lab.phonetics.phonology import FEATURES, INDEX, feature_track
from lab.training.config import TrainConfig
from lab.training.store import FeatureStore
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio
from mmtalker.speech.features import FEATURE_RATE, WINDOW_FRAMES, SpeechEncoder, frame_count

Float32 = NDArray[np.float32]

Label = Callable[[Clip, NDArray[np.float16]], Motion]
"""Clip, its (T, L, D) features -> how a face moves in it."""

COPIES_VERSION = 2
"""Raised when the same clip would give other copies."""


@dataclass(frozen=True)
class Utterance:
    """One recording, or a changed copy of it, with its motion.

    Attributes:
        name: of the recording.
        speaker: who speaks.
        features: (T, L, D) float16 encoder layers at 50 Hz.
        target: (T, 52) activations.
        filmed: whether ``target`` was filmed.
        opening: factor on jaw and mouth that brings the speaker to the usual range; see ``ranges.py``.
        known: (52,) channels that ``target`` says something about.
        phones: (T, F) articulatory features; NaN where nobody knows what is said.
    """

    name: str
    speaker: str
    features: NDArray[np.float16]
    target: Float32
    known: NDArray[np.bool_]
    phones: Float32
    filmed: bool = False
    opening: float = 1.0


def training_utterances(
    corpus: Corpus,
    encoder: SpeechEncoder,
    config: TrainConfig,
    cache: Path,
    progress: Progress = silent,
    label: Label | None = None,
) -> dict[str, list[Utterance]]:
    """Encode every training clip that has motion or phones, and changed copies of it.

    Args:
        corpus: the folder.
        encoder: of speech.
        config: says which sources are left out and how many copies a clip gets.
        cache: folder of the stores.
        progress: told how far it is.
        label: says how a face moves in speech that nobody filmed; None leaves that unknown.

    Returns:
        Utterances by source; noise without speech is a source of its own.
    """
    sets = {
        source.name: _encoded(corpus, source.name, encoder, cache, progress, config, label)
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
    progress: Progress,
    config: TrainConfig,
    label: Label | None,
) -> list[Utterance]:
    copies = config.copies.get(source, 1)
    clips = [clip for clip in corpus.training(with_people=config.with_people) if clip.source == source]
    motions = [(clip, corpus.motion(clip)) for clip in clips]
    motions = [(clip, motion) for clip, motion in motions if motion is not None or clip.phones]
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
    found: list[Utterance] = []
    for row, (clip, filmed) in enumerate(motions):
        variants = read[row * (copies + 1) : (row + 1) * (copies + 1)]
        motion = filmed or (label(clip, variants[0][0]) if label else None)
        made = (_utterance(clip, motion, features, speed) for features, speed in variants)
        found += [replace(utterance, filmed=filmed is not None) for utterance in made]
    return found


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
    """Return recordings without speech, from digital silence to music: what is ``known`` rests."""
    store = FeatureStore(cache, "noise", encoder.layers, encoder.width)
    keys = [f"sound-{seed}" for seed in range(count)]
    for seed, key in enumerate(keys):
        if key in store:
            continue
        rng = np.random.default_rng([seed, 1])
        audio = Audio(sound_without_speech(rng, seed == 0))
        position = int(rng.integers(0, WINDOW_FRAMES - frame_count(audio)))
        store.put(key, 1.0, encoder.features(audio, first_position=position).astype(np.float16))
    silence = np.zeros(len(FEATURES), dtype=np.float32)
    silence[INDEX["silence"]] = 1.0
    return [
        Utterance(
            key,
            "noise",
            features,
            np.zeros((len(features), 52), dtype=np.float32),
            known,
            np.tile(silence, (len(features), 1)),
        )
        for key, (features, _) in zip(keys, store.read(keys), strict=True)
    ]


def _key(audio: Path, copy: int) -> str:
    """Fingerprint a copy by its recording's bytes: cheap, since flac is small."""
    digest = hashlib.sha256(f"{COPIES_VERSION} {copy} ".encode())
    digest.update(audio.read_bytes())
    return digest.hexdigest()[:32]


def _utterance(clip: Clip, motion: Motion | None, features: NDArray[np.float16], speed: float) -> Utterance:
    times = np.arange(len(features)) / FEATURE_RATE * speed
    phones = np.full((len(times), len(FEATURES)), np.nan, dtype=np.float32)
    if clip.phones:
        phones = feature_track(clip.phones, times).clip(0.0, 1.0)
    if motion is None:
        motion = Motion(np.zeros((1, 52), dtype=np.float32), FEATURE_RATE, np.zeros(52, dtype=bool))
    return Utterance(clip.name, clip.speaker, features, motion.at(times), motion.known, phones)


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
