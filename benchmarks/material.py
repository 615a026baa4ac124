"""What is measured on: speech of any length, and heads of any number of vertices."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from lab.circumstances import ROOT
from lab.heads.ict import load_ict
from lab.heads.training_heads import anny_head, ict_head
from lab.remeshing.resample import resample
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import REGIONS, HeadMapping
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.roles import Role

SPEECH = ROOT / "demo" / "assets" / "speech.flac"
DATA = Path(os.environ.get("MMTALKER_DATA", ROOT.parent / "shared" / "data"))
ICT_FILE = DATA / "heads" / "ict_facekit" / "ict_facekit.npz"


def write_speech(seconds: float, path: Path, skip: float = 0.0) -> None:
    """Write the shipped clip, said again and again, ``seconds`` long, from ``skip`` seconds on."""
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    samples = np.roll(samples, -round(skip * rate))
    missing = round(seconds * rate)
    # Sentence by sentence: this process's memory is measured.
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=1) as file:
        while missing > 0:
            file.write(samples[:missing])
            missing -= len(samples)


def head(name: str, vertices: int = 0) -> tuple[Mesh, HeadMapping]:
    """A head and its mapping.

    Args:
        name: ``canonical``, or ``ict`` where the training data is.
        vertices: how many it shall have, or 0 for as many as it has. Such copies are of no known topology,
            but where their vertices lie is known from the head that they were made from.
    """
    if not vertices:
        mesh = load_canonical().mesh if name == "canonical" else load_ict(DATA).mesh()
        return mesh, map_head(mesh)
    copy = resample(anny_head() if name == "canonical" else ict_head(DATA), vertices)
    follows = np.isin(copy.role, (Role.TEETH_LOWER, Role.TONGUE)).astype(np.float32)
    mapping = HeadMapping(
        topology=name,
        uv=copy.uv,
        role=copy.role,
        jaw_weight=follows,
        leader=np.full(len(copy.role), -1, dtype=np.int32),
        confidence=1.0,
        to_canonical=Similarity.identity(),
        landmarks=copy.landmarks,
        warnings=(),
        points={name: copy.vertices[vertex].astype(np.float64) for name, vertex in copy.landmarks.items()},
        regions=dict.fromkeys(REGIONS, 1.0),
        triangles=copy.triangles,
        owner=np.arange(len(copy.vertices), dtype=np.int32),
    )
    return Mesh.from_polygons(copy.vertices, copy.triangles), mapping
