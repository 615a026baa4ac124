"""Trains the phone recogniser on recordings with known phone times, in under a minute of one core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from lab.phonetics.phone_recogniser import PARTS_OF_A_FRAME, Encoded, PhoneRecogniser, moments
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import NEUTRAL, phone_parts
from mmtalker.errors import MMTalkerError
from mmtalker.progress import Progress, silent

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

_UNKNOWN = -100  # label of padding, which counts for nothing


@dataclass(frozen=True)
class RecogniserConfig:
    """How the recogniser is made and trained.

    Attributes:
        width, embedding: sizes of the network.
        dropout: share of values left out.
        steps: of training.
        pieces: recordings' pieces in a step.
        piece: frames of a piece.
        rate: highest learning rate.
        smoothing: part of a label that goes to all phones alike.
        seed: of all chance.
    """

    width: int = 128
    embedding: int = 64
    dropout: float = 0.2
    steps: int = 300
    pieces: int = 16
    piece: int = 100
    rate: float = 3e-3
    smoothing: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """A recording to learn from.

    Attributes:
        encoded: (T, L, D) layers of the encoder.
        phones: with their times.
    """

    encoded: Encoded
    phones: tuple[Phone, ...]


def train_recogniser(
    examples: Sequence[Example], config: RecogniserConfig | None = None, progress: Progress = silent
) -> PhoneRecogniser:
    """Return a recogniser of the examples' phones; the same examples give the same one.

    Raises:
        ValueError: without examples.
    """
    if not examples:
        raise ValueError("a recogniser needs recordings to learn from")
    config = config or RecogniserConfig()
    inventory, labels = label(examples)
    rng = np.random.default_rng(config.seed)
    flat = [np.asarray(example.encoded).reshape(len(example.encoded), -1) for example in examples]
    with _alone():
        torch.manual_seed(config.seed)
        network = PhoneRecogniser(
            torch.from_numpy(inventory), flat[0].shape[1], config.width, config.embedding, config.dropout
        )
        some = np.concatenate([frames[::5] for frames in flat]).astype(np.float32)
        network.mean.copy_(torch.from_numpy(some.mean(axis=0)))
        network.scale.copy_(torch.from_numpy(some.std(axis=0) + 1e-3))
        optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, config.steps, pct_start=0.1)
        lengths = np.array([len(frames) for frames in flat], dtype=np.float64)
        for step in range(config.steps):
            chosen = rng.choice(len(flat), config.pieces, p=lengths / lengths.sum())
            pieces = [_piece(flat[i], labels[i], config.piece, rng) for i in chosen]
            logits = network.logits(torch.from_numpy(np.stack([frames for frames, _ in pieces])))
            truth = torch.from_numpy(np.stack([names for _, names in pieces]))
            loss = functional.cross_entropy(
                logits.flatten(0, 1), truth.flatten(), ignore_index=_UNKNOWN, label_smoothing=config.smoothing
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            progress("phone recogniser", (step + 1) / config.steps)
    return network.eval().requires_grad_(False)


@contextmanager
def _alone() -> Iterator[None]:
    """Chance of its own, so that whoever calls is not disturbed, and one thread.

    More threads would sum in another order, and gain nothing with so small a network.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)


def label(examples: Sequence[Example]) -> tuple[Float32, list[Int64]]:
    """Return the (P, F) phones of all examples, and of each its (2 T,) places among them."""
    places: dict[bytes, int] = {}
    rows: list[Float32] = []
    labels = []
    for example in examples:
        edges, parts = timed_parts(example.phones)
        names = []
        for row in parts:
            if places.setdefault(row.tobytes(), len(rows)) == len(rows):
                rows.append(row)
            names.append(places[row.tobytes()])
        at = np.searchsorted(edges[1:-1], moments(len(example.encoded)), side="right")
        labels.append(np.array(names, dtype=np.int64)[at])
    return np.stack(rows), labels


def timed_parts(phones: Sequence[Phone]) -> tuple[NDArray[np.float64], list[Float32]]:
    """Return (N + 1,) edges in seconds and N rows of features: a phone of two letters is two."""
    edges = [phones[0].start]
    rows: list[Float32] = []
    for phone in phones:
        parts = readable_parts(phone.name)
        edges += np.linspace(phone.start, phone.end, len(parts) + 1)[1:].tolist()
        rows += list(parts)
    return np.array(edges), rows


def readable_parts(phone: str) -> Float32:
    """Features of a phone's letters; those of :data:`NEUTRAL` where they cannot be read."""
    try:
        return phone_parts(phone)
    except MMTalkerError:
        return phone_parts(NEUTRAL)


def _piece(frames: Encoded, names: Int64, length: int, rng: np.random.Generator) -> tuple[Float32, Int64]:
    """Cut a piece out of a recording, or fill up a short one."""
    first = int(rng.integers(0, max(1, len(frames) - length + 1)))
    taken = frames[first : first + length].astype(np.float32)
    said = names[PARTS_OF_A_FRAME * first : PARTS_OF_A_FRAME * (first + length)]
    short = length - len(taken)
    return (
        np.pad(taken, ((0, short), (0, 0))),
        np.pad(said, (0, PARTS_OF_A_FRAME * short), constant_values=_UNKNOWN),
    )
