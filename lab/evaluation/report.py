"""What an evaluation found, as data: figures by set and system, and a few clips to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.figures import FIGURES
from lab.evaluation.score import Figures

Float64 = NDArray[np.float64]

TRUTH = "truth"
"""Name under which the truth's own figures stand beside those of the systems."""

DIGITS = 5


@dataclass(frozen=True, eq=False)
class Example:
    """One clip to look at.

    Attributes:
        clip: its name.
        times: (T,) seconds.
        closures: (start, end) seconds of p, b and m.
        gaps: (T,) lip gap in mm by system, the truth's among them where it is known.
        errors: (T,) largest error over the lips in mm by system; empty where the truth is unknown.
    """

    clip: str
    times: Float64
    closures: tuple[tuple[float, float], ...]
    gaps: Mapping[str, Float64]
    errors: Mapping[str, Float64]


@dataclass(frozen=True, eq=False)
class SetReport:
    """One test set.

    Attributes:
        name: of the set.
        face: the head whose motion was measured.
        clips: how many were measured.
        minutes: of speech.
        truth: ``filmed``, or ``unknown`` where there is no motion to compare with.
        compared: lists of points whose true motion is known.
        figures: by system.
        languages: figures by language and system, where the set has several languages.
        examples: clips to look at.
    """

    name: str
    face: str
    clips: int
    minutes: float
    truth: str
    compared: tuple[str, ...]
    figures: Mapping[str, Figures]
    languages: Mapping[str, Mapping[str, Figures]]
    examples: tuple[Example, ...]

    @property
    def title(self) -> str:
        """Set and face."""
        return f"{self.name} on {self.face}"

    def to_json(self) -> dict[str, Any]:
        return {
            "set": self.name,
            "face": self.face,
            "clips": self.clips,
            "minutes": round(self.minutes, 2),
            "truth": self.truth,
            "compared": list(self.compared),
            "systems": {name: _rounded(figures) for name, figures in self.figures.items()},
            "languages": {
                language: {name: _rounded(figures) for name, figures in systems.items()}
                for language, systems in self.languages.items()
            },
        }


@dataclass(frozen=True)
class Report:
    """An evaluation.

    Attributes:
        about: commit, device, weights and the like, as far as known.
        sets: test sets in the order of their names.
        checks: rows of further figures by the title of the check.
    """

    about: Mapping[str, Any]
    sets: tuple[SetReport, ...]
    checks: Mapping[str, Sequence[Mapping[str, str | float | None]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Everything but the clips to look at, with what each figure means."""
        meanings = {figure.name: asdict(figure) for figure in FIGURES}
        return {
            "about": dict(self.about),
            "figures": meanings,
            "sets": {found.title: found.to_json() for found in self.sets},
            "checks": {name: [_rounded(row) for row in rows] for name, rows in self.checks.items()},
        }

    def dumps(self) -> str:
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep five significant digits of floats: what is beyond is noise and makes files differ."""
    return {
        name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
        for name, value in values.items()
    }
