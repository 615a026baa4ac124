"""A speaker for tests: every letter of a voice is a tone as long as the predictor says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from lab.phonetics.kokoro_phones import FRAME, KOKORO_RATE, LEAD, PAUSES, Frames, Sound
from lab.sources.kokoro_plan import Text, read_texts

LETTER_FRAMES = 3
EDGE_FRAMES = 8
VOICES = (
    "af_heart", "af_sky", "am_adam", "am_michael", "bf_emma", "bm_lewis", "ef_dora", "em_alex", "ff_siwis",
    "hf_alpha", "hm_psi", "if_sara", "im_nicola", "jf_alpha", "jm_kumo", "pf_dora", "pm_alex", "zf_xiaoxiao",
    "zm_yunxi",
)  # fmt: skip


class FakeSpeaker:
    """Says a tone for each letter and nothing for marks of punctuation, ahead of the frames as Kokoro is."""

    voices = VOICES

    def __init__(self, stop_after: int | None = None) -> None:
        self.said: list[tuple[str, str, float]] = []
        self.stop_after = stop_after

    def say(self, letters: str, voice: str, speed: float) -> tuple[Sound, Frames]:
        if len(self.said) == self.stop_after:
            raise KeyboardInterrupt
        self.said.append((letters, voice, speed))
        count = max(1, round(LETTER_FRAMES / speed))
        frames = np.array([EDGE_FRAMES, *[count] * len(letters), EDGE_FRAMES])
        silent = np.repeat([True, *[letter in PAUSES for letter in letters], True], frames * FRAME)
        heard = np.roll(~silent, -round(LEAD * FRAME))
        pitch = 100.0 + 10.0 * VOICES.index(voice)
        return heard * np.sin(2 * np.pi * pitch * np.arange(heard.size) / KOKORO_RATE) * 0.5, frames


def open_fake(folder: Path) -> FakeSpeaker:
    """Stand in for :func:`lab.sources.kokoro_voices.open_kokoro`."""
    return FakeSpeaker()


TONE = (0.5 * np.sin(np.arange(8000) / 20)).astype(np.float32)
"""Half a second of sound, 16 kHz."""


def few_texts() -> tuple[Text, ...]:
    """One test text and three others of each language, all cut short, so that a build is quick."""
    kept: Counter[tuple[str, bool]] = Counter()
    texts = []
    for text in read_texts():
        kept[text.language, text.test] += 1
        if kept[text.language, text.test] <= (1 if text.test else 3):
            texts.append(replace(text, letters=text.letters[:12].strip()))
    return tuple(texts)
