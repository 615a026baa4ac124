"""Speech and motion made up for tests: what moves is a simple function of what is heard."""

from __future__ import annotations

import numpy as np
import torch

from lab.corpus.clips import Clip
from lab.evaluation.takes import Take
from lab.phonetics.phone_speech import Phone
from lab.training.batches import Batch

LAYERS, WIDTH, CHANNELS, POINTS = 2, 6, 4, 10

SHAPES = np.random.default_rng(5).normal(size=(CHANNELS, POINTS, 3)).astype(np.float32)
"""(K, P, 3) mm."""


def speech(rng: np.random.Generator, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (T, L, D) that wander slowly, and the (T, K) curves that the first of them drive."""
    walk = np.cumsum(rng.normal(size=(frames, LAYERS * WIDTH)), axis=0) * 0.3
    walk -= walk.mean(axis=0)
    curves = 1.0 / (1.0 + np.exp(-2.0 * walk[:, :CHANNELS]))
    return walk.reshape(frames, LAYERS, WIDTH).astype(np.float32), curves.astype(np.float32)


class Constructed:
    """Batches of it; the first half of a batch's windows knows only some of the channels."""

    def __init__(self, batch: int = 6, window: int = 30, known_first: int = CHANNELS) -> None:
        self.batch, self.window, self.known_first = batch, window, known_first

    def draw(self, rng: np.random.Generator) -> Batch:
        features, curves = (
            np.stack(part)
            for part in zip(*(speech(rng, self.window + 2) for _ in range(self.batch)), strict=True)
        )
        known = np.ones((self.batch, CHANNELS), dtype=bool)
        known[: self.batch // 2, self.known_first :] = False
        target = curves * known[:, None]
        return Batch(
            features=torch.from_numpy(features[:, 2:]),
            target=torch.from_numpy(target[:, 2:]),
            known=torch.from_numpy(known),
            before=torch.from_numpy(target[:, :2]),
            from_rest=torch.zeros(self.batch, dtype=torch.bool),
            person=torch.arange(self.batch) % 3 - 1,
            phones=torch.full((*target[:, 2:].shape[:2], 26), torch.nan),
        )


def take(features: np.ndarray, phones: tuple[Phone, ...] = ()) -> Take:
    clip = Clip("made", "clip", "nobody", "en", "", phones)
    return Take(clip, features.astype(np.float16), np.zeros(len(features), dtype=np.float32))
