"""A data set of moving vertices as a training corpus: the same layout for all, read without loading it.

    CORPUS/manifest.json            as of any corpus, with "kind": "vertices", frames a second and the unit
    CORPUS/head.npz                 topology, templates, chart, vertex lists
    CORPUS/SET/CLIP.flac, .json     recording and description, as in any corpus
    CORPUS/SET/CLIP.npy             (T, V, 3) float32 displacement from the subject's template, cm

Space is the set's own, moved to the middle of the templates and brought to metres.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import (
    MANIFEST,
    Clip,
    Corpus,
    Source,
    has_clip,
    read_corpus,
    read_manifest,
    write_clip,
    write_manifest,
)
from lab.vertex_sets.dataset import TRAIN, Float32, VertexDataset, VertexLists, same_length
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.arrays import write_arrays
from mmtalker.io.atomic import replacing
from mmtalker.mesh.mesh import Int32
from mmtalker.mesh.topology_chart import chart_of_topology
from mmtalker.progress import Progress, silent

KIND = "vertices"
HEAD = "head.npz"

CM_PER_METRE = 100.0

MAGNIFICATION = {"eye_region": 1.5, "lips": 2.5}
"""How much larger than the rest these regions are drawn on the chart; a vertex of both takes the last."""

_LIST = "list_"


@dataclass(frozen=True)
class VertexCorpus:
    """A vertex corpus on disk.

    Attributes:
        corpus: its clips.
        name: of the data set.
        fps: frames a second.
        unit: metres in one unit of the set.
        origin: (3,) what was taken from all positions, in the set's unit.
        subjects: who has a template.
        templates: (S, V, 3) in metres, around the origin, in the order of ``subjects``.
        train_subjects: in the order of the baselines' one-hot vectors.
        triangles: (F, 3) of the topology.
        uv: (V, 2) place of every vertex in the chart.
        chart_triangles: (C, 3) those laid out on it.
        lists: vertex numbers by region.
    """

    corpus: Corpus
    name: str
    fps: float
    unit: float
    origin: NDArray[np.float64]
    subjects: tuple[str, ...]
    templates: Float32
    train_subjects: tuple[str, ...]
    triangles: Int32
    uv: Float32
    chart_triangles: Int32
    lists: VertexLists

    @property
    def vertex_count(self) -> int:
        return len(self.uv)

    def template(self, subject: str) -> Float32:
        """(V, 3) resting face in metres."""
        template: Float32 = self.templates[self.subjects.index(subject)]
        return template

    def displacement(self, clip: Clip) -> Float32:
        """Map the (T, V, 3) displacement of a clip, cm, into memory."""
        path = self.corpus.audio(clip).with_suffix(".npy")
        try:
            frames: Float32 = np.load(path, mmap_mode="r", allow_pickle=False)
            if frames.dtype != np.float32 or frames.shape[1:] != (self.vertex_count, 3):
                raise ValueError(f"its shape is {frames.shape}")
        except (OSError, ValueError, EOFError) as error:
            raise MMTalkerError(
                ErrorCode.FILE_FORMAT,
                f"{path} does not hold the motion of its clip ({error}). Delete the clip's files and run "
                "'corpus import' again.",
            ) from error
        return frames

    def in_set_units(self, subject: str, displacement: Float32) -> Float32:
        """Absolute coordinates (T, V, 3), as the set has them, of displacement in cm."""
        metres = self.template(subject) + displacement / np.float32(CM_PER_METRE)
        absolute: Float32 = (metres / self.unit + self.origin).astype(np.float32)
        return absolute

    def from_set_units(self, subject: str, absolute: Float32) -> Float32:
        """The opposite of :meth:`in_set_units`."""
        metres = (absolute - self.origin) * self.unit - self.template(subject)
        displacement: Float32 = (metres * CM_PER_METRE).astype(np.float32)
        return displacement


def subject_of(clip: Clip) -> str:
    """Return who speaks, as the set names them."""
    return clip.name.rsplit("_", 1)[0]


def convert(dataset: VertexDataset, out: Path, progress: Progress = silent) -> dict[str, Any]:
    """Write the clips of ``dataset`` that are not there yet, and return the manifest.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when a file of the set is damaged or none of its sequences is there;
            ``BAD_MESH`` when its topology cannot be laid out in a chart.
    """
    if not dataset.sequences:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"None of the sequences that {dataset.name} is split into is there. Give the set's own folder.",
        )
    unit = dataset.unit
    origin = np.mean([t.astype(np.float64).mean(axis=0) for t in dataset.templates.values()], axis=0)
    _write_head(dataset, origin, out)
    for done, sequence in enumerate(dataset.sequences):
        if not has_clip(out, dataset.name, sequence.name):
            audio, vertices = same_length(sequence.audio(), sequence.vertices(), dataset.fps)
            moved = vertices - dataset.templates[sequence.subject]
            if not np.isfinite(moved).all():
                raise MMTalkerError(
                    ErrorCode.FILE_FORMAT,
                    f"The sequence {sequence.name} has coordinates that are not numbers. Get it again, or "
                    "take its files away.",
                )
            path = out / dataset.name / f"{sequence.name}.npy"
            with replacing(path) as partial, partial.open("wb") as file:
                np.save(file, (moved * (unit * CM_PER_METRE)).astype(np.float32), allow_pickle=False)
            clip = Clip(
                source=dataset.name,
                name=sequence.name,
                speaker=f"{dataset.name} {sequence.subject}",
                language="en",
                text="",
                phones=(),
                test_set=None if sequence.split == TRAIN else sequence.split,
            )
            write_clip(out, clip, audio.samples)
        progress(f"sequences of {dataset.name}", (done + 1) / len(dataset.sequences))
    manifest = write_manifest(out, [Source(dataset.name, dataset.licence, "filmed")])
    manifest |= {"kind": KIND, "set": dataset.name, "fps": dataset.fps, "unit_m": unit}
    with replacing(out / MANIFEST) as partial:
        partial.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def _write_head(dataset: VertexDataset, origin: NDArray[np.float64], out: Path) -> None:
    subjects = sorted(dataset.templates)
    templates = np.stack([(dataset.templates[s] - origin) * dataset.unit for s in subjects])
    scale = np.ones(dataset.vertex_count)
    for region, factor in MAGNIFICATION.items():
        scale[dataset.lists.get(region, np.zeros(0, dtype=np.int64))] = factor
    chart = chart_of_topology(templates.mean(axis=0), dataset.triangles, scale)
    arrays: dict[str, NDArray[Any]] = {
        "subjects": np.array(subjects),
        "templates": templates.astype(np.float32),
        "train_subjects": np.array(dataset.train_subjects),
        "triangles": dataset.triangles,
        "uv": chart.uv,
        "chart_triangles": chart.triangles,
        "origin": origin,
    }
    write_arrays(out / HEAD, arrays | {f"{_LIST}{name}": rows for name, rows in dataset.lists.items()})


def is_vertex_corpus(folder: Path) -> bool:
    """Say whether a folder holds a corpus of this kind."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("kind") == KIND


def read_vertex_corpus(folder: Path) -> VertexCorpus:
    """Read what :func:`convert` wrote; motion stays on disk.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when the folder holds no whole vertex corpus.
    """
    if not is_vertex_corpus(folder):
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{folder} holds no corpus of moving vertices. Make one: python -m lab corpus import "
            f"--vocaset DIR -o {folder}.",
        )
    corpus, manifest = read_corpus(folder), read_manifest(folder)
    try:
        with np.load(folder / HEAD, allow_pickle=False) as head:
            return VertexCorpus(
                corpus=corpus,
                name=str(manifest["set"]),
                fps=float(manifest["fps"]),
                unit=float(manifest["unit_m"]),
                origin=head["origin"],
                subjects=tuple(str(name) for name in head["subjects"]),
                templates=head["templates"],
                train_subjects=tuple(str(name) for name in head["train_subjects"]),
                triangles=head["triangles"],
                uv=head["uv"],
                chart_triangles=head["chart_triangles"],
                lists={name.removeprefix(_LIST): head[name] for name in head.files if name.startswith(_LIST)},
            )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The corpus in {folder} is not whole ({error}). Run 'corpus import' again.",
        ) from error
