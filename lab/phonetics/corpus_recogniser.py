"""The phone recogniser that a corpus teaches, kept in its folder: for recordings that nobody aligned."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.corpus.clips import Clip, read_clips
from lab.phonetics.phone_recogniser import Encoded, PhoneRecogniser, load_recogniser, save_recogniser
from lab.phonetics.phone_training import Example, RecogniserConfig, train_recogniser
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.audio import Audio, load_audio
from mmtalker.speech.features import WINDOW_FRAMES, frame_count

Encode = Callable[[Audio, int], Encoded]
"""Speech and its place in the encoder's window -> (T, L, D) layers."""

RECOGNISER_FILE = "phone_recogniser.safetensors"
"""Where in a corpus folder the recogniser lies that was trained on it."""

TEACHERS = ("kokoro", "nathalie")
"""Sources of the corpus whose phone times are known and not found by the recogniser itself."""

LEAST_MINUTES = 2.0
"""Less speech than this teaches nothing."""

MOST_MINUTES = 24.0
"""More of one source would take longer to encode and not be learned in so few steps."""


def corpus_recogniser(
    corpus: Path, encode: Encode, config: RecogniserConfig | None = None, progress: Progress = silent
) -> PhoneRecogniser:
    """Return the recogniser of a corpus, which is trained where there is none for what the corpus now holds.

    Args:
        corpus: its folder, with clips of :data:`TEACHERS`.
        encode: encodes their recordings.
        config: of the training.
        progress: told how far it is.

    Raises:
        MMTalkerError: BAD_REQUEST when the corpus holds too little speech with known phones.
    """
    path = corpus / RECOGNISER_FILE
    config = config or RecogniserConfig()
    clips = [clip for source in TEACHERS for clip in teaching_clips(corpus, source)]
    taught_by = hashlib.sha256(repr((config, clips)).encode()).hexdigest()
    if not path.exists() or load_recogniser(path).taught_by != taught_by:
        _refuse_too_few(corpus, clips)
        examples = teaching_examples(corpus, clips, encode, span(progress, 0.0, 0.7))
        made = train_recogniser(examples, config, span(progress, 0.7, 1.0))
        made.taught_by = taught_by
        save_recogniser(made, path)
    return load_recogniser(path)  # as stored, so that the first use is like every later one


def _refuse_too_few(corpus: Path, clips: Sequence[Clip]) -> None:
    minutes = sum(clip.phones[-1].end for clip in clips) / 60.0
    if minutes < LEAST_MINUTES:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"To recognise phones, recordings with known phone times are needed, and {corpus} holds "
            f"{minutes:.1f} minutes of them. Build the source {TEACHERS[0]!r} or {TEACHERS[1]!r} first.",
        )


def teaching_examples(
    corpus: Path, clips: Sequence[Clip], encode: Encode, progress: Progress = silent
) -> list[Example]:
    """Encode clips with known phones, each at another place in the window: its states tell where they are."""
    examples = []
    for done, clip in enumerate(clips):
        audio = load_audio(corpus / clip.source / f"{clip.name}.flac")
        room = max(0, WINDOW_FRAMES - frame_count(audio))
        place = zlib.crc32(clip.name.encode()) % (room + 1)
        examples.append(Example(encode(audio, place), clip.phones))
        progress("speech with known phones", (done + 1) / len(clips))
    return examples


def teaching_clips(corpus: Path, source: str) -> list[Clip]:
    """Return training clips of a source, speakers taking turns, until they are long enough."""
    turns: dict[str, list[Clip]] = {}
    for clip in read_clips(corpus, source):
        if clip.test_set is None and clip.phones:
            turns.setdefault(clip.speaker, []).append(clip)
    chosen: list[Clip] = []
    seconds = 0.0
    for turn in range(max(map(len, turns.values()), default=0)):
        for clips in turns.values():
            if turn < len(clips) and seconds < 60.0 * MOST_MINUTES:
                chosen.append(clips[turn])
                seconds += clips[turn].phones[-1].end
    return chosen
