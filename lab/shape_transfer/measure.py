"""How far transferred shapes are from the target's own: mean vertex error over the skin of the face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.people import unseen_people
from lab.heads.training_heads import TrainingHead, anny_head, ict_head
from lab.shape_transfer.surface import Float32, Float64
from lab.shape_transfer.systems import System
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.roles import Role
from mmtalker.progress import Progress, silent

MM = 1000.0

MOVED_METRES = 1e-4
"""Skin that some shape moves further than this belongs to the face."""

REFUSALS = (ErrorCode.UNSUPPORTED_HEAD, ErrorCode.BAD_MESH)


@dataclass(frozen=True, eq=False)
class Direction:
    """One model's head with its shapes, and people of the other model."""

    name: str
    source: TrainingHead
    targets: Sequence[TrainingHead]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the systems made of one direction.

    Attributes:
        direction: its name.
        shapes: (52,) those that both models have; only they are measured.
        measured: how many vertices of each person.
        errors: (52,) mean distances in mm by system and person; None where the system refused the head.
        refusals: what it said, by system and person.
    """

    direction: str
    shapes: NDArray[np.bool_]
    measured: Sequence[int]
    errors: Mapping[str, Sequence[Float64 | None]]
    refusals: Mapping[str, Mapping[int, str]]

    def mean(self, system: str) -> Float64 | None:
        """Return (52,) means over the people that a system took; None when it took nobody."""
        taken = [errors for errors in self.errors[system] if errors is not None]
        return np.mean(taken, axis=0) if taken else None


def both_directions(data: Path, people: int, seed: int) -> list[Direction]:
    """Read both models and draw people of each.

    Args:
        data: folder of ``heads/ict_facekit``.
        people: of each model.
        seed: of the draw; the same people as `lab evaluate` measures unseen heads on.

    Raises:
        MMTalkerError: FILE_FORMAT when the folder has no ICT; BAD_REQUEST when `anny` is not installed.
    """
    anny, ict = anny_head(), ict_head(data)
    drawn = unseen_people(data, people, seed)
    return [
        Direction("Anny to ICT", anny, drawn[people:]),
        Direction("ICT to Anny", ict, drawn[:people]),
    ]


def face_skin(head: TrainingHead) -> NDArray[np.bool_]:
    """Return (V,) which vertices are measured: skin that is seen and that some shape of the head moves."""
    longest = np.max([np.linalg.norm(shape, axis=1) for shape in head.shapes[head.known_shapes]], axis=0)
    face: NDArray[np.bool_] = (head.role == Role.SKIN) & (longest > MOVED_METRES)
    return face


def shape_errors(head: TrainingHead, shapes: Float32) -> Float64:
    """Return (52,) mean distances in mm between a head's own shapes and (52, V, 3) others, over its face."""
    face = face_skin(head)
    pairs = zip(head.shapes, shapes, strict=True)
    return MM * np.array([np.linalg.norm(own[face] - made[face], axis=1).mean() for own, made in pairs])


def measure(direction: Direction, systems: Mapping[str, System], progress: Progress = silent) -> Outcome:
    """Measure all systems on all people of a direction, and note which head a system refuses."""
    errors: dict[str, list[Float64 | None]] = {name: [] for name in systems}
    refusals: dict[str, dict[int, str]] = {name: {} for name in systems}
    steps = len(direction.targets) * len(systems)
    known = direction.source.known_shapes.copy()
    for person, head in enumerate(direction.targets):
        known &= head.known_shapes
        for number, (name, system) in enumerate(systems.items()):
            try:
                errors[name].append(shape_errors(head, system(direction.source, head)))
            except MMTalkerError as error:
                if error.code not in REFUSALS:
                    raise
                errors[name].append(None)
                refusals[name][person] = error.message
            progress(direction.name, (person * len(systems) + number + 1) / steps)
    measured = [int(face_skin(head).sum()) for head in direction.targets]
    return Outcome(direction.name, known, measured, errors, refusals)
