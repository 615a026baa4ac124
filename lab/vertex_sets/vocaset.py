"""VOCASET, 12 people in FLAME's topology: as delivered (an array and pickles) and as baselines convert it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.vertex_sets.converted import converted_sequences, missing_note, wanted
from lab.vertex_sets.dataset import (
    TRAIN,
    Floats,
    Split,
    VertexDataset,
    VertexSequence,
    at_every_number,
    checked_templates,
    find_file,
    read_triangles,
)
from lab.vertex_sets.lists import find_lists
from lab.vertex_sets.safe_pickle import read_data_pickle
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.speech.audio import SAMPLE_RATE, Audio
from mmtalker.speech.resample import resample_blocks

NAME = "vocaset"
LICENCE = "VOCASET licence of the Max Planck Society, research only (Cudeiro et al. 2019)"
FPS = 30.0
EVERY = 2
"""The set is filmed at 60 fps, and used at every second frame."""

TRAIN_SUBJECTS = (
    "FaceTalk_170728_03272_TA",
    "FaceTalk_170904_00128_TA",
    "FaceTalk_170725_00137_TA",
    "FaceTalk_170915_00223_TA",
    "FaceTalk_170811_03274_TA",
    "FaceTalk_170913_03279_TA",
    "FaceTalk_170904_03276_TA",
    "FaceTalk_170912_03278_TA",
)
"""In the order of the baselines' one-hot vectors."""

SPLITS = (
    Split(TRAIN, TRAIN_SUBJECTS, range(1, 41)),
    Split("validation", ("FaceTalk_170811_03275_TA", "FaceTalk_170908_03277_TA"), range(21, 41)),
    Split("test", ("FaceTalk_170809_00138_TA", "FaceTalk_170731_00024_TA"), range(21, 41)),
)

_VERTICES = "data_verts.npy"
_TOPOLOGY = ("FLAME_sample.ply", "FLAME_sample.obj")


def read_vocaset(folder: Path, lists: Path | None = None) -> VertexDataset:
    """Read what is there, delivered where ``data_verts.npy`` lies in ``folder``, else converted.

    Args:
        folder: of the set, with ``templates.pkl`` and ``FLAME_sample.ply`` (also in ``templates``).
        lists: folder of ``FLAME_masks.pkl``, where it is not ``folder``.

    Raises:
        MMTalkerError: ``FILE_FORMAT``, saying what is missing or wrong.
    """
    places = (folder, folder / "templates", *((lists,) if lists else ()))
    path = find_file(places, ("templates.pkl",), "file of templates")
    templates = checked_templates(read_data_pickle(path), path)
    vertex_count = len(next(iter(templates.values())))
    triangles = read_triangles(find_file(places, _TOPOLOGY, "mesh of the topology"), vertex_count)
    if (folder / _VERTICES).is_file():
        sequences, notes = _delivered(folder, templates, vertex_count)
    else:
        sequences, notes = converted_sequences(folder, SPLITS, templates, vertex_count, every=EVERY)
    return VertexDataset(
        name=NAME,
        licence=LICENCE,
        fps=FPS,
        unit=1.0,
        triangles=triangles,
        templates=templates,
        train_subjects=TRAIN_SUBJECTS,
        lists=find_lists((folder, *((lists,) if lists else ())), vertex_count),
        sequences=sequences,
        notes=notes,
    )


def _delivered(
    folder: Path, templates: dict[str, Any], vertex_count: int
) -> tuple[tuple[VertexSequence, ...], tuple[str, ...]]:
    """Sequences of the one array, through the index and the recordings of the pickles."""
    try:
        array = np.load(folder / _VERTICES, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _bad(folder / _VERTICES, f"it is not an array of vertices ({error})") from error
    if array.ndim != 3 or array.shape[1:] != (vertex_count, 3):
        raise _bad(folder / _VERTICES, f"its shape {array.shape} is not (N, {vertex_count}, 3)")
    index = _two_levels(folder / "subj_seq_to_idx.pkl")
    recordings = _two_levels(folder / "raw_audio_fixed.pkl")
    sequences: list[VertexSequence] = []
    missing: list[str] = []
    for split, subject, number in wanted(SPLITS):
        sentence = f"sentence{number:02d}"
        rows = index.get(subject, {}).get(sentence)
        recording = recordings.get(subject, {}).get(sentence)
        if not rows or recording is None or subject not in templates:
            missing.append(f"{subject}, sentence {number}")
            continue
        numbers, places = _sorted_rows(rows, len(array), folder)
        audio = partial(_recording, recording, folder / "raw_audio_fixed.pkl")
        frames = partial(_frames, array, numbers, places)
        sequences.append(VertexSequence(subject, sentence, split, audio, frames))
    return tuple(sequences), missing_note(missing)


def _two_levels(path: Path) -> dict[str, dict[str, Any]]:
    """Read a pickle of dictionaries by subject and sequence."""
    stored = read_data_pickle(path)
    if not isinstance(stored, dict) or not all(isinstance(inner, dict) for inner in stored.values()):
        raise _bad(path, "it is not a dictionary of subjects and sequences")
    return {str(subject): dict(inner) for subject, inner in stored.items()}


def _sorted_rows(rows: Any, count: int, folder: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return frame numbers, rising, and the row of each in the array."""
    path = folder / "subj_seq_to_idx.pkl"
    try:
        pairs = sorted((int(frame), int(row)) for frame, row in rows.items())
    except (AttributeError, TypeError, ValueError) as error:
        raise _bad(path, f"a sequence is not a dictionary from frames to rows ({error})") from error
    numbers, places = np.array(pairs, dtype=np.int64).T
    if places.min() < 0 or places.max() >= count:
        raise _bad(path, f"it names row {places.max()} of an array of {count} rows")
    return numbers, places


def _frames(array: Floats, numbers: NDArray[np.int64], places: NDArray[np.int64]) -> Floats:
    if (np.diff(numbers) == 1).all() and (np.diff(places) == 1).all():
        return array[places[0] : places[-1] + 1 : EVERY]
    return at_every_number(numbers, array[places])[::EVERY]


def _recording(stored: Any, path: Path) -> Audio:
    """The (N,) samples of the pickle, whole numbers or not, at 16 kHz."""
    try:
        samples, rate = np.asarray(stored["audio"]), int(stored["sample_rate"])
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(path, f"a recording has no audio and sample_rate ({error})") from error
    if not samples.size or samples.ndim > 2 or rate <= 0 or samples.dtype.kind not in "if":
        raise _bad(path, "a recording holds no sound")
    full = float(np.iinfo(samples.dtype).max) if samples.dtype.kind == "i" else 1.0
    if samples.ndim == 2:
        samples = samples.mean(axis=int(np.argmin(samples.shape)))
    blocks = resample_blocks([(samples / full).astype(np.float32)], rate, SAMPLE_RATE)
    return Audio(np.clip(np.concatenate(list(blocks)), -1.0, 1.0))


def _bad(path: Path, what: str) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.FILE_FORMAT, f"{path} cannot be used: {what}. Take the file from the data set's own page."
    )
