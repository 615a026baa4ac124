"""The sound of m4a, mp4, mov, webm, mkv and wma files, by PyAV; read as ``soundfile`` reads others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

SIGNATURES = ((4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"), (0, bytes.fromhex("3026b2758e66cf11")))
"""Where such files have which bytes: ISO base media, Matroska, ASF."""

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf"
"""FFmpeg's names of what is opened. Playlists may name other files and addresses, and are not among them."""


class NotSound(Exception):
    """The file has no sound, or none that can be decoded."""


class NoPyAV(Exception):
    """PyAV is not installed."""


def is_media(raw: BinaryIO) -> bool:
    """True for a file of these kinds; leaves it at its beginning."""
    raw.seek(0)
    head = raw.read(16)
    raw.seek(0)
    return any(head[at:].startswith(signature) for at, signature in SIGNATURES)


class MediaFile:
    """The first sound of an open file.

    Attributes:
        samplerate: Hz. channels: how many.
        frames: samples of a channel as the file tells, 0 where it does not.
        uncertain_seconds: by how much that may be too many: containers count padding too.
    """

    uncertain_seconds = 0.25

    def __init__(self, raw: BinaryIO) -> None:
        """Open it.

        Raises:
            NoPyAV: it cannot be read here. NotSound: it cannot be read at all.
        """
        try:
            import av  # only for files that need it
        except ImportError as error:
            raise NoPyAV from error
        self._error = av.error.FFmpegError
        options = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
        try:
            container: Any = av.open(raw, options=options)
        except (self._error, ValueError) as error:
            raise NotSound from error
        self._container = container
        streams = container.streams.audio
        if not streams or not streams[0].rate or not streams[0].channels:
            container.close()
            raise NotSound
        stream = streams[0]
        self.samplerate, self.channels = int(stream.rate), int(stream.channels)
        seconds = (container.duration or 0) / av.time_base
        self.frames = max(0, round(seconds * self.samplerate))
        resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=self.samplerate)
        self._blocks = self._decode(stream, resampler)
        self._rest: Float32 = np.zeros((0, self.channels), dtype=np.float32)

    def __enter__(self) -> MediaFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def next_block(self, limit: int) -> Float32:
        """Return the next (N, channels) samples, N at most ``limit``; none at the end.

        Raises:
            NotSound: what follows is damaged.
        """
        if not len(self._rest):
            try:
                self._rest = next(self._blocks, self._rest)
            except (self._error, ValueError) as error:
                raise NotSound from error
        block, self._rest = self._rest[:limit], self._rest[limit:]
        return block

    def _decode(self, stream: Any, resampler: Any) -> Iterator[Float32]:
        for frame in self._container.decode(stream):
            for even in resampler.resample(frame):
                if even.samples:
                    yield even.to_ndarray().T
