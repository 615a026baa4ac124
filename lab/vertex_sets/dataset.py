"""What every data set of moving vertices gives, whatever its files look like."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.heads import read_head
from mmtalker.mesh.mesh import Int32
from mmtalker.speech.audio import SAMPLE_RATE, Audio

Float32 = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]
VertexLists = dict[str, NDArray[np.int64]]
"""Vertex numbers by region: ``lips``, ``eye_region``, ``upper_face``; what was not found is absent."""

TRAIN = "train"
"""The split that is trained on; every other name is a test set."""


@dataclass(frozen=True)
class VertexSequence:
    """One sentence of one person.

    Attributes:
        subject: who speaks, as the files name them.
        sentence: which sentence, as the files name it.
        split: ``train``, ``validation``, or a test set's name.
        audio: reads the recording; its first sample belongs to the first frame.
        vertices: reads the frames, (T, V, 3) in the set's own unit, from the disk where the file allows.
    """

    subject: str
    sentence: str
    split: str
    audio: Callable[[], Audio]
    vertices: Callable[[], Floats]

    @property
    def name(self) -> str:
        """``SUBJECT_SENTENCE``, as baselines name their files."""
        return f"{self.subject}_{self.sentence}"


@dataclass(frozen=True)
class VertexDataset:
    """A data set as far as it is on this disk.

    Attributes:
        name: ``vocaset``, ``biwi`` or ``multiface``.
        licence: its name and whom to credit.
        fps: frames a second of all sequences.
        unit: metres in one unit of the files.
        triangles: (F, 3) that all people share.
        templates: (V, 3) resting face by subject, in the set's own unit.
        train_subjects: in the order of the baselines' one-hot vectors.
        lists: vertex numbers by region.
        sequences: those that some split uses, subject after subject.
        notes: sentences on what was missing or taken another way than usual.
    """

    name: str
    licence: str
    fps: float
    unit: float
    triangles: Int32
    templates: dict[str, Float32]
    train_subjects: tuple[str, ...]
    lists: VertexLists
    sequences: tuple[VertexSequence, ...]
    notes: tuple[str, ...] = ()

    @property
    def vertex_count(self) -> int:
        return len(next(iter(self.templates.values())))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have a sequence."""
        return tuple(dict.fromkeys(sequence.split for sequence in self.sequences))

    def split(self, name: str) -> Iterator[VertexSequence]:
        """Yield the sequences of a split."""
        return (sequence for sequence in self.sequences if sequence.split == name)


@dataclass(frozen=True)
class Split:
    """Which sentences of which people belong together.

    Attributes:
        name: ``train``, ``validation`` or a test set.
        subjects: as the files name them.
        sentences: numbers, from 1.
    """

    name: str
    subjects: tuple[str, ...]
    sentences: range


def same_length(audio: Audio, vertices: Floats, fps: float) -> tuple[Audio, Floats]:
    """Cut recording and frames to the shorter of the two; frame i is at i / fps seconds.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when there is no frame.
    """
    count = min(len(vertices), math.ceil(round(audio.seconds * fps, 6)))
    if count == 0:
        raise MMTalkerError(ErrorCode.FILE_FORMAT, "A sequence without frames cannot be used. Leave it out.")
    samples = audio.samples[: math.ceil(count / fps * SAMPLE_RATE)]
    return Audio(samples, audio.warnings), vertices[:count]


def at_every_number(numbers: NDArray[np.int64], vertices: Floats) -> Floats:
    """Put dropped frames back between their neighbours, by linear interpolation.

    Args:
        numbers: (T,) frame numbers, rising.
        vertices: (T, V, 3).

    Returns:
        (last number - first number + 1, V, 3); ``vertices`` itself where no frame was dropped.
    """
    place = np.arange(numbers[0], numbers[-1] + 1)
    if len(place) == len(numbers):
        return vertices
    after = np.searchsorted(numbers, place).clip(1, len(numbers) - 1)
    share = (place - numbers[after - 1]) / (numbers[after] - numbers[after - 1])
    share = share.astype(vertices.dtype)[:, None, None]
    filled: Floats = vertices[after - 1] * (1 - share) + vertices[after] * share
    return filled


def read_flat_vertices(path: Path, vertex_count: int, every: int = 1) -> Floats:
    """Map a converted sequence, (T, 3 V) or (T, V, 3), into memory.

    Args:
        path: of an npy file.
        vertex_count: V, of the templates.
        every: 2 takes every second frame.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when the file is damaged or of another topology.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} cannot be read as frames of vertices ({error}). Convert the sequence again.",
        ) from error
    if array.ndim not in (2, 3) or array[:1].size != 3 * vertex_count or array.dtype.kind != "f":
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} holds an array of the shape {array.shape}, and frames of {vertex_count} vertices "
            f"(T, {3 * vertex_count}) were expected. Give the templates of the same topology.",
        )
    frames: Floats = array[::every].reshape(-1, vertex_count, 3)
    return frames


def find_file(folders: tuple[Path, ...], names: tuple[str, ...], what: str) -> Path:
    """Return the first file of these names in these folders.

    Raises:
        MMTalkerError: ``FILE_FORMAT``, saying ``what`` it is and where it was looked for.
    """
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    places = ", ".join(str(folder) for folder in folders)
    raise MMTalkerError(
        ErrorCode.FILE_FORMAT,
        f"There is no {what}: {' or '.join(names)} was looked for in {places}. "
        "Put the file there; docs/datasets.md says where it comes from.",
    )


def read_triangles(path: Path, vertex_count: int) -> Int32:
    """Read (F, 3) triangles of a mesh file of the set's topology.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when it has another number of vertices.
    """
    mesh = read_head(path)
    if mesh.vertex_count != vertex_count:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} has {mesh.vertex_count} vertices and the set's templates have {vertex_count}. "
            "Give the mesh of the same topology.",
        )
    return mesh.triangles()


def checked_templates(stored: object, path: Path) -> dict[str, Float32]:
    """Return (V, 3) templates by subject from what a pickle held.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when they are not arrays of one topology.
    """
    templates: dict[str, Float32] = {}
    if isinstance(stored, dict):
        for subject, array in stored.items():
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.size % 3 == 0:
                templates[str(subject)] = array.reshape(-1, 3).astype(np.float32)
    counts = {len(template) for template in templates.values()}
    if not isinstance(stored, dict) or len(templates) != len(stored) or len(counts) != 1:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} does not hold one array of vertices for each subject, all of one topology. "
            "Take the file that belongs to the data set.",
        )
    return templates
