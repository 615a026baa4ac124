"""Writes sound into the containers that PyAV reads."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np


def write_media(
    target: Path | BinaryIO, samples: np.ndarray, rate: int, kind: str, codec: str, pictures: int = 0
) -> None:
    """Write (N,) or (C, N) samples.

    Args:
        target: where to.
        samples: within -1..1.
        rate: Hz.
        kind: FFmpeg's name of the container. codec: of the sound.
        pictures: black ones at 25 a second, written before the sound.
    """
    channels = np.atleast_2d(samples).astype(np.float32)
    with av.open(str(target) if isinstance(target, Path) else target, "w", format=kind) as container:
        video = container.add_stream("mpeg4", rate=25) if pictures else None
        sound = container.add_stream(codec, rate=rate)
        sound.bit_rate = 64_000
        sound.layout = "mono" if len(channels) == 1 else "stereo"
        if video is not None:
            video.width = video.height = 32
            for number in range(pictures):
                image = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
                image.pts, image.time_base = number, Fraction(1, 25)
                container.mux(video.encode(image))
            container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(channels), format="fltp", layout=sound.layout.name
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
