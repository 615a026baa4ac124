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
from mmtalker.speech.media import MediaFile, NoPyAV, NoSound, NotSound, find_kind
from mmtalker.speech.resample import resample_blocks

Float32 = NDArray[np.float32]

SAMPLE_RATE = 16_000
"""Rate of every :class:`Audio`, Hz."""

_BLOCK_VALUES = 1 << 16  # decoded at once, all channels together; a damaged file loses at most this much
_CANCELLED = 1e-3  # share of the energy below which channels took each other away; unrelated ones keep half
_MP3_BLOCK = 1152  # samples
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
        if file.can_seek and 0 < file.frames <= start * file.samplerate:
            raise _begins_late(name, start, file.frames / file.samplerate)
        reader = _PartReader(file, name, start, duration, progress)
        pieces = list(resample_blocks(reader.blocks(), file.samplerate, SAMPLE_RATE))
    samples = _join(pieces)
    if not len(samples):
        if reader.wanted == 0:
            raise MMTalkerError(
                ErrorCode.AUDIO_EMPTY,
                f"The chosen part of {name} is {duration:g} s long. Choose a longer part.",
            )
        if not file.can_seek and 0 < reader.passed <= start * reader.rate:
            raise _begins_late(name, start, reader.passed / reader.rate)
        if file.is_damaged:
            raise _unreadable(name)
        raise MMTalkerError(
            ErrorCode.AUDIO_EMPTY,
            f"{name} holds no sound that can be decoded; it is empty or was cut short. Export it again.",
        )
    peak = max(float(samples.max()), -float(samples.min()))
    if peak > 1.0:
        samples /= np.float32(peak)
    return Audio(samples, reader.warnings(name))


def _join(pieces: list[Float32]) -> Float32:
    """All pieces as one; the list is emptied meanwhile, or two hours of sound would be in memory twice."""
    joined = np.empty(sum(map(len, pieces)), dtype=np.float32)
    end = len(joined)
    while pieces:
        piece = pieces.pop()
        joined[end - len(piece) : end] = piece
        end -= len(piece)
    return joined


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
        return _Sequential(raw)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name ending in .raw
        unknown = error
    try:
        return MediaFile(raw)
    except NoPyAV as error:
        kind = find_kind(raw)
        if not kind:
            raise _unreadable(name) from unknown
        raise MMTalkerError(
            ErrorCode.AUDIO_UNREADABLE,
            f"{name} is {kind}, which needs PyAV, and this Python lacks it. Install it (pip install av), or "
            "convert the sound to wav, flac, ogg or mp3.",
        ) from error
    except NoSound as error:
        raise MMTalkerError(
            ErrorCode.AUDIO_EMPTY, f"{name} is a video without sound. Choose another file."
        ) from error
    except NotSound as error:
        raise _unreadable(name) from error


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]  # the library has no types
    """A file that is read from one end to the other.

    The library seeks to where it already is after every block when a file can seek, and each seek costs an
    mp3 a few milliseconds of wrong sound.
    """

    is_damaged = False
    """Something could not be decoded so far."""

    def seekable(self) -> bool:
        return False

    @property
    def can_seek(self) -> bool:
        """False for mp3, where seeking is only roughly right."""
        return bool(self.format != "MP3")

    @property
    def least_frames(self) -> int:
        """How many samples must come, or sound is missing."""
        # The library counts one block too many of an mp3 inside a wav.
        return int(self.frames) - (_MP3_BLOCK if self.format == "WAV" and "MPEG" in self.subtype else 0)

    def next_block(self, limit: int) -> Float32:
        """Return the next (N, channels) samples, N at most ``limit``; none at the end."""
        try:
            return np.asarray(self.read(limit, dtype="float32", always_2d=True))
        except soundfile.LibsndfileError:
            # What a damaged file still gave before this block is kept.
            self.is_damaged = True
            return np.zeros((0, self.channels), dtype=np.float32)


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
        self.rate = int(file.samplerate)
        self._first = round(start * self.rate)
        self.wanted = None if duration is None else round(duration * self.rate)
        self.passed = 0  # samples that were decoded, or passed by seeking
        self._short = False
        self._loudest: int | None = None
        self._mended = 0

    def blocks(self) -> Iterator[Float32]:
        """Mono float32 blocks of the part, at the file's own rate."""
        file = self._file
        if self._first and file.can_seek:
            file.seek(self._first)
            self.passed = self._first
        last = math.inf if self.wanted is None else self._first + self.wanted
        limit = max(1, _BLOCK_VALUES // file.channels)
        while self.passed < last:
            block = file.next_block(limit)
            self._progress("audio", min(1.0, self.passed / max(1, min(last, file.frames))))
            if not len(block):
                self._short = file.is_damaged or self.passed < min(last, file.least_frames)
                return
            # Where there is no seeking, what comes before the part is decoded and dropped.
            begin, end = max(0, self._first - self.passed), min(len(block), last - self.passed)
            mono = self._mono(block[begin : int(end)])
            self.passed += len(block)
            if min(self.passed, last) - self._first > MOST_SECONDS * self.rate:
                raise MMTalkerError(
                    ErrorCode.AUDIO_UNREADABLE,
                    f"{self._name} lasts more than {MOST_SECONDS // 3600} hours, the most that is taken at "
                    "once. Trim the strip, choose a part of it by start and duration, or cut the recording.",
                )
            if len(mono):
                yield mono
        self._short = file.is_damaged

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


def _begins_late(name: str, start: float, seconds: float) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.AUDIO_EMPTY,
        f"The chosen part of {name} begins at {start:g} s, and the file lasts only {seconds:.2f} s. "
        "Choose an earlier start.",
    )


def _unreadable(name: str) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.AUDIO_UNREADABLE,
        f"{name} cannot be read as sound: it is of a kind that is not known here, or protected, "
        "damaged or cut short. Convert it to wav, flac, ogg or mp3.",
    )
