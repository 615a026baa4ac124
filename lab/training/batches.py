"""Windows of speech with their motion, drawn at random from all sources in fixed shares."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lab.training.config import TrainConfig
from lab.training.ranges import scale_mouth
from lab.training.targets import mirror_order
from lab.training.utterances import Utterance
from mmtalker.errors import ErrorCode, MMTalkerError


@dataclass(frozen=True)
class Batch:
    """B windows of T frames.

    Attributes:
        features: (B, T, L, D) encoder layers.
        target: (B, T, K) activations.
        known: (B, K) whether the source of a window says something about the channel.
        before: (B, 2, K) activations of the two frames before each window.
        from_rest: (B,) windows that shall not see them.
        person: (B,) number of the speaker among the model's people; -1 for the default style.
        phones: (B, T, F) articulatory features; NaN where nobody knows what is said.
    """

    features: Tensor
    target: Tensor
    known: Tensor
    before: Tensor
    from_rest: Tensor
    person: Tensor
    phones: Tensor

    def part(self, rank: int, processes: int) -> Batch:
        """Return the windows of one of several processes."""
        return Batch(*(getattr(self, item.name)[rank::processes] for item in fields(self)))

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, item.name).to(device) for item in fields(self)))


class Batches:
    """Draws batches.

    Args:
        sets: utterances by source.
        config: window, batch and the sources' shares.

    Raises:
        MMTalkerError: FILE_FORMAT when no source has a recording as long as a window.
    """

    def __init__(self, sets: dict[str, list[Utterance]], config: TrainConfig) -> None:
        self._config = config
        long_enough = {
            name: [u for u in found if len(u.features) > config.window + 2] for name, found in sets.items()
        }
        self._sets = [found for found in long_enough.values() if found]
        share = np.array([config.shares.get(name, 0.0) for name, found in long_enough.items() if found])
        if not share.sum() > 0.0:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"No source of the corpus has motion for a window of {config.window} frames. Build the "
                "corpus whole, or give the sources a share in the training configuration.",
            )
        self._share = share / share.sum()
        self._mirror = mirror_order()
        self._weights = [_by_speaker(found) for found in self._sets]

    def draw(self, rng: np.random.Generator) -> Batch:
        """Draw one batch; the same generator state gives the same one."""
        window = self._config.window
        features, targets, known, before, people, phones = [], [], [], [], [], []
        names = self._config.model.people
        for source in rng.choice(len(self._sets), self._config.batch, p=self._share):
            found = self._sets[int(source)]
            utterance = found[int(rng.choice(len(found), p=self._weights[int(source)]))]
            start = int(rng.integers(2, len(utterance.features) - window))
            own = utterance.speaker in names and rng.random() >= self._config.default_style
            # How far somebody opens belongs to their style; in the default one, everybody opens as usual.
            factor = 1.0 if own else utterance.opening
            target = scale_mouth(utterance.target[start - 2 : start + window], factor)
            says = utterance.known
            if rng.random() < 0.5:  # a mirrored face says the same words
                target, says = target[:, self._mirror], says[self._mirror]
            features.append(utterance.features[start : start + window])
            known.append(says)
            phones.append(utterance.phones[start : start + window])
            people.append(names.index(utterance.speaker) if own else -1)
            before.append(target[:2])
            targets.append(target[2:])
        from_rest = rng.random(self._config.batch) < self._config.no_past
        stacked = [np.stack(part).astype(np.float32) for part in (features, targets, before, phones)]
        first, second, third, fourth = (torch.from_numpy(part) for part in stacked)
        says_what, who = torch.from_numpy(np.stack(known)), torch.tensor(people)
        return Batch(first, second, says_what, third, torch.from_numpy(from_rest), who, fourth)


def _by_speaker(utterances: list[Utterance]) -> NDArray[np.float64]:
    """Return chances that favour speakers of few recordings: each speaker's, by the root of their number."""
    count = Counter(utterance.speaker for utterance in utterances)
    weight = np.array([count[utterance.speaker] ** -0.5 for utterance in utterances])
    share: NDArray[np.float64] = weight / weight.sum()
    return share
