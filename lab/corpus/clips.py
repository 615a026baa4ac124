"""The training corpus on disk: one folder for each source, three small files for each clip, one manifest.

    CORPUS/manifest.json          licence, minutes, speakers and languages by source; written last
    CORPUS/SOURCE/CLIP.flac       16 kHz mono
    CORPUS/SOURCE/CLIP.json       who says what, in which language and phones, and what the clip is for
    CORPUS/SOURCE/CLIP.npz        motion, where there is some: curves, rate, known

A clip's description is written after its other files, so that a clip that has one is whole and a
build that was stopped goes on behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from lab.phonetics.phone_speech import Phone
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.arrays import write_arrays
from mmtalker.io.atomic import replacing
from mmtalker.speech.audio import SAMPLE_RATE

Float32 = NDArray[np.float32]

CORPUS_VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Motion:
    """How the face moves in a clip.

    Attributes:
        curves: (T, 52) ARKit activations in 0..1, row i at i / rate seconds of the recording.
        rate: rows a second.
        known: (52,) channels that the source says something about; the others are 0 and unknown.
    """

    curves: Float32
    rate: float
    known: NDArray[np.bool_]

    def at(self, times: NDArray[np.float64]) -> Float32:
        """Return (len(times), 52) curves at ``times`` seconds, by linear interpolation."""
        own = np.arange(len(self.curves)) / self.rate
        columns = [np.interp(times, own, column) for column in self.curves.T]
        return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Source:
    """Where clips come from.

    Attributes:
        name: the folder's name, such as ``grid``.
        licence: its name and whom to credit.
        motion: ``filmed``, or ``unfilmed`` where phones are all that is known.
    """

    name: str
    licence: str
    motion: str


@dataclass(frozen=True)
class Clip:
    """One recording.

    Attributes:
        source: name of its :class:`Source`.
        name: of its files, without suffix.
        speaker: who speaks, unique over all sources.
        language: BCP 47 code, such as ``en-GB``.
        text: what is said, or an empty string where nobody wrote it down.
        phones: in IPA letters with pauses (``sil``), from the first sample to the last; empty if unknown.
        test_set: the test set it belongs to, such as ``grid-words``; None for training.
    """

    source: str
    name: str
    speaker: str
    language: str
    text: str
    phones: tuple[Phone, ...]
    test_set: str | None = None


@dataclass(frozen=True)
class Corpus:
    """A corpus folder and what it holds."""

    folder: Path
    sources: tuple[Source, ...]
    clips: tuple[Clip, ...]

    def audio(self, clip: Clip) -> Path:
        return self.folder / clip.source / f"{clip.name}.flac"

    def motion(self, clip: Clip) -> Motion | None:
        return read_motion(self.folder, clip)

    def training(self, without: Iterable[str] = (), with_people: Iterable[str] = ()) -> Iterator[Clip]:
        """Yield the clips to train on, but those of some sources.

        Clips kept for tests are among them where their speaker is named in ``with_people``.
        """
        left_out, named = set(without), set(with_people)
        return (
            clip
            for clip in self.clips
            if (clip.test_set is None or clip.speaker in named) and clip.source not in left_out
        )

    def test_sets(self) -> dict[str, list[Clip]]:
        """Return the clips of every test set."""
        sets: dict[str, list[Clip]] = {}
        for clip in self.clips:
            if clip.test_set is not None:
                sets.setdefault(clip.test_set, []).append(clip)
        return sets


def has_clip(folder: Path, source: str, name: str) -> bool:
    """Say whether a clip is already there, whole."""
    return (folder / source / f"{name}.json").exists()


def write_clip(folder: Path, clip: Clip, samples: Float32, motion: Motion | None = None) -> None:
    """Write a clip's files, its description last.

    Args:
        folder: of the corpus.
        clip: its description.
        samples: (N,) 16 kHz mono in -1..1.
        motion: of the face, if known.
    """
    place = folder / clip.source
    place.mkdir(parents=True, exist_ok=True)
    with replacing(place / f"{clip.name}.flac") as partial:
        soundfile.write(partial, np.clip(samples, -1.0, 1.0), SAMPLE_RATE, format="FLAC")
    if motion is not None:
        write_motion(folder, clip, motion)
    rows = [[phone.name, round(phone.start, 4), round(phone.end, 4)] for phone in clip.phones]
    described = {
        "speaker": clip.speaker,
        "language": clip.language,
        "text": clip.text,
        "test_set": clip.test_set,
        "seconds": round(len(samples) / SAMPLE_RATE, 3),
        "phones": rows,
    }
    with replacing(place / f"{clip.name}.json") as partial:
        partial.write_text(json.dumps(described, ensure_ascii=False) + "\n", encoding="utf-8")


def write_motion(folder: Path, clip: Clip, motion: Motion) -> None:
    """Write, or write anew, the motion of a clip."""
    write_arrays(
        folder / clip.source / f"{clip.name}.npz",
        {
            "curves": motion.curves.astype(np.float16),
            "rate": np.array(motion.rate),
            "known": motion.known.astype(bool),
        },
    )


def read_motion(folder: Path, clip: Clip) -> Motion | None:
    """Read a clip's motion, or None where nobody filmed or made it."""
    path = folder / clip.source / f"{clip.name}.npz"
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return Motion(stored["curves"].astype(np.float32), float(stored["rate"]), stored["known"])


