"""Changes to a recording that leave its motion true: other voices, rooms, levels and noises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Float32 = NDArray[np.float32]

MAX_DENOMINATOR = 40


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


def room(samples: Float32, rng: np.random.Generator, rate: int) -> Float32:
    """Add an exponentially decaying noise tail of 0.1 to 0.5 s (Polack's model of late reverberation)."""
    decay = rng.uniform(0.1, 0.5)
    time = np.arange(int(decay * rate)) / rate
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / decay)
    tail *= rng.uniform(0.05, 0.4) / np.sqrt((tail**2).sum())
    tail[0] += 1.0
    heard: Float32 = signal.fftconvolve(samples, tail)[: len(samples)].astype(np.float32)
    return heard


def noise(samples: Float32, rng: np.random.Generator) -> Float32:
    """Add noise between white and brown at 8 to 35 dB below the recording."""
    coloured = signal.lfilter([1.0], [1.0, -rng.uniform(0.0, 0.97)], rng.standard_normal(len(samples)))
    power = np.sqrt(np.mean(samples**2) / max(float(np.mean(coloured**2)), 1e-12))
    noisy: Float32 = (samples + coloured * power * 10 ** (-rng.uniform(8.0, 35.0) / 20.0)).astype(np.float32)
    return noisy


def augment(samples: Float32, rng: np.random.Generator, sample_rate: int) -> tuple[Float32, float]:
    """Draw one variant of a recording.

    Args:
        samples: (N,) mono.
        rng: where the draw comes from.
        sample_rate: Hz.

    Returns:
        The variant and its speed: an event at time t is at t / speed in it.
    """
    samples, speed = varispeed(samples, float(np.exp(rng.uniform(np.log(0.78), np.log(1.4)))))
    samples = tilt(samples, rng)
    if rng.random() < 0.4:
        samples = room(samples, rng, sample_rate)
    if rng.random() < 0.6:
        samples = noise(samples, rng)
    level = 10 ** (rng.uniform(-18.0, 6.0) / 20.0)
    return np.clip(samples * level, -1.0, 1.0).astype(np.float32), speed
