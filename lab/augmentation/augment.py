"""Changes to a recording that leave its motion true: other voices, rooms, noises, levels and channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from lab.augmentation.channels import channel
from lab.augmentation.noises import noise
from lab.augmentation.rooms import room

Float32 = NDArray[np.float32]

MAX_DENOMINATOR = 40

SPEEDS = (0.78, 1.4)
LEVELS_DB = (-18.0, 6.0)

ROOM_SHARE = 0.4
NOISE_SHARE = 0.6
CHANNEL_SHARE = 0.4
"""How often a copy is heard in a room, beside noise, and through a poor channel."""


def varispeed(samples: Float32, rate: float) -> tuple[Float32, float]:
    """Play faster by ``rate``; pitch and formants move with it, as in a smaller speaker.

    Returns:
        The samples and the exact rate that was used, a ratio of small integers.
    """
    up, down = MAX_DENOMINATOR, round(rate * MAX_DENOMINATOR)
    return signal.resample_poly(samples, up, down).astype(np.float32), down / up


def tilt(samples: Float32, rng: np.random.Generator) -> Float32:
    """Colour the spectrum as another microphone would: a first-order shelf to either side."""
    slope = rng.uniform(-0.5, 0.5)
    coloured: Float32 = signal.lfilter([1.0, -slope], [1.0], samples).astype(np.float32)
    return coloured


def augment(
    samples: Float32, rng: np.random.Generator, sample_rate: int, others: Sequence[Float32] = ()
) -> tuple[Float32, float]:
    """Draw one variant of a recording.

    Args:
        samples: (N,) mono.
        rng: where the draw comes from; the same one gives the same variant.
        sample_rate: Hz.
        others: recordings of other people, who may talk in the background.

    Returns:
        The variant and its speed: an event at time t is at t / speed in it.
    """
    samples, speed = varispeed(samples, float(np.exp(rng.uniform(*np.log(SPEEDS)))))
    samples = tilt(samples, rng)
    if rng.random() < ROOM_SHARE:
        samples = room(samples, rng, sample_rate)
    if rng.random() < NOISE_SHARE:
        samples = noise(samples, rng, sample_rate, others)
    samples = np.clip(samples * 10.0 ** (rng.uniform(*LEVELS_DB) / 20.0), -1.0, 1.0).astype(np.float32)
    if rng.random() < CHANNEL_SHARE:
        samples = np.clip(channel(samples, rng, sample_rate), -1.0, 1.0)
    return samples, speed
