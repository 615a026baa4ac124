"""The sound of videos, and of files that libsndfile does not know, by PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,avi,flv,mpegts,mpeg,mxf,dv,ogg,"
    "aac,ac3,eac3,amr,caf,wav,w64,wv,ape,tta,dts"
)
"""FFmpeg's names of what is opened. Playlists may name other files and addresses, and are not among them; nor
are flac and mp3, which libsndfile reads: FFmpeg would take any bytes for an mp3."""

_MPEG_4 = "an MPEG-4 or QuickTime file (m4a, mp4, mov)"
_KINDS = (
    *((4, box, _MPEG_4) for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska file (webm, mkv)"),
    (0, bytes.fromhex("3026b2758e66cf11"), "a Windows Media file (wma, wmv)"),
    (8, b"AVI ", "an AVI video"),
    (0, b"FLV", "an FLV video"),
    (0, b"\0\0\x01\xba", "an MPEG video"),
    (0, b"\x0b\x77", "AC-3 sound"),
    (0, b"\xff\xf1", "AAC sound"),
    (0, b"\xff\xf9", "AAC sound"),
    (0, b"#!AMR", "AMR sound"),
)
"""Where files of which kind have which bytes."""

_PADDING = 0.25
"""Seconds that a container may count beyond the sound."""


class NotSound(Exception):
    """None of these kinds, or too damaged to be opened."""


class NoSound(Exception):
    """A video without sound."""


class NoPyAV(Exception):
    """PyAV is not installed."""


def find_kind(raw: BinaryIO) -> str:
    """What kind of file this is, for a message; empty where its first bytes do not tell."""
    raw.seek(0)
    head = raw.read(16)
    return next((kind for at, mark, kind in _KINDS if head[at:].startswith(mark)), "")


class MediaFile:
    """The first sound of an open file, the one that Blender plays.

    Attributes:
        samplerate: Hz. channels: how many.
        frames: samples of a channel, as the file tells or a guess; 0 where nothing does.
        least_frames: how many of them must come, or sound is missing; 0 where nothing tells.
        can_seek: False, since FFmpeg's seeking is up to 20 ms off.
        is_damaged: something could not be decoded so far.
    """

    can_seek = False

    def __init__(self, raw: BinaryIO) -> None:
        """Open it.

        Raises:
            NoPyAV, NotSound, NoSound: it cannot be read here, not at all, or has nothing to be heard.
        """
        try:
            import av  # only for files that need it
        except ImportError as error:
            raise NoPyAV from error
        self._av = av
        raw.seek(0)
        options = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
        try:
            container: Any = av.open(raw, options=options)
        except (av.FFmpegError, ValueError) as error:
            raise NotSound from error
        streams = container.streams.audio
        if not streams or streams[0].codec_context is None or not streams[0].rate or not streams[0].channels:
            is_silent = bool(container.streams.video) and not streams
            container.close()
            raise NoSound if is_silent else NotSound
        self._container, self._stream = container, streams[0]
        self.samplerate, self.channels = int(streams[0].rate), int(streams[0].channels)
        self._layout = streams[0].layout.name  # as decoding goes on, the stream's own follows what comes
        self.frames, self.least_frames = self._told_frames()
        self.is_damaged = False
        self._pieces = self._decode()
        self._held = np.zeros((0, self.channels), dtype=np.float32)

    def __enter__(self) -> MediaFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def seek(self, frame: int) -> None:
        """There is none: what comes before has to be read."""
        raise NotImplementedError

    def next_block(self, limit: int) -> Float32:
        """Return the next (N, channels) samples, N at most ``limit``; none at the end."""
        pieces, count = [self._held], len(self._held)
        while count < limit and (piece := self._next_piece()) is not None:
            pieces.append(piece)
            count += len(piece)
        joined = np.concatenate(pieces)
        self._held = joined[limit:]
        return joined[:limit]

    def _told_frames(self) -> tuple[int, int]:
        stream, container = self._stream, self._container
        if stream.duration:
            seconds = float(stream.duration * stream.time_base)
        else:
            seconds = (container.duration or 0) / self._av.time_base
        # Others only guess, by the bit rate, or tell how long the picture lasts.
        is_told = container.format.name.startswith("mov,") or (
            container.format.name.startswith("matroska,") and len(container.streams) == 1
        )
        frames = max(0, round(seconds * self.samplerate))
        return frames, max(0, frames - round(_PADDING * self.samplerate)) if is_told else 0

    def _next_piece(self) -> Float32 | None:
        try:
            return next(self._pieces, None)
        except MemoryError:
            raise
        except (self._av.FFmpegError, ValueError):  # the container is damaged here
            self.is_damaged = True
            return None

    def _decode(self) -> Iterator[Float32]:
        resampler, made_for = None, None
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except self._av.FFmpegError:  # a player goes on with the next one
                self.is_damaged = True
                continue
            for frame in frames:
                came = (frame.format.name, frame.layout.name, frame.sample_rate)
                if resampler is None or came != made_for:  # broadcasts change in the middle
                    # Interleaved: PyAV crashes where eight channels are planes of their own.
                    resampler = self._av.AudioResampler("flt", self._layout, self.samplerate)
                    made_for = came
                for even in resampler.resample(frame):
                    yield np.asarray(even.to_ndarray(), dtype=np.float32).reshape(-1, self.channels)
