"""Features of clips from one sample to several windows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtalker.errors import Cancelled
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.features import WINDOW_FRAMES, SpeechEncoder, frame_count, window_bounds


@pytest.mark.parametrize("total", [1, 99, 100, 101, 999, 1000, 1001, 1900, 1901, 3000, 180_050])
def test_windows_cover_the_clip_share_two_seconds_and_are_alike(total: int) -> None:
    windows = window_bounds(total)
    assert windows[0][0] == 0
    assert windows[-1][1] == total
    assert all(mine[1] - following[0] == 100 for mine, following in pairwise(windows))
    sizes = [stop - start for start, stop in windows]
    assert max(sizes) <= WINDOW_FRAMES
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (320, 1), (321, 2), (1_600, 5), (16_000, 50)])
def test_there_is_a_frame_for_every_20_ms_begun(encoder: SpeechEncoder, samples: int, frames: int) -> None:
    audio = Audio(np.full(samples, 0.1, dtype=np.float32))
    assert frame_count(audio) == frames
    features = encoder.features(audio)
    assert features.shape == (frames, 3, 512)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_a_sentence_is_the_same_every_time(encoder: SpeechEncoder, speech: Audio) -> None:
    assert np.array_equal(encoder.features(speech), encoder.features(speech))


def test_a_clip_of_its_own_length_is_close_to_one_padded_to_30_seconds(
    encoder: SpeechEncoder, speech: Audio
) -> None:
    own = encoder.features(speech)
    padded = np.zeros(18 * SAMPLE_RATE, dtype=np.float32)  # as far as one window goes
    padded[: len(speech.samples)] = speech.samples
    long = encoder.features(Audio(padded))[: len(own)]
    difference = np.linalg.norm(own - long, axis=2) / np.linalg.norm(long, axis=2)
    assert (difference.mean(axis=0) < [0.15, 0.40, 0.40]).all()


def test_chunks_come_in_order_and_cover_every_frame_once(encoder: SpeechEncoder, long_speech: Audio) -> None:
    expected = 0
    for start, chunk in encoder.iter_features(long_speech):
        assert start == expected
        expected += len(chunk)
    assert expected == frame_count(long_speech)


def test_windows_join_without_a_seam(encoder: SpeechEncoder, long_speech: Audio) -> None:
    """Where one window gives way to the next, features move from frame to frame as they do anywhere."""
    features = encoder.features(long_speech)
    steps = np.linalg.norm(np.diff(features, axis=0) / features.std(axis=(0, 2), keepdims=True), axis=2)
    begin = window_bounds(len(features) + 50)[1][0]
    seam, all_steps = steps[begin : begin + 100], steps
    assert (seam.max(axis=0) < 1.2 * all_steps.max(axis=0)).all()
    assert (seam.mean(axis=0) < 1.3 * all_steps.mean(axis=0)).all()


def test_a_later_position_is_like_speech_before_the_clip(encoder: SpeechEncoder, speech: Audio) -> None:
    """Position, not context, is what tells a clip at the start of a window from one in its middle."""
    twice = encoder.features(Audio(np.concatenate([speech.samples[: 3 * SAMPLE_RATE], speech.samples])))[150:]
    scale = twice.std(axis=0)

    def distance(first_position: int) -> np.ndarray:
        alone = encoder.features(speech, first_position=first_position)[: len(twice)]
        return np.sqrt((((alone[25:] - twice[25:]) / scale) ** 2).mean(axis=(0, 2)))

    assert (distance(150) < np.array([0.2, 0.4, 0.9]) * distance(0)).all()


def test_features_in_bfloat16_are_close(encoder: SpeechEncoder, encoder_file: Path, speech: Audio) -> None:
    exact = encoder.features(speech)
    made = SpeechEncoder(encoder_file, dtype=torch.bfloat16).features(speech)

    assert made.dtype == np.float32
    error = np.sqrt((((made - exact) / exact.std(axis=0)) ** 2).mean(axis=(0, 2)))
    assert ((error > 0.0) & (error < 0.05)).all(), error


def test_a_position_beyond_the_encoders_is_refused(encoder: SpeechEncoder, speech: Audio) -> None:
    with pytest.raises(ValueError, match="first_position"):
        encoder.features(speech, first_position=1_400)


def test_progress_ends_at_one_and_may_cancel(encoder: SpeechEncoder, long_speech: Audio) -> None:
    heard: list[tuple[str, float]] = []
    encoder.features(long_speech, lambda stage, fraction: heard.append((stage, fraction)))
    assert [stage for stage, _ in heard] == ["speech", "speech"]
    assert heard[-1][1] == 1.0

    def cancel(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        encoder.features(long_speech, cancel)
