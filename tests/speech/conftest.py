"""Sounds that the tests make themselves, and the encoder where it is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.speech.audio import Audio, load_audio
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def encoder_file() -> Path:
    """Whisper base's encoder as `build.py setup` leaves it."""
    path = ROOT / "vendor" / "weights" / ENCODER_FILE_NAME
    if not path.is_file():
        pytest.skip(f"no speech encoder at {path}; `python build.py setup` makes it")
    return path


@pytest.fixture(scope="session")
def encoder(encoder_file: Path) -> SpeechEncoder:
    return SpeechEncoder(encoder_file)


@pytest.fixture(scope="session")
def speech() -> Audio:
    """3.6 s of a spoken sentence."""
    return load_audio(ROOT / "tests" / "data" / "second_voice.ogg")


@pytest.fixture(scope="session")
def long_speech(speech: Audio) -> Audio:
    """The same sentence nine times: 32.6 s, so that it needs two windows."""
    return Audio(np.tile(speech.samples, 9))
