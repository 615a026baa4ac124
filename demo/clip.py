"""Reads the shipped speech clip: its sound, its words, and which phone sounds when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

ASSETS = Path(__file__).parent / "assets"
SILENCE = "sil"
CLOSED = frozenset("pbm")
"""Phones during which the lips touch."""


@dataclass(frozen=True)
class Phone:
    """One speech sound, in IPA, from ``start`` to ``end`` seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Clip:
    """A recording and what is said in it.

    Attributes:
        path: the sound file.
        samples: (N,) mono, -1..1.
        rate: samples per second.
        text: the words.
        phones: they follow one another and cover the whole clip.
    """

    path: Path
    samples: NDArray[np.float32]
    rate: int
    text: str
    phones: tuple[Phone, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def phone_at(self, seconds: float) -> str:
        """What sounds at a moment; silence outside the clip."""
        return next((p.name for p in self.phones if p.start <= seconds < p.end), SILENCE)


def load_clip(description: Path = ASSETS / "speech.json") -> Clip:
    """Read a clip by the json that ``python -m lab demo-clip`` put beside it."""
    facts = json.loads(description.read_text(encoding="utf-8"))
    path = description.parent / facts["file"]
    samples, rate = soundfile.read(path, dtype="float32")
    phones = tuple(Phone(row["phone"], row["start"], row["end"]) for row in facts["phones"])
    return Clip(path, samples, rate, facts["text"], phones)
