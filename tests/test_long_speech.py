"""Ten minutes of speech: windows join unseen, and what is held in memory stays small."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.inference import FADE, OVERLAP, windows
from mmtalker.model.loading import DEFAULT_FOLDER, WEIGHTS_NAME
from mmtalker.pipeline import RAW_RATE, PreparedSpeech, Talker
from mmtalker.speech.audio import SAMPLE_RATE, Audio, load_audio
from mmtalker.speech.features import window_bounds
from mmtalker.speech.weights import ENCODER_FILE_NAME

SPEECH = Path(__file__).parents[1] / "demo" / "assets" / "speech.flac"
SECONDS, MINUTES = 9, 10

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all((DEFAULT_FOLDER / name).exists() for name in (WEIGHTS_NAME, ENCODER_FILE_NAME)),
        reason="weights or speech encoder are absent: run build.py setup",
    ),
]


@pytest.fixture(scope="module")
def talker() -> Talker:
    return Talker(device="cpu")


@pytest.fixture(scope="module")
def speech(talker: Talker) -> PreparedSpeech:
    """The same nine seconds, said again and again."""
    sentence = load_audio(SPEECH, duration=SECONDS).samples
    return talker.prepare_speech(Audio(np.resize(sentence, MINUTES * 60 * SAMPLE_RATE)))


def test_where_windows_join_a_face_moves_as_it_does_at_the_same_words_elsewhere(talker, speech) -> None:
    head = talker.prepare_head(load_canonical().mesh)
    raw = talker.animate(head, speech, fps=RAW_RATE).raw
    speed = np.abs(np.diff(raw, axis=0)).sum(axis=1)
    period = SECONDS * round(RAW_RATE)
    word = np.arange(len(speed)) % period

    fused = [start + OVERLAP // 2 for start, _ in windows(len(raw))[1:]]
    encoded = [(after[0] + before[1]) // 2 for before, after in pairwise(window_bounds(len(raw) + 50))]
    for joins in (fused, encoded):
        assert len(joins) > 30
        inside = np.zeros(len(speed), dtype=bool)
        for join in joins:
            inside[join - FADE : join + FADE] = True
        usual = np.bincount(word[~inside], speed[~inside]) / np.bincount(word[~inside])

        assert speed[inside].mean() < 1.05 * usual[word[inside]].mean()
        assert speed[inside].max() <= speed[~inside].max()


def test_what_is_kept_of_ten_minutes_is_small(speech: PreparedSpeech) -> None:
    """The encoder's layers would be 154 kB a second."""
    assert speech.features.frames == len(speech.energy) == MINUTES * 60 * round(RAW_RATE)
    assert sum(array.nbytes for array in speech.to_arrays().values()) < MINUTES * 60 * 40_000
