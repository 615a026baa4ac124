"""A made-up world for tests of the recogniser: speech is a mixture of its phones' features, and noise."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.phone_speech import Phone
from lab.phonetics.phone_training import Example
from lab.phonetics.phonology import feature_track

PHONES = ("p", "m", "f", "s", "n", "k", "a", "i", "u", "ɛ")
WIDTH = 24


def sentence(seed: int) -> tuple[Phone, ...]:
    """Ten phones between pauses, each 60 to 160 ms long."""
    rng = np.random.default_rng(seed)
    names = ["sil", *rng.choice(PHONES, 10, replace=False), "sil"]
    edges = np.round(np.cumsum([0.0, *rng.uniform(0.06, 0.16, len(names))]), 2)
    return tuple(
        Phone(str(n), float(a), float(b)) for n, a, b in zip(names, edges[:-1], edges[1:], strict=True)
    )


def encoded(phones: tuple[Phone, ...], noise: float = 0.3) -> NDArray[np.float32]:
    """(T, 1, WIDTH) what an encoder might make of the phones."""
    times = np.arange(round(phones[-1].end * 50)) / 50.0
    track = feature_track(phones, times)
    mixture = np.random.default_rng(0).standard_normal((track.shape[1], WIDTH))
    rng = np.random.default_rng(zlib.crc32(repr(phones).encode()))
    made = track @ mixture + noise * rng.standard_normal((len(track), WIDTH))
    return made[:, None].astype(np.float32)


def examples(count: int) -> list[Example]:
    return [Example(encoded(sentence(seed)), sentence(seed)) for seed in range(count)]