def read_clips(folder: Path, source: str) -> list[Clip]:
    """Read the descriptions of a source's clips that are there, in the order of their names."""
    return [_read_clip(path, source) for path in sorted((folder / source).glob("*.json"))]


def _read_clip(path: Path, source: str) -> Clip:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        phones = tuple(Phone(str(n), float(a), float(b)) for n, a, b in facts["phones"])
        return Clip(
            source=source,
            name=path.stem,
            speaker=str(facts["speaker"]),
            language=str(facts["language"]),
            text=str(facts["text"]),
            phones=phones,
            test_set=facts["test_set"],
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} does not describe a clip ({error}). Delete it and run 'corpus build' again.",
        ) from error


def write_manifest(folder: Path, sources: Iterable[Source]) -> dict[str, Any]:
    """Sum up the clips of ``sources`` that are there, write and return the manifest."""
    rows = {}
    for source in sources:
        clips = read_clips(folder, source.name)
        if not clips:
            continue
        frames = [soundfile.info(folder / source.name / f"{clip.name}.flac").frames for clip in clips]
        rows[source.name] = {
            "licence": source.licence,
            "motion": source.motion,
            "clips": len(clips),
            "minutes": round(sum(frames) / SAMPLE_RATE / 60.0, 2),
            "speakers": sorted({clip.speaker for clip in clips}),
            "languages": sorted({clip.language for clip in clips}),
            "test_sets": sorted({clip.test_set for clip in clips if clip.test_set}),
        }
    manifest = {"corpus_version": CORPUS_VERSION, "sources": rows}
    with replacing(folder / MANIFEST) as partial:
        partial.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what :func:`write_manifest` wrote.

    Raises:
        MMTalkerError: FILE_FORMAT without a manifest, or for one of another version.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The folder {folder} holds no corpus. Make one: python -m lab corpus build -o {folder}.",
        )
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("corpus_version") != CORPUS_VERSION:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{path} is of version {manifest.get('corpus_version')!r} and this program reads "
            f"{CORPUS_VERSION}. Build the corpus again.",
        )
    return manifest


def read_corpus(folder: Path) -> Corpus:
    """Read the descriptions of all clips.

    Raises:
        MMTalkerError: FILE_FORMAT without a manifest, or for one of another version.
    """
    manifest = read_manifest(folder)
    sources = tuple(Source(name, row["licence"], row["motion"]) for name, row in manifest["sources"].items())
    clips = tuple(clip for source in sources for clip in read_clips(folder, source.name))
    return Corpus(folder, sources, clips)
