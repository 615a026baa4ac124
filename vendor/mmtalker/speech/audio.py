"""Reading sound: any rate and channel count of a sound file, or of the sound of a video, to 16 kHz mono."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.inputs import shown
from mmtalker.limits import HIGHEST_RATE, LOWEST_RATE, MOST_SECONDS
from mmtalker.progress import Progress, silent
from mmtalker.speech.media import MediaFile, NoPyAV, NotSound, is_media
from mmtalker.speech.resample import resample_blocks

Float32 = NDArray[np.float32]

SAMPLE_RATE = 16_000
"""Rate of every :class:`Audio`, Hz."""

_BLOCK_VALUES = 1 << 16  # decoded at once, all channels together; a damaged file loses at most this much
_CANCELLED = 1e-3  # share of the energy below which channels took each other away; unrelated ones keep half
_LONGEST_TIME = 1e9  # seconds; beyond it times would not fit a file's own counting
_LOUDEST = 1e6  # keeps sums of absurd float samples finite


@dataclass(frozen=True)
class Audio:
    """Speech ready for the encoder.

    Attributes:
        samples: (N,) float32 mono at 16 kHz, within -1..1, never empty.
        warnings: sentences for the user about what had to be mended.
    """

    samples: Float32
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def load_audio(
    source: Path | bytes,
    *,
    start: float = 0.0,
    duration: float | None = None,
    name: str = "the audio",
    progress: Progress = silent,
) -> Audio:
    """Decode ``duration`` seconds of ``source`` from ``start`` on, or all of it.

    Channels are averaged. The file is decoded in blocks, so memory is that of the 16 kHz mono result. A file
    that is cut short gives the part that can be decoded, with a warning where the format tells (a wav
    header's promise is not counted: recorders often leave it wrong). Samples that are not finite become
    silence, and float samples beyond 1.0 make the clip quieter as a whole, never clipped.

    Args:
        source: a path, or the content of a file with ``name`` to call it by in messages.
        start: seconds into the file.
        duration: seconds, or None for the rest of the file.
        name: what messages call ``source`` when it is bytes; a path names itself.
        progress: told after every block, so that an hour of sound can be cancelled.

    Raises:
        MMTalkerError: ``AUDIO_MISSING``, ``AUDIO_UNREADABLE``, ``AUDIO_EMPTY``; ``BAD_REQUEST`` for a time
            that is negative or not finite.
    """
    if isinstance(source, Path):
        name = shown(source)
        if not _is(source, Path.is_file):
            what = "is a folder, not a sound file" if _is(source, Path.is_dir) else "does not exist"
            raise MMTalkerError(ErrorCode.AUDIO_MISSING, f"{name} {what}. Choose the sound file again.")
    for value in (start, 0.0 if duration is None else duration):
        if not (math.isfinite(value) and value >= 0.0):
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"The part of {name} to use is given as {value} s. Times must be finite and not negative.",
            )
    start = min(start, _LONGEST_TIME)
    duration = None if duration is None else min(duration, _LONGEST_TIME)
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as raw:
            return _decode(raw, name, start, duration, progress)
    except OSError as error:
        raise MMTalkerError(
            ErrorCode.AUDIO_UNREADABLE,
            f"{name} cannot be opened: {error.strerror or error}. Check its permissions.",
        ) from error


def _decode(raw: BinaryIO, name: str, start: float, duration: float | None, progress: Progress) -> Audio:
    with _open(raw, name) as file:
        _check_rate(file.samplerate, name)
        if 0 < file.frames <= start * file.samplerate:
            raise MMTalkerError(
                ErrorCode.AUDIO_EMPTY,
                f"The chosen part of {name} begins at {start:g} s, and the file lasts only "
                f"{file.frames / file.samplerate:.2f} s. Choose an earlier start.",
            )
        reader = _PartReader(file, name, start, duration, progress)
        pieces = list(resample_blocks(reader.blocks(), file.samplerate, SAMPLE_RATE))
    samples = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    if not len(samples):
        if reader.failed:
            raise _unreadable(name)
        if duration is not None and reader.wanted == 0:
            raise MMTalkerError(
                ErrorCode.AUDIO_EMPTY,
                f"The chosen part of {name} is {duration:g} s long. Choose a longer part.",
            )
        raise MMTalkerError(
            ErrorCode.AUDIO_EMPTY,
            f"{name} holds no sound that can be decoded; it is empty or was cut short. Export it again.",
        )
    peak = max(float(samples.max()), -float(samples.min()))
    if peak > 1.0:
        samples /= np.float32(peak)
    return Audio(samples, reader.warnings(name))


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    """False also for a name that no file can have: too long, with a zero or half a character in it."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def _check_rate(rate: int, name: str) -> None:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        what = "too low for speech" if rate < LOWEST_RATE else "more than anything records"
        raise MMTalkerError(
            ErrorCode.AUDIO_UNREADABLE,
            f"{name} has a sampling rate of {rate} Hz, {what}. Export it again at 16000 to 48000 Hz.",
        )


def _open(raw: BinaryIO, name: str) -> MediaFile | _Sequential:
    try:
        return MediaFile(raw) if is_media(raw) else _Sequential(raw)
    except NoPyAV as error:
        raise MMTalkerError(
            ErrorCode.AUDIO_UNREADABLE,
            f"{name} is a video, or sound of a kind that needs PyAV, and this Python lacks it. Install it "
            "(pip install av), or convert the sound to wav, flac, ogg or mp3.",
        ) from error
    except (NotSound, soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name ending in .raw
        raise _unreadable(name) from error


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]  # the library has no types
    """A file that is read from one end to the other.

    The library seeks to where it already is after every block when a file can seek, and each seek costs an
    mp3 a few milliseconds of wrong sound.
    """

    uncertain_seconds = 0.0

    def seekable(self) -> bool:
        return False

    @property
    def seeks_exactly(self) -> bool:
        """False for mp3, where seeking is only roughly right."""
        return bool(self.format != "MP3")

    def next_block(self, limit: int) -> Float32:
        """Return the next (N, channels) samples; none at the end.

        Raises:
            soundfile.LibsndfileError: what follows is damaged.
        """
        return np.asarray(self.read(limit, dtype="float32", always_2d=True))


class _PartReader:
    """Decodes one part of an open file to mono blocks and remembers what was wrong on the way."""

    def __init__(
        self,
        file: MediaFile | _Sequential,
        name: str,
        start: float,
        duration: float | None,
        progress: Progress,
    ) -> None:
        self._file, self._name, self._progress = file, name, progress
        self._first = round(start * file.samplerate)
        self.wanted = None if duration is None else round(duration * file.samplerate)
        self.failed = False
        self._short = False
        self._loudest: int | None = None
        self._mended = 0

    def blocks(self) -> Iterator[Float32]:
        """Mono float32 blocks of the part, at the file's own rate."""
        # Where seeking is only roughly right, the beginning is decoded and dropped.
        skip = self._first
        if self._first and isinstance(self._file, _Sequential) and self._file.seeks_exactly:
            self._file.seek(self._first)
            skip = 0
        left = math.inf if self.wanted is None else self.wanted
        limit = max(1, _BLOCK_VALUES // self._file.channels)
        expected = self._file.frames - self._first
        got = 0
        while left > 0:
            block = self._read(limit)
            self._progress("audio", min(1.0, got / max(1, min(left + got, expected))))
            if not len(block):
                uncertain = self._file.uncertain_seconds * self._file.samplerate
                self._short = self.failed or got < min(left + got, expected) - uncertain
                return
            block, skip = block[min(skip, len(block)) :], max(0, skip - len(block))
            mono = self._mono(block[: int(min(left, len(block)))])
            left -= len(mono)
            got += len(mono)
            if got > MOST_SECONDS * self._file.samplerate:
                raise MMTalkerError(
                    ErrorCode.AUDIO_UNREADABLE,
                    f"{self._name} lasts more than {MOST_SECONDS // 3600} hours, the most that is taken at "
                    "once. Trim the strip, choose a part of it by start and duration, or cut the recording.",
                )
            if len(mono):
                yield mono

    def _read(self, limit: int) -> Float32:
        try:
            return self._file.next_block(limit)
        except (NotSound, soundfile.LibsndfileError):
            # What a damaged file still gave before this block is kept.
            self.failed = True
            return np.zeros((0, self._file.channels), dtype=np.float32)

    def _mono(self, block: Float32) -> Float32:
        finite = np.isfinite(block)
        if not finite.all():
            self._mended += int(finite.size - np.count_nonzero(finite))
            block = np.where(finite, block, np.float32(0.0))
        block = np.clip(block, -_LOUDEST, _LOUDEST)
        mono: Float32 = block.mean(axis=1, dtype=np.float32)
        if block.shape[1] > 1 and _cancels(block, mono):
            # Channels of opposite sign: the loudest alone is the voice.
            if self._loudest is None:  # chosen once: another one's sign would click
                self._loudest = int(np.argmax(np.einsum("nc,nc->c", block, block)))
            mono = block[:, self._loudest].copy()
        return mono

    def warnings(self, name: str) -> tuple[str, ...]:
        found = []
        if self._short:
            found.append(f"{name} is damaged or cut short; only the part that can be decoded is used.")
        if self._mended:
            found.append(f"{name} holds {self._mended} samples that are not numbers; they were made silent.")
        return tuple(found)


def _cancels(block: Float32, mono: Float32) -> bool:
    """Whether the mean of the channels has lost nearly all that they have."""
    energy = float(np.einsum("nc,nc->", block, block, dtype=np.float64)) / block.shape[1]
    return float(np.dot(mono, mono)) < _CANCELLED * energy


def _unreadable(name: str) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.AUDIO_UNREADABLE,
        f"{name} cannot be read as sound: it is damaged, cut short, or no sound file. "
        "Convert it to wav, flac, ogg, mp3 or m4a.",
    )
