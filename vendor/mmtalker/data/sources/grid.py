"""GRID's speaker s1 as a source of the corpus: filmed sentences with how lips, jaw, lids and brows move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.contour_fit import FITTED_CHANNELS
from mmtalker.data.corpus import Clip, Motion, Source, has_clip, write_clip
from mmtalker.data.grid import GRID_FPS, GridClip, load_grid
from mmtalker.data.grid_phones import grid_phones
from mmtalker.data.ict import load_ict
from mmtalker.data.lip_contact import closures
from mmtalker.data.motion_fit import fit_motion
from mmtalker.data.phone_speech import Phone
from mmtalker.data.sphinx import SphinxAligner
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


def build(data: Path, out: Path, progress: Progress = silent) -> None:
    """Write the clips that the corpus ``out`` does not hold yet.

    Args:
        data: folder of the training data, with ``grid_s1`` and ``heads/ict_facekit``.
        out: folder of the corpus.
        progress: told about the fit and then after every clip.

    Raises:
        MMTalkerError: FILE_FORMAT when the recordings or the head model cannot be read; BAD_REQUEST when
            the aligner of phones is not installed.
    """
    grid = load_grid(data / "grid_s1")
    missing = [i for i, clip in enumerate(grid.clips) if not has_clip(out, SOURCE.name, clip.name)]
    if not missing:
        return
    aligner = SphinxAligner()
    head = load_ict(data)
    phones = []
    for clip in grid.clips:
        phones.append(grid_phones(clip.words, load_audio(clip.audio).samples, aligner))
        progress("finding phones", 0.5 * len(phones) / len(grid.clips))
    progress("fitting motion", 0.5)
    contacts = [closures(of_clip) for of_clip in phones]
    activations = fit_motion(grid, head, contacts=contacts).activations
    known = np.array([name in FITTED_CHANNELS for name in ARKIT_NAMES])
    write = span(progress, 0.8, 1.0)
    for done, index in enumerate(missing):
        clip = grid.clips[index]
        motion = Motion(bridge_lost_frames(activations[clip.rows]), GRID_FPS, known)
        write_clip(out, describe(index, clip, phones[index]), load_audio(clip.audio).samples, motion)
        write("writing clips", (done + 1) / len(missing))


def describe(index: int, clip: GridClip, phones: tuple[Phone, ...]) -> Clip:
    """Return the corpus's description of the recording number ``index`` and its phones."""
    words = [word for _, _, word in clip.words if word not in ("sil", "sp")]
    return Clip(
        source=SOURCE.name,
        name=clip.name,
        speaker="grid-s1",
        language="en-GB",
        text=" ".join(words),
        phones=phones,
        test_set=held_out_as(index, words),
    )


def held_out_as(index: int, words: list[str]) -> str | None:
    """Return the test set of the recording number ``index`` of the corpus, None for training."""
    if index % HELD_OUT_EVERY == 0:
        return "grid-clips"
    return "grid-words" if any(word in HELD_OUT_WORDS for word in words) else None


def bridge_lost_frames(rows: Float32) -> Float32:
    """Return (T, 52) curves without the NaN of frames in which no face was found; without any face, rest."""
    times = np.arange(len(rows))
    found = np.isfinite(rows).all(axis=1)
    if not found.any():
        return np.zeros_like(rows)
    filled = [np.interp(times, times[found], column) for column in rows[found].T]
    return np.stack(filled, axis=1).astype(np.float32)
