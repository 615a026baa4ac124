"""Windows of speech with their motion, drawn at random from filmed and guessed recordings."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmtalker.training.config import TrainConfig
from mmtalker.training.targets import mirror_order
from mmtalker.training.utterances import Utterance


class Batches:
    """Windows of speech drawn at random: features, activations, and the two frames before."""

    def __init__(self, filmed: list[Utterance], config: TrainConfig) -> None:
        self._config = config
        self._filmed = self._long_enough(filmed)
        self._guessed: list[Utterance] = []
        self._mirror = mirror_order()

    def use_guessed(self, utterances: list[Utterance]) -> None:
        """Mix in speech whose motion was guessed, in place of earlier guesses."""
        self._guessed = self._long_enough(utterances)

    def _long_enough(self, utterances: list[Utterance]) -> list[Utterance]:
        return [u for u in utterances if len(u.features) > self._config.window + 2]

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return features (B, T, L, D), activations (B, T, K), activations before (B, 2, K)."""
        window = self._config.window
        features, targets, before = [], [], []
        for _ in range(self._config.batch):
            guessed = self._guessed and rng.random() < self._config.unfilmed_share
            pool = self._guessed if guessed else self._filmed
            utterance = pool[int(rng.integers(len(pool)))]
            start = int(rng.integers(2, len(utterance.features) - window))
            target = utterance.target[start - 2 : start + window]
            if rng.random() < 0.5:  # a mirrored face says the same words
                target = target[:, self._mirror]
            features.append(utterance.features[start : start + window])
            before.append(target[:2])
            targets.append(target[2:])
        stacked = (np.stack(part).astype(np.float32) for part in (features, targets, before))
        first, second, third = (torch.from_numpy(part) for part in stacked)
        return first, second, third
