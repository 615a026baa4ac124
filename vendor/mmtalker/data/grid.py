"""The GRID recordings of speaker s1: tracked face landmarks, words and audio, clip by clip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError

Float32 = NDArray[np.float32]

GRID_FPS = 25.0
"""Video rate, frames per second."""

PIXEL_ASPECT = 12.0 / 11.0
"""Width of a pixel, its height being 1: the films are PAL, whose pixels are not square."""


@dataclass(frozen=True)
class GridClip:
    """One three-second sentence.

    Attributes:
        name: the GRID sentence code, such as ``bbaf2n``.
        audio: path of its 16 kHz mono recording.
        rows: the clip's rows in the arrays of :class:`GridMotion`.
        words: (start s, end s, word), silence being ``sil``.
    """

    name: str
    audio: Path
    rows: slice
    words: tuple[tuple[float, float, str], ...]


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


def load_grid(folder: Path) -> GridMotion:
    """Read ``motion.npz``, ``words.json`` and the audio paths below ``folder``.

    Raises:
        MMTalkerError: FILE_FORMAT when the folder does not hold the three.
    """
    try:
        with np.load(folder / "motion.npz", allow_pickle=False) as archive:
            landmarks = archive["landmarks_px"].astype(np.float32)
            names = [str(name) for name in archive["clip"]]
            counts = archive["frames"].astype(int)
            index = archive["landmark_index"].astype(np.int64)
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
    except (OSError, KeyError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The folder {folder} is not a GRID motion folder ({error}). Give the folder that "
            "holds motion.npz, words.json and audio.",
        ) from error
    ends = np.cumsum(counts)
    clips = tuple(
        GridClip(
            name=name,
            audio=folder / "audio" / f"{name}.ogg",
            rows=slice(int(end - count), int(end)),
            words=tuple((float(a), float(b), str(word)) for a, b, word in words[name]),
        )
        for name, count, end in zip(names, counts, ends, strict=True)
    )
    return GridMotion(landmarks, index, clips)
