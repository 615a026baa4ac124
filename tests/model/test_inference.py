"""Long speech in windows: no seam, no growth, the same result whatever is told about progress."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from mmtalker.model import inference
from mmtalker.model.inference import (
    OVERLAP,
    WINDOW,
    extract_features,
    fuse,
    in_windows,
    past_motion,
    predict_activations,
    windows,
)
from tests.model.small import random_head, small_network


def speech(frames: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((frames, 2, 16)).astype(np.float16)


def test_windows_cover_everything_and_share_their_overlap() -> None:
    for total in (1, WINDOW, WINDOW + 1, 5 * WINDOW + 17, 180_000):
        cut = windows(total)
        assert cut[0][0] == 0 and cut[-1][1] == total
        assert all(stop - start <= WINDOW for start, stop in cut)
        assert all(a[1] - b[0] == OVERLAP for a, b in pairwise(cut))


def test_a_long_clip_joins_without_a_jump() -> None:
    network, head = small_network(), random_head()
    shapes = np.random.default_rng(1).standard_normal((52, 64, 3)).astype(np.float32) * 0.01

    curves = fuse(network, head, shapes, speech(2 * WINDOW))

    change = np.abs(np.diff(curves, axis=0)).mean(axis=1)
    joins = [start + OVERLAP // 2 for start, _ in windows(2 * WINDOW)[1:]]
    near_joins = np.concatenate([change[join - 30 : join + 30] for join in joins])
    assert near_joins.max() < 1.1 * change.max()
    assert near_joins.mean() < 1.2 * change.mean()


def test_a_short_clip_is_one_window_and_equals_the_network() -> None:
    network, head = small_network(), random_head()
    features = speech(50)

    with torch.no_grad():
        made = fuse(network, head, np.zeros((52, 64, 3), dtype=np.float32), features)
        local, whole = network.speech(torch.from_numpy(features.astype(np.float32))[None])
        kept = local.half().float()  # as it is kept until a head is there
        direct = network.regression.activations(network.fuse(head, kept, whole, head.still()))

    assert np.allclose(made, direct[0].numpy(), atol=1e-6)


def test_features_that_come_in_pieces_fill_the_windows_one_after_another() -> None:
    features = speech(3 * WINDOW + 123)
    pieces = np.split(features, [1, 90, 91, WINDOW + 300, 2 * WINDOW + 700])

    got = list(in_windows(pieces, len(features)))

    assert [len(window) for window in got] == [stop - start for start, stop in windows(len(features))]
    for window, (start, stop) in zip(got, windows(len(features)), strict=True):
        np.testing.assert_array_equal(window, features[start:stop])


def test_speech_heard_in_pieces_speaks_as_speech_heard_at_once() -> None:
    network, head = small_network(), random_head()
    shapes = np.random.default_rng(1).standard_normal((52, 64, 3)).astype(np.float32) * 0.01
    features = speech(2 * WINDOW)

    heard = extract_features(network, np.split(features, 8), len(features))

    frames = sum(b - a for a, b in windows(len(features)))
    assert heard.local.shape == (network.config.members, frames, network.config.width)
    np.testing.assert_array_equal(
        predict_activations(network, head, shapes, heard), fuse(network, head, shapes, features)
    )


def test_an_hours_layers_are_never_in_memory_together() -> None:
    def encode(chunks: int) -> Iterator[np.ndarray]:
        for _ in range(chunks):
            yield np.zeros((900, 3, 64), dtype=np.float32)

    def peak(chunks: int) -> int:
        tracemalloc.start()
        for _ in in_windows(encode(chunks), chunks * 900):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(200) < 1.2 * peak(4)


def test_past_motion_is_displacement_and_its_change() -> None:
    shapes = torch.zeros(2, 1, 3)
    shapes[0, 0, 1], shapes[1, 0, 2] = 2.0, 1.0
    before, just_before = torch.tensor([[0.5, 0.0]]), torch.tensor([[1.0, 1.0]])

    past = past_motion(shapes, before, just_before)

    assert past[0, 0].tolist() == [0.0, 2.0, 1.0, 0.0, 1.0, 1.0]


def test_shapes_in_chunks_are_the_shapes_at_once(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    network, head = small_network(), random_head()
    rng = np.random.default_rng(0)
    uv, point = rng.random((50, 2), dtype=np.float32), rng.random((50, 6), dtype=np.float32)
    with torch.no_grad():
        whole = inference.evaluate_shapes(network, head, uv, point)
        monkeypatch.setattr(inference, "POINTS_AT_ONCE", 7)
        chunks = inference.evaluate_shapes(network, head, uv, point)

    assert np.allclose(whole, chunks, atol=1e-6)
