"""What a recording has gone through before it is heard: telephones, voice chats, compressed files.

None of these delays the speech, so that its motion stays true; a test measures it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

Float32 = NDArray[np.float32]

TELEPHONE_RATE = 8_000
TELEPHONE_BAND = (300.0, 3_400.0)

COMPANDING = 255.0
"""The constant of mu-law companding, ITU-T G.711."""

FILTER_SECONDS = 0.016
"""Length of a band's filter: the slopes are some 200 Hz wide."""


@dataclass(frozen=True)
class Codec:
    """A way of keeping sound that loses some of it.

    Attributes:
        format, subtype: libsndfile's names.
        compression: least and most, in libsndfile's terms, 0 to 1.
        options: further ones of ``soundfile.write``.
    """

    format: str
    subtype: str
    compression: tuple[float, float]
    options: tuple[tuple[str, str], ...] = ()


CODECS = (
    Codec("OGG", "OPUS", (0.9, 1.0)),  # 29 to 7 kbit/s: a voice chat
    Codec("OGG", "VORBIS", (0.5, 1.0)),  # 46 to 29 kbit/s
    Codec("MP3", "MPEG_LAYER_III", (0.8, 0.99), (("bitrate_mode", "AVERAGE"),)),  # 37 to 10 kbit/s
)


def through_codec(samples: Float32, sample_rate: int, codec: Codec, compression: float) -> Float32:
    """Encode and decode; libsndfile leaves out the delay that encoders add."""
    file = io.BytesIO()
    options: dict[str, Any] = dict(codec.options)
    soundfile.write(
        file,
        samples,
        sample_rate,
        format=codec.format,
        subtype=codec.subtype,
        compression_level=compression,
        **options,
    )
    file.seek(0)
    decoded: Float32 = soundfile.read(file, dtype="float32")[0]
    return decoded


def band(samples: Float32, low: float, high: float, sample_rate: int) -> Float32:
    """Leave the frequencies between ``low`` and ``high`` Hz, without a shift in time."""
    taps = int(FILTER_SECONDS * sample_rate) | 1
    kernel = signal.firwin(taps, [low, min(high, 0.499 * sample_rate)], pass_zero=False, fs=sample_rate)
    heard: Float32 = signal.fftconvolve(samples, kernel)[taps // 2 :][: len(samples)].astype(np.float32)
    return heard


def coarse(samples: Float32, bits: int) -> Float32:
    """Round to ``2 ** bits`` even steps."""
    steps = 2.0 ** (bits - 1)
    rounded: Float32 = (np.round(samples * steps) / steps).astype(np.float32)
    return rounded


def companded(samples: Float32, bits: int = 8) -> Float32:
    """Round to steps that are finer where the sound is faint: mu-law, ITU-T G.711."""
    pressed = np.sign(samples) * np.log1p(COMPANDING * np.abs(np.clip(samples, -1.0, 1.0)))
    pressed = coarse(pressed / np.log1p(COMPANDING), bits)
    opened: Float32 = (
        np.sign(pressed) * np.expm1(np.abs(pressed) * np.log1p(COMPANDING)) / COMPANDING
    ).astype(np.float32)
    return opened


def telephone(samples: Float32, sample_rate: int) -> Float32:
    """Send through a telephone: 300 to 3400 Hz, 8000 samples a second, 8 bits in mu-law."""
    narrow = signal.resample_poly(band(samples, *TELEPHONE_BAND, sample_rate), TELEPHONE_RATE, sample_rate)
    wide = signal.resample_poly(companded(narrow), sample_rate, TELEPHONE_RATE)
    heard: Float32 = wide[: len(samples)].astype(np.float32)
    return heard


def _by_codec(samples: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    codec = CODECS[rng.integers(len(CODECS))]
    return through_codec(samples, sample_rate, codec, float(rng.uniform(*codec.compression)))


def _by_telephone(samples: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    return telephone(samples, sample_rate)


def _by_poor_microphone(samples: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    return band(samples, rng.uniform(40.0, 250.0), rng.uniform(3_000.0, 7_500.0), sample_rate)


def _by_poor_converter(samples: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    return coarse(samples, int(rng.integers(8, 12)))


WAYS: tuple[tuple[float, Callable[[Float32, np.random.Generator, int], Float32]], ...] = (
    (0.5, _by_codec),
    (0.2, _by_telephone),
    (0.2, _by_poor_microphone),
    (0.1, _by_poor_converter),
)
"""How often each way is taken."""


def channel(samples: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    """Send a recording of at most full scale through one way drawn from ``WAYS``.

    Args:
        samples: (N,) mono.
        rng: where the draw comes from.
        sample_rate: Hz; one of 8, 12, 16, 24 and 48 kHz, or Opus refuses it.

    Returns:
        (N,) in step with what was given.
    """
    share = [weight for weight, _ in WAYS]
    return WAYS[rng.choice(len(WAYS), p=share)][1](samples, rng, sample_rate)
