"""Writes frames and sound as one mp4: H.264 and AAC, which every player and browser knows."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from mmtalker.io.atomic import replacing

QUALITY = "17"
"""Constant rate factor of x264; below 18 nobody sees the loss."""


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    size: int,
    fps: float,
    samples: NDArray[np.float32],
    rate: int,
) -> None:
    """Write (size, size, 3) RGB frames, ``size`` being even, and (N,) mono samples.

    The file appears under its name only when it is whole.
    """
    options = {"movflags": "faststart"}
    with replacing(path) as part, av.open(str(part), "w", format="mp4", options=options) as container:
        picture = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        sound = container.add_stream("aac", rate=rate, layout="mono")
        picture.width = picture.height = size
        picture.pix_fmt = "yuv420p"
        picture.options = {"crf": QUALITY, "preset": "medium"}
        sound.bit_rate = 96_000
        for image in frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(picture.encode(None))
        _write_sound(container, sound, samples, rate)


def _write_sound(
    container: av.container.OutputContainer, stream: av.AudioStream, samples: NDArray[np.float32], rate: int
) -> None:
    frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate, frame_size=1024)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
