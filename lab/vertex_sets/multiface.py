"""Multiface: 13 people, 50 sentences, as its frames are delivered and as baselines convert it.

Delivered frames are vertices in the head's own frame of reference; the file ``NNNNNN_transform.txt`` beside
each places the head in the room and is not needed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.vertex_sets.converted import converted_sequences, missing_note, wanted
from lab.vertex_sets.dataset import (
    TRAIN,
    Float32,
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
from lab.vertex_sets.multiface_names import CAPTURES, SENTENCES
from lab.vertex_sets.safe_pickle import read_data_pickle
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.heads import read_head
from mmtalker.io.inputs import read_bytes
from mmtalker.mesh.mesh import Int32
from mmtalker.speech.audio import load_audio

NAME = "multiface"
LICENCE = "Multiface, CC BY-NC 4.0 (Wuu et al. 2022)"
FPS = 30.0
UNIT = 0.001

UNSEEN_SUBJECTS = ("1", "4", "5", "8")
TRAIN_SUBJECTS = tuple(str(number) for number in range(1, 14) if str(number) not in UNSEEN_SUBJECTS)

SPLITS = (
    Split(TRAIN, TRAIN_SUBJECTS, range(1, 41)),
    Split("validation", TRAIN_SUBJECTS, range(41, 46)),
    Split("test-a", TRAIN_SUBJECTS, range(46, 51)),
    Split("test-b", UNSEEN_SUBJECTS, range(46, 51)),
)

LOW = np.array([-117.798, -213.735, -177.091], dtype=np.float32)
HIGH = np.array([125.922, 185.79601, 75.365097], dtype=np.float32)
"""Millimetres that the usual conversion maps to -1 and 1, axis by axis."""

NEUTRAL = "E001_Neutral_Eyes_Open"
NEUTRAL_FRAMES = 10

_CONVERTED_TOPOLOGY = ("face_template.obj", "face_template.ply")
_CONVERSION_SCRIPTS = ("multiface2meshtalk.py", "convert_topology.py", "convert_topolgy.py")


def read_multiface(folder: Path, lists: Path | None = None) -> VertexDataset:
    """Read what is there, delivered where ``folder`` holds captures, else converted.

    Args:
        folder: of the captures (``m--...--GHS``), or of ``vertices_npy`` and ``wav``.
        lists: folder of the masks, of ``face_template.obj`` and of MeshTalk's ``multiface2meshtalk.py``,
            where it is not ``folder``.

    Raises:
        MMTalkerError: ``FILE_FORMAT``, saying what is missing or wrong.
    """
    places = (folder, folder / "templates", *((lists,) if lists else ()))
    captures = {
        str(number): folder / name
        for number, name in enumerate(CAPTURES, start=1)
        if (folder / name / "tracked_mesh").is_dir()
    }
    read = _delivered(captures, places) if captures else _converted(folder, places)
    vertex_count = len(next(iter(read.templates.values())))
    return VertexDataset(
        name=NAME,
        licence=LICENCE,
        fps=FPS,
        unit=UNIT,
        triangles=read.triangles,
        templates=read.templates,
        train_subjects=TRAIN_SUBJECTS,
        lists=find_lists((folder, *((lists,) if lists else ())), vertex_count),
        sequences=read.sequences,
        notes=read.notes,
    )


@dataclass(frozen=True)
class _Read:
    """What the two forms give."""

    templates: dict[str, Float32]
    triangles: Int32
    sequences: tuple[VertexSequence, ...]
    notes: tuple[str, ...]


def _converted(folder: Path, places: tuple[Path, ...]) -> _Read:
    path = find_file(places, ("templates.pkl",), "file of templates")
    stored = checked_templates(read_data_pickle(path), path)
    scaled = max(float(np.ptp(template, axis=0).max()) for template in stored.values()) < 4.0
    restore = _restored if scaled else None
    templates = {_number(name): restore(t) if restore else t for name, t in stored.items()}
    vertex_count = len(next(iter(templates.values())))
    topology = find_file(places, _CONVERTED_TOPOLOGY, "mesh of the topology")
    sequences, notes = converted_sequences(
        folder, SPLITS, templates, vertex_count, subject_of=_number, restore=restore
    )
    return _Read(templates, read_triangles(topology, vertex_count), sequences, notes)


def _number(named: str) -> str:
    """``1`` for ``01``; other names as they are."""
    return str(int(named)) if named.isdecimal() else named


def _restored(scaled: Floats) -> Float32:
    """Millimetres of what the usual conversion scaled."""
    restored: Float32 = (LOW + (scaled.astype(np.float32) + 1.0) * (0.5 * (HIGH - LOW))).astype(np.float32)
    return restored


def _delivered(captures: dict[str, Path], places: tuple[Path, ...]) -> _Read:
    example = next(
        (path for capture in captures.values() for path in sorted(capture.glob("tracked_mesh/*/*.obj"))), None
    )
    if example is None:
        raise _bad(
            next(iter(captures.values())), "none of its folders tracked_mesh/* has an obj of the topology"
        )
    mesh = read_head(example)
    kept = _kept_vertices(places, mesh.vertex_count)
    number = np.full(mesh.vertex_count, -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    triangles = number[mesh.triangles()]
    triangles = triangles[(triangles >= 0).all(axis=1)].astype(np.int32)

    def frames(folder: Path, limit: int | None = None) -> Floats:
        paths = sorted(path for path in folder.glob("*.bin") if path.stem.isdecimal())[:limit]
        vertices = np.stack([_frame(path, mesh.vertex_count)[kept] for path in paths])
        return at_every_number(np.array([int(path.stem) for path in paths]), vertices)

    sequences: list[VertexSequence] = []
    missing: list[str] = []
    for split, subject, sentence in wanted(SPLITS):
        if subject not in captures:
            continue
        name = SENTENCES[sentence - 1]
        meshes = captures[subject] / "tracked_mesh" / name
        audio = captures[subject] / "audio" / f"{name}.wav"
        if audio.is_file() and any(meshes.glob("*.bin")):
            load, read = partial(load_audio, audio), partial(frames, meshes)
            sequences.append(VertexSequence(subject, f"{sentence:02d}", split, load, read))
        else:
            missing.append(f"{subject}, sentence {sentence}")
    notes = list(missing_note(missing))
    if len(captures) < len(CAPTURES):
        notes.append(f"{len(captures)} of {len(CAPTURES)} captures are there.")
    templates = {}
    for subject, capture in captures.items():
        neutral = capture / "tracked_mesh" / NEUTRAL
        if any(neutral.glob("*.bin")):
            resting = frames(neutral, NEUTRAL_FRAMES)
        else:
            starts = [s.vertices()[0] for s in sequences if s.subject == subject]
            if not starts:
                continue
            resting = np.stack(starts)
            notes.append(
                f"Capture {subject} has no {NEUTRAL}; its template is the mean first frame of its sentences."
            )
        templates[subject] = resting.mean(axis=0).astype(np.float32)
    if not templates:
        raise _bad(
            next(iter(captures.values())), "no capture has a neutral face or a sentence with its sound"
        )
    return _Read(templates, triangles, tuple(sequences), tuple(notes))


def _kept_vertices(places: tuple[Path, ...], count: int) -> NDArray[np.int64]:
    """Vertices that the MeshTalk topology keeps, by the set in its conversion script; else all of them.

    The script is read as text and not run.
    """
    for place in places:
        for name in _CONVERSION_SCRIPTS:
            if (place / name).is_file():
                text = read_bytes(place / name).decode("utf-8", errors="replace")
                found = re.search(r"ignore_vertices\s*=\s*\{([\d,\s]+)\}", text)
                if found is None:
                    raise _bad(place / name, "it has no set of ignore_vertices")
                ignored = [int(word) for word in found.group(1).replace(",", " ").split()]
                return np.setdiff1d(np.arange(count), np.array(ignored))
    return np.arange(count)


def _frame(path: Path, count: int) -> Float32:
    data = read_bytes(path)
    if len(data) != count * 12:
        raise _bad(path, f"it has {len(data)} bytes and not the {count * 12} of {count} vertices")
    return np.frombuffer(data, dtype="<f4").reshape(count, 3)


def _bad(path: Path, what: str) -> MMTalkerError:
    return MMTalkerError(ErrorCode.FILE_FORMAT, f"{path} cannot be used: {what}. Download the capture again.")
