"""What is heard beside the speaker: steady noise, noise in the rhythm of speech, and other people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SYLLABLES_HZ = (2.0, 8.0)
"""The rhythm of speech: its loudness rises and falls this often."""

BABBLE_VOICES = (2, 6)
"""How many others may speak at a time."""

BELOW_DB = (8.0, 35.0)
"""How far a noise lies below the recording."""


def coloured(count: int, rng: np.random.Generator) -> Float64:
    """Draw (N,) noise between white and brown."""
    noise: Float64 = signal.lfilter([1.0], [1.0, -rng.uniform(0.0, 0.97)], rng.standard_normal(count))
    return noise


def speech_shaped(samples: Float32, rng: np.random.Generator) -> Float64:
    """Draw (N,) noise with the very spectrum of a recording: its phases alone are new."""
    spectrum = np.abs(np.fft.rfft(samples))
    turned = spectrum * np.exp(2j * np.pi * rng.random(len(spectrum)))
    noise: Float64 = np.fft.irfft(turned, len(samples))
    return noise


def in_syllables(noise: Float64, rng: np.random.Generator, sample_rate: int) -> Float64:
    """Let noise swell and fade as speech does."""
    spectrum = np.fft.rfft(rng.standard_normal(len(noise)))
    frequency = np.fft.rfftfreq(len(noise), 1.0 / sample_rate)
    spectrum[(frequency < SYLLABLES_HZ[0]) | (frequency > SYLLABLES_HZ[1])] = 0.0
    swell = np.fft.irfft(spectrum, len(noise))
    loudness = np.maximum(1.0 + 1.5 * swell / max(float(swell.std()), 1e-12), 0.0)
    modulated: Float64 = noise * loudness
    return modulated


def babble(count: int, others: Sequence[Float32], rng: np.random.Generator) -> Float64:
    """Let some of the other recordings be said at once, each from a moment drawn by chance."""
    total = np.zeros(count)
    for _ in range(rng.integers(BABBLE_VOICES[0], BABBLE_VOICES[1] + 1)):
        voice = others[rng.integers(len(others))]
        loudness = max(float(np.sqrt(np.mean(voice**2))), 1e-6)
        total += np.resize(np.roll(voice, rng.integers(len(voice))), count) / loudness
    return total


def noise(
    samples: Float32, rng: np.random.Generator, sample_rate: int, others: Sequence[Float32] = ()
) -> Float32:
    """Add a noise drawn by chance to (N,) samples; ``others`` are recordings to make babble from."""
    kind = rng.random()
    if kind < 0.5:
        beside = coloured(len(samples), rng)
    elif kind < 0.75 or not others:
        beside = speech_shaped(samples, rng)
    else:
        beside = babble(len(samples), others, rng)
    if rng.random() < 0.3:
        beside = in_syllables(beside, rng, sample_rate)
    below = 10.0 ** (-rng.uniform(*BELOW_DB) / 20.0)
    power = np.sqrt(np.mean(samples**2) / max(float(np.mean(beside**2)), 1e-20))
    noisy: Float32 = (samples + beside * power * below).astype(np.float32)
    return noisy


HUM_HZ = (50.0, 60.0)
MUSIC_NOTES = (110.0, 440.0)
"""Range of the lowest note of a chord, Hz."""

SOUND_SECONDS = 3.0
LEVELS_DB = (-70.0, -10.0)
"""Root mean square of sounds without speech, dB of full scale."""


def sound_without_speech(rng: np.random.Generator, silent: bool = False) -> Float32:
    """Draw (N,) samples at 16 kHz in which nobody speaks: noise, hum, music; or digital silence."""
    rate = 16_000
    count = round(SOUND_SECONDS * rate)
    if silent:
        return np.zeros(count, dtype=np.float32)
    kinds = (
        lambda: coloured(count, rng),
        lambda: in_syllables(coloured(count, rng), rng, rate),
        lambda: hum(count, rng, rate),
        lambda: music(count, rng, rate),
    )
    sound = kinds[rng.integers(len(kinds))]()
    level = 10.0 ** (rng.uniform(*LEVELS_DB) / 20.0)
    scaled: Float32 = (sound * level / max(float(np.sqrt(np.mean(sound**2))), 1e-12)).astype(np.float32)
    return np.clip(scaled, -1.0, 1.0)


def hum(count: int, rng: np.random.Generator, sample_rate: int) -> Float64:
    """Draw (N,) of a mains hum with harmonics, over a little hiss."""
    times = np.arange(count) / sample_rate
    lowest = HUM_HZ[rng.integers(len(HUM_HZ))] * rng.uniform(0.98, 1.02)
    harmonics = np.arange(1, 13)
    strength = rng.random(len(harmonics)) / harmonics
    phase = rng.uniform(0.0, 2.0 * np.pi, (len(harmonics), 1))
    waves = np.sin(2.0 * np.pi * lowest * np.outer(harmonics, times) + phase)
    sound: Float64 = strength @ waves + rng.uniform(0.0, 0.1) * rng.standard_normal(count)
    return sound


def music(count: int, rng: np.random.Generator, sample_rate: int) -> Float64:
    """Draw (N,) of struck chords, each of three harmonic notes that fade."""
    times = np.arange(count) / sample_rate
    sound = np.zeros(count)
    beat = rng.uniform(0.15, 0.7)
    for start in np.arange(0.0, count / sample_rate, beat):
        since = times - start
        envelope = np.where(since >= 0.0, np.exp(-since.clip(0.0) / rng.uniform(0.1, 0.8)), 0.0)
        root = rng.uniform(*MUSIC_NOTES)
        for ratio in (1.0, 1.25, 1.5)[: rng.integers(1, 4)]:
            for harmonic in range(1, 6):
                sound += envelope * np.sin(2.0 * np.pi * root * ratio * harmonic * since) / harmonic**1.5
    return sound
