"""What a case is, on what it runs, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks import material
from benchmarks.timing import Plan, Timing
from mmtalker.pipeline import Talker

FPS = 30.0


@dataclass(frozen=True)
class Case:
    """What to measure.

    Attributes:
        kind: a key of ``KINDS``.
        name: the row's name.
        seconds: of audio, where the kind uses some.
        head: ``canonical`` or ``ict``.
        vertices: of a copy of the head; 0 takes the head itself, which has to be recognised.
        threads: of torch; 0 takes the machine's setting.
    """

    kind: str
    name: str
    seconds: float = 0.0
    head: str = "canonical"
    vertices: int = 0
    threads: int = 0


@dataclass(frozen=True)
class Machine:
    """On what a run measures; the same for all its cases.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda``.
        dtype: of the speech encoder: ``float32``, ``bfloat16`` or ``auto``.
        threads: of torch, or 0 for as many as it takes by itself.
        weights: folder of the model, None for the shipped one.
    """

    device: str = "auto"
    dtype: str = "float32"
    threads: int = 0
    weights: str | None = None

    def use(self) -> None:
        """Set this process up."""
        if self.threads:
            torch.set_num_threads(self.threads)

    def talker(self, dtype: str | None = None) -> Talker:
        folder = None if self.weights is None else Path(self.weights)
        return Talker(device=self.device, weights=folder, dtype=dtype or self.dtype)


@dataclass(frozen=True)
class Setting:
    """Where and how to measure.

    Attributes:
        machine: what runs it.
        plan: repetitions.
        folder: for files, emptied afterwards.
    """

    machine: Machine
    plan: Plan
    folder: Path

    def speech(self, seconds: float) -> Path:
        path = self.folder / "speech.flac"
        material.write_speech(seconds, path)
        return path


@dataclass(frozen=True)
class Measured:
    """What a case gives.

    Attributes:
        stages: seconds by stage.
        peak_memory_mb: where it is not that of the measuring process itself.
        figures: what else was found.
    """

    stages: dict[str, Timing]
    peak_memory_mb: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
