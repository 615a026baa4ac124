"""BIWI's B3D(AC)²: 14 people, read as the baselines convert it to ``vertices_npy`` and ``wav``."""

from __future__ import annotations

from pathlib import Path

from lab.vertex_sets.converted import converted_sequences
from lab.vertex_sets.dataset import (
    TRAIN,
    Split,
    VertexDataset,
    checked_templates,
    find_file,
    read_triangles,
)
from lab.vertex_sets.lists import find_lists
from lab.vertex_sets.safe_pickle import read_data_pickle

NAME = "biwi"
LICENCE = "BIWI 3D Audiovisual Corpus of Affective Communication, research only (Fanelli et al. 2010)"
FPS = 25.0

UNIT = 0.1875
"""Metres: the files are normalised, each person by a factor between 0.174 and 0.201; this is the middle."""

TRAIN_SUBJECTS = ("F2", "F3", "F4", "M3", "M4", "M5")
UNSEEN_SUBJECTS = ("F1", "F5", "F6", "F7", "F8", "M1", "M2", "M6")

SPLITS = (
    Split(TRAIN, TRAIN_SUBJECTS, range(1, 33)),
    Split("validation", TRAIN_SUBJECTS, range(33, 37)),
    Split("test-a", TRAIN_SUBJECTS, range(37, 41)),
    Split("test-b", UNSEEN_SUBJECTS, range(37, 41)),
)


def read_biwi(folder: Path, lists: Path | None = None) -> VertexDataset:
    """Read what is there.

    Args:
        folder: of the set, with ``templates.pkl`` and ``BIWI.ply`` (also in ``templates``).
        lists: folder of ``lve.txt`` and ``fdd.txt`` (also in ``regions``), where it is not ``folder``.

    Raises:
        MMTalkerError: ``FILE_FORMAT``, saying what is missing or wrong.
    """
    places = (folder, folder / "templates", *((lists,) if lists else ()))
    path = find_file(places, ("templates.pkl",), "file of templates")
    templates = checked_templates(read_data_pickle(path), path)
    vertex_count = len(next(iter(templates.values())))
    topology = find_file(places, ("BIWI.ply", "BIWI.obj"), "mesh of the topology")
    sequences, notes = converted_sequences(folder, SPLITS, templates, vertex_count)
    return VertexDataset(
        name=NAME,
        licence=LICENCE,
        fps=FPS,
        unit=UNIT,
        triangles=read_triangles(topology, vertex_count),
        templates=templates,
        train_subjects=TRAIN_SUBJECTS,
        lists=find_lists((folder, *((lists,) if lists else ())), vertex_count),
        sequences=sequences,
        notes=notes,
    )
