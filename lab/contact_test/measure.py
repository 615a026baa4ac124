"""What the lips of a head do at p, b and m of a recording, with the detail modes and without."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.contact_test.lips import Meeting, lips_of, meet
from lab.evaluation.contact import EDGE, closes
from lab.evaluation.face import MM
from lab.evaluation.people import unseen_people
from lab.heads.training_heads import TrainingHead, anny_head, ict_head
from lab.phonetics.phone_speech import Phone
from mmtalker.contact.modes import DETAIL_NAMES
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.mesh import Mesh
from mmtalker.pipeline import Animation, PreparedSpeech, Talker
from mmtalker.speech.audio import load_audio

FPS = 50.0


@dataclass(frozen=True, eq=False)
class Speech:
    """A recording whose phones are known."""

    name: str
    prepared: PreparedSpeech
    closures: Sequence[Phone]


@dataclass(frozen=True, eq=False)
class Target:
    """A head to speak with.

    Attributes:
        head: with the truth about every vertex, in metres of human size.
        mesh: what the product sees of it, in the same unit.
        place: (V,) vertex of the mesh for each of the head's.
        order: what is told about it.
    """

    head: TrainingHead
    mesh: Mesh
    place: NDArray[np.int64]
    order: str


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was found on one head.

    Attributes:
        name: of the head. topology: what it was taken for.
        rest: as it was modelled.
        without, with_modes: for each closure the smallest distance and the deepest crossing of its frames.
    """

    name: str
    topology: str
    rest: Meeting
    without: Sequence[Meeting]
    with_modes: Sequence[Meeting]


def read_speech(description: Path, talker: Talker) -> Speech:
    """Read a recording by the json beside it, as ``demo/assets/speech.json`` is.

    Raises:
        MMTalkerError: FILE_FORMAT when it is no such file or has no p, b or m.
    """
    try:
        facts = json.loads(description.read_text(encoding="utf-8"))
        phones = [Phone(row["phone"], row["start"], row["end"]) for row in facts["phones"]]
        audio = description.parent / facts["file"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{description} does not name a sound file and its phones: {error!r}."
        ) from error
    closures = [phone for phone in phones if closes(phone.name)]
    if not closures:
        raise MMTalkerError(ErrorCode.FILE_FORMAT, f"{description} has no p, b or m to measure at.")
    return Speech(description.stem, talker.prepare_speech(load_audio(audio)), closures)


def read_targets(data: Path, people: int, seed: int) -> list[Target]:
    """Return both models' own heads, as they are, and people of each, their vertices shuffled.

    Raises:
        MMTalkerError: FILE_FORMAT when the folder has no ICT; BAD_REQUEST when `anny` is not installed.
    """
    own = [_target(head, None) for head in (anny_head(), ict_head(data))]
    return own + [_target(head, [seed, row]) for row, head in enumerate(unseen_people(data, people, seed))]


def measure(target: Target, talker: Talker, speech: Sequence[Speech]) -> Outcome:
    """Make a head speak and look at its lips."""
    prepared = talker.prepare_head(target.mesh)
    lips = lips_of(target.head)
    rest = target.head.vertices.astype(np.float64) * MM
    shapes = prepared.shapes[:, target.place].astype(np.float64) * MM
    detail = np.isin(prepared.names, DETAIL_NAMES)
    found: dict[bool, list[Meeting]] = {False: [], True: []}
    for recording in speech:
        animation = talker.animate(prepared, recording.prepared, fps=FPS)
        for keep, meetings in found.items():
            curves = animation.curves * np.where(detail, float(keep), 1.0)
            for phone in recording.closures:
                poses = [rest + np.tensordot(row, shapes, 1) for row in curves[_frames(animation, phone)]]
                meetings.append(_together([meet(pose, *lips) for pose in poses]))
    name = f"{target.head.name}, {target.order}"
    return Outcome(name, prepared.topology, meet(rest, *lips), found[False], found[True])


def _frames(animation: Animation, phone: Phone) -> NDArray[np.int64]:
    times = animation.start_time + np.arange(len(animation.curves)) / animation.fps
    return np.flatnonzero((times >= phone.start - EDGE) & (times <= phone.end + EDGE))


def _together(meetings: Sequence[Meeting]) -> Meeting:
    return Meeting(
        min(one.apart for one in meetings),
        max(one.crossing for one in meetings),
        max(one.inner_crossing for one in meetings),
    )


def _target(head: TrainingHead, seed: Sequence[int] | None) -> Target:
    count = len(head.vertices)
    if seed is None:
        return Target(
            head, Mesh.from_polygons(head.vertices, head.triangles), np.arange(count), "known order"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    place = np.argsort(order)
    mesh = Mesh.from_polygons(head.vertices[order], place[rng.permutation(head.triangles)])
    return Target(head, mesh, place, "shuffled")
