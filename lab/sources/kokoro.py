"""Synthetic speech as a source of the corpus: 54 voices, nine languages and more, phones exactly timed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path

import numpy as np

from lab.corpus.clips import Clip, Source, has_clip, write_clip
from lab.phonetics.kokoro_phones import KOKORO_RATE, Sound
from lab.phonetics.phone_speech import Phone
from lab.sources.kokoro_plan import ROUNDS, Line, plan, read_texts
from lab.sources.kokoro_voices import Breath, Speaker, open_kokoro, record
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE
from mmtalker.speech.resample import resample_blocks

SOURCE = Source(
    name="kokoro",
    licence="made with Kokoro-82M v1.0 by hexgrad, Apache-2.0; texts CC0",
    motion="unfilmed",
)

LOOK_EVERY_SECONDS = 1.0
"""How often clips of other processes are counted."""


def build(
    voices: Path,
    out: Path,
    progress: Progress = silent,
    jobs: int = 1,
    rounds: int = ROUNDS,
    opened: Callable[[Path], Speaker] = open_kokoro,
) -> None:
    """Record the clips that the corpus ``out`` does not hold yet.

    Args:
        voices: folder with Kokoro's voices, and its network unless that is installed.
        out: folder of the corpus.
        progress: told after every clip.
        jobs: processes that record, each on one core.
        rounds: texts that each training voice says.
        opened: gives the speaker.

    Raises:
        MMTalkerError: BAD_REQUEST when a part of Kokoro is missing.
    """
    speaker = opened(voices)
    lines = plan(speaker.voices, read_texts(), rounds)
    missing = [line for line in lines if not has_clip(out, SOURCE.name, line.name)]
    present = len(lines) - len(missing)

    def tell(recorded: int) -> None:
        progress(
            f"{SOURCE.name}: {present + recorded} of {len(lines)} clips", (present + recorded) / len(lines)
        )

    if jobs == 1:
        for number, line in enumerate(missing, start=1):
            record_line(out, line, speaker)
            tell(number)
        return
    shares = [missing[first::jobs] for first in range(jobs)]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        pending = {pool.submit(record_share, opened, voices, out, share) for share in shares}
        while pending:
            finished, pending = wait(pending, timeout=LOOK_EVERY_SECONDS)
            tell(sum(has_clip(out, SOURCE.name, line.name) for line in missing))
            for share in finished:
                share.result()


def record_share(opened: Callable[[Path], Speaker], voices: Path, out: Path, lines: Sequence[Line]) -> None:
    """Record some clips with a speaker of its own, in a process of its own."""
    speaker = opened(voices)
    for line in lines:
        record_line(out, line, speaker)


def record_line(out: Path, line: Line, speaker: Speaker) -> None:
    """Record a clip and write it."""
    sound, phones = recorded(line, speaker)
    clip = Clip(
        source=SOURCE.name,
        name=line.name,
        speaker=line.voice,
        language=line.text.language,
        text=line.text.text,
        phones=phones,
        test_set=line.test_set,
    )
    blocks = resample_blocks([sound.astype(np.float32)], KOKORO_RATE, SAMPLE_RATE)
    write_clip(out, clip, np.concatenate(list(blocks)))


def recorded(line: Line, speaker: Speaker) -> tuple[Sound, tuple[Phone, ...]]:
    """Return the sound (N,) of a clip at 24 kHz and its phones."""
    breath = Breath(line.text.letters, line.speed)
    return record(speaker, line.voice, [breath], line.text.language, line.edges)
