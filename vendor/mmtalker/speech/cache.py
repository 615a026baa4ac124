"""Speech features kept on disk between runs, so that training encodes every clip once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.atomic import replacing
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import Audio
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_SHA256

FEATURE_VERSION = 1
"""Raised whenever the same samples would give other features."""


def feature_key(audio: Audio, layers: Sequence[int], first_position: int = 0) -> str:
    """Name of the features of ``audio``: 64 hex digits over all that they depend on."""
    head = f"{FEATURE_VERSION} {ENCODER_SHA256} {tuple(layers)} {first_position} "
    digest = hashlib.sha256(head.encode())
    digest.update(np.ascontiguousarray(audio.samples, dtype="<f4").tobytes())
    return digest.hexdigest()


class FeatureCache:
    """A folder of float16 arrays, one file a clip; safe to share, since files appear whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def features(
        self,
        encoder: SpeechEncoder,
        audio: Audio,
        progress: Progress = silent,
        *,
        first_position: int = 0,
    ) -> NDArray[np.float32]:
        """``encoder.features(audio)`` rounded to float16, from the folder when it is there already.

        Rounding is applied to fresh features too, so that a first run and a later one are the same.

        Raises:
            MMTalkerError: ``DISK_FULL``, or ``FILE_FORMAT`` when the folder cannot be written to.
        """
        key = feature_key(audio, encoder.layers, first_position)
        found = self.get(key)
        if found is None:
            fresh = encoder.features(audio, progress, first_position=first_position)
            found = fresh.astype(np.float16)
            self.put(key, found)
        return found.astype(np.float32)

    def through(self, encoder: SpeechEncoder) -> Callable[[Audio], NDArray[np.float16]]:
        """Return an encoding of speech to (T, L, width) that looks into the folder first."""
        return lambda audio: self.features(encoder, audio).astype(np.float16)

    def get(self, key: str) -> NDArray[np.float16] | None:
        """The (T, L, width) array stored under ``key``; None when absent or damaged."""
        try:
            with self._path(key).open("rb") as file:
                array = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None  # a damaged file is written again by the caller
        return array if isinstance(array, np.ndarray) and array.dtype == np.float16 else None

    def put(self, key: str, features: NDArray[np.float16]) -> None:
        """Store ``features`` under ``key``."""
        with replacing(self._path(key)) as temporary, temporary.open("wb") as file:
            np.save(file, features, allow_pickle=False)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"
