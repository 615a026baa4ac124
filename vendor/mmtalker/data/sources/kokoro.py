"""Synthetic speech as a source of the corpus: 54 voices, nine languages and more, phones exactly timed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmtalker.data.corpus import Clip, Source, has_clip, write_clip
from mmtalker.data.kokoro import Breath, Speaker, open_kokoro, record
from mmtalker.data.kokoro_phones import KOKORO_RATE
from mmtalker.data.sources.kokoro_plan import ROUNDS, Line, plan, read_texts
from mmtalker.progress import Progress, silent
from mmtalker.speech.audio import SAMPLE_RATE
from mmtalker.speech.resample import resample_blocks

SOURCE = Source(
    name="kokoro",
    licence="made with Kokoro-82M v1.0 by hexgrad, Apache-2.0; texts CC0",
    motion="articulated",
)


def build(
    data: Path,
    out: Path,
    progress: Progress = silent,
    rounds: int = ROUNDS,
    opened: Callable[[Path], Speaker] = open_kokoro,
) -> None:
    """Record the clips that the corpus ``out`` does not hold yet.

    Args:
        data: folder with Kokoro's voices, and its network unless that is installed.
        out: folder of the corpus.
        progress: told after every clip.
        rounds: texts that each training voice says.
        opened: gives the speaker.

    Raises:
        MMTalkerError: FILE_FORMAT when a part of Kokoro is missing.
    """
    speaker = opened(data)
    lines = plan(speaker.voices, read_texts(), rounds)
    for done, line in enumerate(lines):
        if not has_clip(out, SOURCE.name, line.name):
            record_line(out, line, speaker)
        progress(f"{SOURCE.name}: {line.name}", (done + 1) / len(lines))


def record_line(out: Path, line: Line, speaker: Speaker) -> None:
    """Record a clip and write it."""
    breaths = [Breath(line.text.letters, line.speed)]
    sound, phones = record(speaker, line.voice, breaths, line.text.language, line.edges)
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
