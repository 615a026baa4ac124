"""Real people reading sentences, four sources of the corpus: when each phone is said, found from the text.

Kathleen, who reads English, is for tests alone. Of the others, half of the sentences is for training, so that
voices of real people are heard there; a sentence that two of them read is on the same side for both.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.corpus.clips import Clip, Source, has_clip, write_clip
from lab.phonetics.alignment import Aligner
from lab.phonetics.corpus_recogniser import corpus_recogniser
from lab.phonetics.kokoro_phones import cover
from lab.phonetics.phone_speech import Phone
from lab.phonetics.phonology import UNCLEAR
from lab.phonetics.pronunciation import STRESS
from lab.phonetics.sphinx import SphinxAligner
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.model.loading import DEFAULT_FOLDER
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.audio import Audio, load_audio
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME

FOLDER = "speech"
"""Where in the folder of the data the readers are."""

LEFT_OUT = "left_out.tsv"
"""Beside a reader's clips: which recordings are not among them, and why."""

AlignText = Callable[[str, str, Audio], tuple[Phone, ...]]
"""Name of a recording, what is said in it, its sound -> phones that cover it."""

Times = Callable[["Reader", Path, Path, Progress], AlignText]
"""Reader, folder of the reader, folder of the corpus, progress -> what finds phones."""


@dataclass(frozen=True)
class Reader:
    """One person.

    Attributes:
        source: of the corpus.
        language: BCP 47 code.
        espeak: espeak-ng's name of the language.
        times: how the times of phones are found.
        trained_on: whether half of the sentences is for training.
    """

    source: Source
    language: str
    espeak: str
    times: Times
    trained_on: bool = True


def build(reader: Reader, data: Path, out: Path, progress: Progress = silent) -> None:
    """Write a reader's clips that the corpus ``out`` does not hold yet.

    A recording whose phones cannot be found is left out, and :data:`LEFT_OUT` says why.

    Args:
        reader: one of :data:`READERS`.
        data: folder of the training data, with ``speech``.
        out: folder of the corpus.
        progress: told after every clip.

    Raises:
        MMTalkerError: FILE_FORMAT when the recordings cannot be read; BAD_REQUEST when what finds the phones
            is not there.
    """
    name = reader.source.name
    folder = data / FOLDER / name
    gone = left_out(out, name)
    wanted = [row for row in recordings(folder) if row[0] not in gone and not has_clip(out, name, row[0])]
    if not wanted:
        return
    align = reader.times(reader, folder, out, span(progress, 0.0, 0.3))
    write = span(progress, 0.3, 1.0)
    for done, (recording, text) in enumerate(wanted):
        audio = load_audio(folder / "audio" / f"{recording}.ogg")
        try:
            phones = align(recording, text, audio)
        except MMTalkerError as error:
            if error.code is not ErrorCode.FILE_FORMAT:
                raise
            gone[recording] = error.message
            _write_left_out(out, name, gone)
        else:
            write_clip(out, describe(reader, recording, text, phones), audio.samples)
        write(f"{name}: {recording}", (done + 1) / len(wanted))


def describe(reader: Reader, recording: str, text: str, phones: tuple[Phone, ...]) -> Clip:
    """Return the corpus's description of a recording."""
    name = reader.source.name
    held_out = not reader.trained_on or not is_for_training(text)
    return Clip(name, recording, name, reader.language, text, phones, name if held_out else None)


def is_for_training(text: str) -> bool:
    """Say whether a sentence is one of the half to train on, whoever reads it."""
    letters = "".join(letter for letter in text.lower() if letter.isalnum())
    return zlib.crc32(letters.encode()) % 2 == 0


def recordings(folder: Path) -> list[tuple[str, str]]:
    """Return name and text of all recordings of a reader.

    Raises:
        MMTalkerError: FILE_FORMAT when the transcripts cannot be read.
    """
    path = folder / "transcripts.json"
    try:
        texts = json.loads(path.read_text(encoding="utf-8"))["transcripts"]
        return sorted((str(name), str(text)) for name, text in texts.items())
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} does not say what is read in each recording ({error})."
        ) from error


def left_out(out: Path, name: str) -> dict[str, str]:
    """Return the recordings that are not in the corpus, and why."""
    path = out / name / LEFT_OUT
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return dict(line.split("\t", 1) for line in lines)


def _write_left_out(out: Path, name: str, gone: dict[str, str]) -> None:
    with replacing(out / name / LEFT_OUT) as partial:
        partial.write_text("".join(f"{n}\t{why}\n" for n, why in gone.items()), encoding="utf-8")


def by_pocketsphinx(reader: Reader, folder: Path, out: Path, progress: Progress) -> AlignText:
    """Find phones of US English by PocketSphinx."""
    aligner = SphinxAligner()
    return lambda name, text, audio: aligner.align(text, audio.samples)


def by_own_aligner(reader: Reader, folder: Path, out: Path, progress: Progress) -> AlignText:
    """Find phones of any language by the recogniser that is trained on the corpus."""
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME)
    recogniser = corpus_recogniser(
        out, lambda audio, place: encoder.features(audio, first_position=place), progress=progress
    )
    aligner = Aligner(recogniser, encoder.features)
    return lambda name, text, audio: aligner.align(text, audio, reader.espeak)


def as_given(reader: Reader, folder: Path, out: Path, progress: Progress) -> AlignText:
    """Take the phones that come with the recordings."""
    given = dict(read_given(folder / "phones.jsonl"))

    def find(name: str, text: str, audio: Audio) -> tuple[Phone, ...]:
        phones = given.get(name, ())
        if not phones or any(phone.name == UNCLEAR for phone in phones):
            raise MMTalkerError(ErrorCode.FILE_FORMAT, "A part of what is said was not understood.")
        last = audio.seconds
        return cover([Phone(p.name, min(p.start, last), min(p.end, last)) for p in phones], last)

    return find


def read_given(path: Path) -> Iterator[tuple[str, tuple[Phone, ...]]]:
    """Yield name and phones of each recording; ``sil`` is a pause, ``spn`` what was not understood.

    Raises:
        MMTalkerError: FILE_FORMAT when the file cannot be read.
    """
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            said = [phone for word in row["words"] for phone in word["phones"]]
            yield str(row["id"]), tuple(_given(phone) for phone in said)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} does not give the phones of recordings ({error})."
        ) from error


def _given(row: dict[str, object]) -> Phone:
    name, start = str(row["phone"]).strip(STRESS), float(str(row["start"]))
    name = name.lower() if name.lower() in ("sil", UNCLEAR) else name
    # Times have two digits; the sum of two has more, and would leave gaps.
    return Phone(name, start, round(start + float(str(row["duration"])), 4))


READERS = (
    Reader(
        Source("kathleen", "Kathleen reading CMU Arctic's sentences, CC0 1.0", "unfilmed"),
        "en-US",
        "en-us",
        by_pocketsphinx,
        trained_on=False,
    ),
    Reader(Source("nathalie", "Nathalie reading, CC0 1.0", "unfilmed"), "nl-NL", "nl", as_given),
    Reader(Source("kerstin", "Kerstin reading, CC0 1.0", "unfilmed"), "de-DE", "de", by_own_aligner),
    Reader(Source("flemishguy", "Flemishguy reading, CC0 1.0", "unfilmed"), "nl-BE", "nl", by_own_aligner),
)
"""All readers; those whose phones are found by the recogniser come behind those who teach it."""
