"""GRID's speaker s1 as a source of the corpus: filmed sentences with how lips, jaw, lids and brows move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mmtalker.data.corpus import Clip, Motion, Source, has_clip, write_clip
from mmtalker.data.grid import GRID_FPS, GridClip, load_grid
from mmtalker.data.ict import MULTI_PIE, load_ict
from mmtalker.data.motion_fit import FITTED_CHANNELS, fit_activations
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.audio import load_audio

Float32 = NDArray[np.float32]

SOURCE = Source(
    name="grid",
    licence="GRID corpus, Cooke, Barker, Cunningham and Shao 2006, CC BY 4.0",
    motion="filmed",
)

HELD_OUT_EVERY = 10
"""Each tenth sentence is kept for tests."""

HELD_OUT_WORDS = ("m", "v")
"""Letters that no training clip says: a lip closure and a lower lip at the teeth in words never heard."""

SMOOTHING_FRAMES = 0.6
"""Standard deviation of the filter that takes out the tracker's pixel noise, video frames."""

_BROWS = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith("brow")]


def build(data: Path, out: Path, progress: Progress = silent) -> None:
    """Write the clips that the corpus ``out`` does not hold yet.

    Args:
        data: folder of the training data, with ``grid_s1`` and ``heads/ict_facekit``.
        out: folder of the corpus.
        progress: told about the fit and then after every clip.

    Raises:
        MMTalkerError: FILE_FORMAT when the recordings or the head model cannot be read.
    """
    grid = load_grid(data / "grid_s1")
    missing = [(i, clip) for i, clip in enumerate(grid.clips) if not has_clip(out, SOURCE.name, clip.name)]
    if not missing:
        return
    head = load_ict(data)
    progress("fitting motion", 0.0)
    activations, _ = fit_activations(grid, head.neutral, head.shapes, MULTI_PIE)
    known = np.array([name in FITTED_CHANNELS or name.startswith("eyeBlink") for name in ARKIT_NAMES])
    write = span(progress, 0.3, 1.0)
    for done, (index, clip) in enumerate(missing):
        motion = Motion(clip_curves(activations[clip.rows]), GRID_FPS, known)
        write_clip(out, describe(index, clip), load_audio(clip.audio).samples, motion)
        write("writing clips", (done + 1) / len(missing))


def describe(index: int, clip: GridClip) -> Clip:
    """Return the corpus's description of the recording number ``index``."""
    words = [word for _, _, word in clip.words if word not in ("sil", "sp")]
    return Clip(
        source=SOURCE.name,
        name=clip.name,
        speaker="grid-s1",
        language="en-GB",
        text=" ".join(words),
        phones=(),
        test_set=held_out_as(index, words),
    )


def held_out_as(index: int, words: list[str]) -> str | None:
    """Return the test set of the recording number ``index`` of the corpus, None for training."""
    if index % HELD_OUT_EVERY == 0:
        return "grid-clips"
    return "grid-words" if any(word in HELD_OUT_WORDS for word in words) else None


def clip_curves(rows: Float32) -> Float32:
    """Return the (T, 52) curves of one clip from its fitted frames, which may have NaN.

    Lost frames are bridged, pixel noise is smoothed away, and brows count from their median height in the
    clip. A clip in which no face was found rests.
    """
    times = np.arange(len(rows))
    known = np.isfinite(rows).all(axis=1)
    if not known.any():
        return np.zeros_like(rows)
    filled = np.stack([np.interp(times, times[known], column) for column in rows[known].T], axis=1)
    smooth: Float32 = gaussian_filter1d(filled, SMOOTHING_FRAMES, axis=0).astype(np.float32)
    smooth[:, _BROWS] = np.maximum(smooth[:, _BROWS] - np.median(smooth[:, _BROWS], axis=0), 0.0)
    return smooth
