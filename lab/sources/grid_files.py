"""The GRID recordings: tracked face landmarks, words and audio of every speaker, clip by clip."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError

Float32 = NDArray[np.float32]

GRID_FPS = 25.0
"""Video rate, frames per second."""

PIXEL_ASPECT = 12.0 / 11.0
"""Width of a pixel, its height being 1: the films are PAL, whose pixels are not square."""

PAUSES = frozenset({"sil", "sp"})
"""What the corpus calls times without words."""


@dataclass(frozen=True)
class GridClip:
    """One three-second sentence.

    Attributes:
        name: the GRID sentence code, such as ``bbaf2n``, behind the speaker's name where there are several.
        audio: path of its 16 kHz mono recording.
        rows: the clip's rows in the arrays of :class:`GridMotion`.
        words: (start s, end s, word), silence being ``sil``; empty where nobody wrote down the times.
        speaker: who says it, such as ``s1``.
        text: the sentence.
    """

    name: str
    audio: Path
    rows: slice
    words: tuple[tuple[float, float, str], ...]
    speaker: str = "s1"
    text: str = ""


@dataclass(frozen=True)
class GridMotion:
    """All frames of all clips, one after another.

    Attributes:
        landmarks: (N, 171, 3) face-mesh points in pixels, y down; NaN where no face was found.
        landmark_index: (171,) number of each point in the 478-point face mesh.
        clips: where each clip lies.
    """

    landmarks: Float32
    landmark_index: NDArray[np.int64]
    clips: tuple[GridClip, ...]

    def column(self, point: int) -> int:
        """Return where face-mesh point ``point`` stands in ``landmarks``."""
        found = np.flatnonzero(self.landmark_index == point)
        if not len(found):
            raise KeyError(f"face-mesh point {point} is not among the stored landmarks")
        return int(found[0])

    def by_speaker(self) -> Iterator[GridMotion]:
        """Yield each speaker's recordings, in the order of their first ones; clips keep their order."""
        for speaker in dict.fromkeys(clip.speaker for clip in self.clips):
            own = [clip for clip in self.clips if clip.speaker == speaker]
            ends = np.cumsum([clip.rows.stop - clip.rows.start for clip in own])
            clips = tuple(
                replace(clip, rows=slice(int(end) - (clip.rows.stop - clip.rows.start), int(end)))
                for clip, end in zip(own, ends, strict=True)
            )
            rows = np.concatenate([self.landmarks[clip.rows] for clip in own])
            yield GridMotion(rows, self.landmark_index, clips)


def load_grid(folder: Path) -> GridMotion:
    """Read ``motion.npz``, ``words.json``, ``text.json`` if there, and the audio paths below ``folder``.

    Raises:
        MMTalkerError: FILE_FORMAT when the folder does not hold them.
    """
    try:
        with np.load(folder / "motion.npz", allow_pickle=False) as archive:
            landmarks = archive["landmarks_px"].astype(np.float32)
            names = [str(name) for name in archive["clip"]]
            counts = archive["frames"].astype(int)
            index = archive["landmark_index"].astype(np.int64)
            speakers = [str(name) for name in archive.get("speaker", ["s1"] * len(names))]
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        file = folder / "text.json"
        texts = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        ends = np.cumsum(counts)
        clips = tuple(
            _clip(
                folder, name, slice(int(end - count), int(end)), speaker, words.get(name, ()), texts.get(name)
            )
            for name, count, end, speaker in zip(names, counts, ends, speakers, strict=True)
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The folder {folder} is not a GRID motion folder ({error}). Give the folder that "
            "holds motion.npz, words.json and audio.",
        ) from error
    return GridMotion(landmarks, index, clips)


def _clip(
    folder: Path,
    name: str,
    rows: slice,
    speaker: str,
    words: Sequence[tuple[float, float, str]],
    text: str | None,
) -> GridClip:
    timed = tuple((float(a), float(b), str(word)) for a, b, word in words)
    said = text or " ".join(word for _, _, word in timed if word not in PAUSES)
    if not said:
        raise ValueError(f"{name} has neither words nor a sentence")
    return GridClip(name, folder / "audio" / f"{name}.ogg", rows, timed, speaker, said)
