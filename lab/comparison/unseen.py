"""What a variant of the network makes of heads that no training saw: there geometry has to be understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lab.corpus.clips import Corpus
from lab.evaluation.face import Face, build_face
from lab.evaluation.metrics import vertex_error
from lab.evaluation.people import Row
from lab.evaluation.run import choose_clips
from lab.evaluation.speaker import Speaker
from lab.evaluation.table import markdown, number
from lab.evaluation.takes import Encode, System, Take, Truth, read_take, read_truth
from lab.heads.training_heads import TrainingHead
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import FactorisedRegression
from mmtalker.progress import Progress, silent

Float64 = NDArray[np.float64]

CLIPS = 4
"""Filmed clips of each set that every head speaks."""


def unseen_takes(
    corpus: Corpus, encode: Encode, sets: Sequence[str] | None, clips: int = CLIPS
) -> list[tuple[Take, Truth]]:
    """Return ``clips`` recordings of each set whose true motion is known."""
    chosen = (clip for found in choose_clips(corpus, sets, clips).values() for clip in found)
    takes = (read_take(corpus, clip, encode) for clip in chosen)
    pairs = ((take, read_truth(corpus, take)) for take in takes)
    return [(take, truth) for take, truth in pairs if truth is not None]


def measure_unseen(
    networks: Mapping[str, MMTalkerNetwork],
    systems: Mapping[str, System],
    people: Sequence[TrainingHead],
    takes: Sequence[tuple[Take, Truth]],
    progress: Progress = silent,
) -> list[Row]:
    """Measure LVE of every variant over all heads together, mm².

    Args:
        networks, systems: by the same names.
        people: heads that no training saw.
        takes: what they speak.
        progress: told about every head.

    Returns:
        Rows of the variant's name; ``speech``, of what it says and how it moves a head; and ``shapes``, of
        its shape keys alone, moved by the true curves: None for the joint form, which has none.
    """
    speech: dict[str, list[Float64]] = {name: [] for name in systems}
    shapes: dict[str, list[Float64]] = {name: [] for name in systems}
    for done, person in enumerate(people):
        face = build_face(person)
        lips, true = face.lists["lips"], [face.move(truth.curves) for _, truth in takes]
        for name, system in systems.items():
            predict = system(face)
            speech[name] += [
                vertex_error(motion, predict(take), lips)
                for (take, _), motion in zip(takes, true, strict=True)
            ]
            shapes[name] += _of_shapes(networks[name], face, takes)
        progress("unseen heads", (done + 1) / len(people))
    return [
        {"variant": name, "speech": _mean(speech[name]), "shapes": _mean(shapes[name])} for name in systems
    ]


def _of_shapes(network: MMTalkerNetwork, face: Face, takes: Sequence[tuple[Take, Truth]]) -> list[Float64]:
    if not isinstance(network.regression, FactorisedRegression):
        return []
    speaker, lips = Speaker(network, face), face.lists["lips"]
    return [vertex_error(face.move(truth.curves), speaker.move(truth.curves), lips) for _, truth in takes]


def _mean(errors: Sequence[Float64]) -> float | None:
    return float(np.concatenate(errors).mean()) if errors else None


def unseen_table(rows: Sequence[Row], full: str) -> str:
    """Return a row for each variant; behind a figure the change beside the variant ``full``."""
    whole = next(row for row in rows if row["variant"] == full)
    table = [["variant", "speech", "shape keys alone, moved by the true curves"]]
    for row in rows:
        cells = [str(row["variant"])]
        for name in ("speech", "shapes"):
            value, beside = row[name], whole[name]
            assert not isinstance(value, str) and not isinstance(beside, str)
            change = f" ({100.0 * (value / beside - 1.0):+.1f} %)" if value and beside else ""
            cells.append(number(value) + (change if row is not whole else ""))
        table.append(cells)
    return markdown(table)
