"""Articulatory features of speech of unknown phones, as a recogniser trained on the corpus hears them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.phone_posteriors import articulation_posteriors, corpus_recogniser
from mmtalker.model.loading import DEFAULT_FOLDER
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import Audio
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME

Float32 = NDArray[np.float32]

Listen = Callable[[Audio], Float32]
"""Speech -> (T, F) features in 0..1 at 50 Hz."""


def corpus_ears(corpus: Path, progress: Progress = silent) -> Listen:
    """Return what hears articulatory features; its recogniser is trained when it is first asked for.

    Args:
        corpus: its folder.
        progress: told about the training.

    Raises:
        MMTalkerError: BAD_REQUEST when the corpus holds too little speech with known phones;
            WEIGHTS_MISSING without the speech encoder.
    """
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME)
    recogniser = corpus_recogniser(
        corpus, lambda audio, place: encoder.features(audio, first_position=place), progress=progress
    )
    return lambda audio: articulation_posteriors(recogniser, encoder.features(audio))
