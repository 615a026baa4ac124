"""Features come from the folder the second time, and only if they are really theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmtalker.speech.audio import Audio
from mmtalker.speech.cache import FeatureCache, feature_key
from mmtalker.speech.features import SpeechEncoder


def test_the_key_depends_on_everything_that_changes_the_features(speech: Audio) -> None:
    other = Audio(np.append(speech.samples, np.float32(0.0)))
    keys = {
        feature_key(speech, (2, 4, 6)),
        feature_key(speech, (2, 4)),
        feature_key(speech, (2, 4, 6), first_position=1),
        feature_key(other, (2, 4, 6)),
    }
    assert len(keys) == 4
    assert feature_key(Audio(speech.samples.copy()), (2, 4, 6)) in keys


def test_a_second_run_reads_what_the_first_one_gave(
    encoder: SpeechEncoder, speech: Audio, tmp_path: Path
) -> None:
    cache = FeatureCache(tmp_path / "features")
    first = cache.features(encoder, speech)
    heard: list[float] = []

    second = cache.features(encoder, speech, lambda stage, fraction: heard.append(fraction))

    assert np.array_equal(first, second)
    assert heard == []
    assert np.allclose(first, encoder.features(speech), rtol=2e-3, atol=2e-3)


def test_a_damaged_file_is_made_again(encoder: SpeechEncoder, speech: Audio, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    first = cache.features(encoder, speech)
    file = tmp_path / f"{feature_key(speech, encoder.layers)}.npy"
    for content in (b"", file.read_bytes()[:1000], b"\x93NUMPY nonsense"):
        file.write_bytes(content)
        assert np.array_equal(cache.features(encoder, speech), first)
