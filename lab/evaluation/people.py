"""How a network does on heads that no training saw, and on one head at several resolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import Corpus
from lab.evaluation import metrics
from lab.evaluation.face import Face, build_face
from lab.evaluation.speaker import Speaker
from lab.evaluation.takes import Take, Truth
from lab.evaluation.tracks import lip_gap
from lab.heads.training_heads import TrainingHead, anny_head, ict_head
from lab.remeshing.resample import resample
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.progress import Progress, silent

Float32 = NDArray[np.float32]

Row = Mapping[str, str | float | None]

UNSEEN = 20_000
"""Second part of the seeds of these heads. Training draws all of its own from its seed alone."""

RESOLUTIONS = (5_000, 25_000, 100_000)
"""Vertices to which a head is brought."""


def ict_folder(corpus: Corpus) -> Path | None:
    """Return the corpus's folder if ``heads/ict_facekit`` is in it, else None."""
    return corpus.folder if (corpus.folder / "heads" / "ict_facekit").is_dir() else None


def unseen_people(heads: Path | None, count: int, seed: int = 0) -> list[TrainingHead]:
    """Draw ``count`` random people of each head model.

    Args:
        heads: folder of ``heads/ict_facekit``, or None for Anny's people alone.
        count: of each model.
        seed: of the draw.

    Raises:
        MMTalkerError: BAD_REQUEST when the package `anny` is not installed.
    """
    people = [anny_head(np.random.default_rng([seed, UNSEEN, number])) for number in range(count)]
    if heads is not None:
        people += [ict_head(heads, np.random.default_rng([seed, UNSEEN, number])) for number in range(count)]
    return people


def measure_people(
    network: MMTalkerNetwork,
    people: Sequence[TrainingHead],
    takes: Sequence[tuple[Take, Truth]],
    progress: Progress = silent,
) -> list[Row]:
    """Compare what the network does on each head with the head's true shapes driven by the true curves.

    Every head is measured as modelled and at all ``RESOLUTIONS``.

    Returns:
        Rows of head, vertices, ``lve_mm``, ``mve_mm`` over the compared lists together, and
        ``shapes_mve_mm``, which is ``mve_mm`` with the true curves on the network's shape keys: what is wrong
        with those alone.
    """
    versions = [(head, size) for head in people for size in (len(head.vertices), *RESOLUTIONS)]
    rows: list[Row] = []
    for done, (head, size) in enumerate(versions):
        version = head if size == len(head.vertices) else resample(head, size)
        rows.append(_measure_head(network, build_face(version), takes))
        progress("unseen heads", (done + 1) / len(versions))
    return rows


def _measure_head(network: MMTalkerNetwork, face: Face, takes: Sequence[tuple[Take, Truth]]) -> Row:
    speaker = Speaker(network, face)
    lips, everything = face.lists["lips"], np.arange(len(face.rest))
    largest, mean, of_shapes = [], [], []
    for take, truth in takes:
        true_motion = face.move(truth.curves)
        made = speaker.move(np.clip(speaker.curves(take), 0.0, 1.0))
        largest.append(metrics.vertex_error(true_motion, made, lips))
        mean.append(metrics.mean_distance(true_motion, made, everything))
        of_shapes.append(metrics.mean_distance(true_motion, speaker.move(truth.curves), everything))
    return {
        "head": face.name,
        "vertices": str(len(face.head.vertices)),
        "lve_mm": float(np.sqrt(np.concatenate(largest).mean())),
        "mve_mm": float(np.concatenate(mean).mean()),
        "shapes_mve_mm": float(np.concatenate(of_shapes).mean()),
    }


def measure_resolutions(
    network: MMTalkerNetwork,
    head: TrainingHead,
    takes: Sequence[tuple[Take, Truth]],
    progress: Progress = silent,
) -> list[Row]:
    """Compare a head's motion at ``RESOLUTIONS`` with that at the middle one.

    Returns:
        Rows of vertices and differences: ``curves``, the largest of any curve; ``gap``, the largest of the
        lip gap over its range; ``mean`` and ``largest`` of an evaluation point's place over the longest way
        of any; ``true_shapes``, which is ``largest`` for the head's own shapes with the true curves: what
        reading points off another mesh makes up by itself.
    """
    reference = RESOLUTIONS[len(RESOLUTIONS) // 2]
    order = sorted(RESOLUTIONS, key=lambda size: size != reference)
    versions: dict[int, _Version] = {}
    for done, size in enumerate(order):
        versions[size] = _version(network, build_face(resample(head, size)), takes)
        progress("resolutions", (done + 1) / len(order))
    middle = versions[reference]
    extent = np.linalg.norm(np.ptp(middle.made, axis=0), axis=1).max()
    rows: list[Row] = []
    for size in RESOLUTIONS:
        own = versions[size]
        away = np.linalg.norm(own.made - middle.made, axis=2) / extent
        true_away = np.linalg.norm(own.true - middle.true, axis=2) / extent
        rows.append(
            {
                "vertices": str(own.vertices),
                "curves": float(np.abs(own.curves - middle.curves).max()),
                "gap": float(np.abs(own.gap - middle.gap).max() / np.ptp(middle.gap)),
                "mean": float(away.mean()),
                "largest": float(away.max()),
                "true_shapes": float(true_away.max()),
            }
        )
    return rows


@dataclass(frozen=True, eq=False)
class _Version:
    """What one version of a head does: curves (T, K), points (T, P, 3) mm as made and true, lip gap (T,)."""

    vertices: int
    curves: Float32
    made: Float32
    true: Float32
    gap: NDArray[np.float64]


def _version(network: MMTalkerNetwork, face: Face, takes: Sequence[tuple[Take, Truth]]) -> _Version:
    speaker = Speaker(network, face)
    curves = np.concatenate([np.clip(speaker.curves(take), 0.0, 1.0) for take, _ in takes])
    made = speaker.move(curves)
    true = face.move(np.concatenate([truth.curves for _, truth in takes]))
    return _Version(len(face.head.vertices), curves, made, true, lip_gap(face, made))
