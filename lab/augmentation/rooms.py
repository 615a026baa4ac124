"""How a room answers: early echoes from its walls, and a tail that dies away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SOUND_SPEED = 343.0
ROOM_METRES = ((2.5, 2.5, 2.2), (8.0, 7.0, 3.5))
"""Smallest and largest room."""

REVERBERATION_SECONDS = (0.12, 0.6)
"""Time in which sound falls by 60 dB: a furnished bedroom to a bare hall."""

DISTANCE_METRES = (0.1, 1.0)
"""From mouth to microphone."""

EARLY_SECONDS = 0.05
"""After this, echoes come so thickly that noise stands for them."""

WALL_DAMPING = 0.4
"""How much more high frequencies lose in the tail: coefficient of a first-order low-pass."""


def room_response(rng: np.random.Generator, sample_rate: int) -> Float32:
    """Draw a room and answer an impulse in it.

    Early echoes are mirror images of the mouth in the walls of a box (Allen and Berkley 1979), the rest is
    noise that decays as they do (Polack 1988).

    Returns:
        (N,) beginning with the direct sound, of height 1: nothing is heard later than without the room.
    """
    size = rng.uniform(*ROOM_METRES)
    decay = rng.uniform(*REVERBERATION_SECONDS)
    ear = rng.uniform(0.25, 0.75, 3) * size
    away = rng.standard_normal(3)
    mouth = np.clip(ear + away / np.linalg.norm(away) * rng.uniform(*DISTANCE_METRES), 0.1 * size, 0.9 * size)
    direct = max(float(np.linalg.norm(mouth - ear)), DISTANCE_METRES[0])

    time = np.arange(int((EARLY_SECONDS + decay) * sample_rate)) / sample_rate
    response = np.zeros(len(time))
    distance, height = _images(size, ear, mouth, _reflection(size, decay))
    later = (distance - direct) / SOUND_SPEED
    early = (later > 0.5 / sample_rate) & (later < EARLY_SECONDS)
    np.add.at(
        response, np.round(later[early] * sample_rate).astype(np.int64), (height * direct / distance)[early]
    )

    # The tail goes on as loud as the second half of the echoes was.
    falling = np.exp(-np.log(1e3) * time / decay)
    seen = (time >= 0.5 * EARLY_SECONDS) & (time < EARLY_SECONDS)
    tail = (
        signal.lfilter([1.0 - WALL_DAMPING], [1.0, -WALL_DAMPING], rng.standard_normal(len(time))) * falling
    )
    loudness = np.sqrt(np.sum(response[seen] ** 2) / max(float(np.sum(tail[seen] ** 2)), 1e-20))
    late = time >= EARLY_SECONDS
    response[late] = loudness * tail[late]
    response[0] = 1.0
    return response.astype(np.float32)


def room(samples: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    """Let (N,) samples be heard in a room drawn by chance."""
    response = room_response(rng, sample_rate)
    heard: Float32 = signal.fftconvolve(samples, response)[: len(samples)].astype(np.float32)
    return heard


def _reflection(size: Float64, decay: float) -> float:
    """Share of the pressure that a wall gives back, by Eyring's formula (1930) for the time of decay."""
    volume, walls = float(np.prod(size)), 2.0 * float(size @ np.roll(size, 1))
    absorbed = 1.0 - np.exp(-24.0 * np.log(10.0) / SOUND_SPEED * volume / (walls * decay))
    return float(np.sqrt(1.0 - absorbed))


def _images(size: Float64, ear: Float64, mouth: Float64, reflection: float) -> tuple[Float64, Float64]:
    """Distances and strengths of the mouth's mirror images that may be heard early."""
    reach = EARLY_SECONDS * SOUND_SPEED + DISTANCE_METRES[1] + float(size.max())
    apart, bounces = [], []
    for axis in range(3):
        cell = np.arange(-int(reach / (2.0 * size[axis])) - 1, int(reach / (2.0 * size[axis])) + 2)
        same = 2.0 * cell * size[axis] + mouth[axis]
        mirrored = 2.0 * cell * size[axis] - mouth[axis]
        apart.append(np.concatenate([same, mirrored]) - ear[axis])
        bounces.append(np.concatenate([2 * np.abs(cell), np.abs(cell) + np.abs(cell - 1)]))
    x, y, z = np.meshgrid(*apart, indexing="ij", sparse=True)
    total = sum(np.meshgrid(*bounces, indexing="ij", sparse=True))
    distance = np.sqrt(x**2 + y**2 + z**2)
    return distance.ravel(), (reflection ** np.asarray(total, dtype=np.float64)).ravel()
