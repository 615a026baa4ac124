"""Evaluation on a data set of moving vertices: its own splits and vertex lists, by the formulas of all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.metrics import check_motion, dynamics_deviation, mean_distance, vertex_error
from lab.evaluation.vertex_systems import VertexSystem, write_prediction
from lab.vertex_sets.store import VertexCorpus
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.progress import Progress, silent

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

MM_PER_CM = 10.0

FIGURES = {
    "lve": "LVE, mean over frames of the largest squared error of a lip vertex, mm²",
    "lve_root": "its root by frame, mm",
    "lve_set": "LVE in the set's own unit, squared",
    "eve": "E_ve, the same over the eye region, mm²",
    "eve_set": "E_ve in the set's own unit, squared",
    "fdd": "FDD over the upper face, truth minus prediction, signed, mean over sequences, mm²",
    "fdd_absolute": "mean absolute FDD, mm²",
    "fdd_set": "FDD in the set's own unit, squared",
    "mve": "MVE, mean distance over frames and vertices, mm",
}
"""What each figure is; a figure without its vertex list is left out."""


@dataclass
class _Errors:
    """Errors of one system, sequence after sequence."""

    lips: list[Float64] = field(default_factory=list)
    eyes: list[Float64] = field(default_factory=list)
    everywhere: list[Float64] = field(default_factory=list)
    deviation: list[float] = field(default_factory=list)


def vertex_evaluate(
    corpus: VertexCorpus,
    systems: Mapping[str, VertexSystem],
    sets: Sequence[str] | None = None,
    predictions: Path | None = None,
    progress: Progress = silent,
) -> dict[str, dict[str, dict[str, float]]]:
    """Return figures by test set, system and name of ``FIGURES``.

    Args:
        corpus: with the truth.
        systems: by name.
        sets: test sets; None for all.
        predictions: folder for the first system's predictions, by set; None for nowhere.
        progress: told about every clip.

    Raises:
        MMTalkerError: ``BAD_REQUEST`` for a set that the corpus does not have; ``INTERNAL`` for a prediction
            that is not finite or of the wrong shape.
    """
    offered = corpus.corpus.test_sets()
    if unknown := sorted(set(sets or ()) - set(offered)):
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"The corpus has no test set {unknown[0]!r}. It has {', '.join(sorted(offered))}.",
        )
    chosen = {name: offered[name] for name in (sets or sorted(offered))}
    total, done = sum(len(clips) for clips in chosen.values()), 0
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name, clips in chosen.items():
        errors = {system: _Errors() for system in systems}
        for clip in clips:
            truth = corpus.displacement(clip)
            for number, (system, predict) in enumerate(systems.items()):
                for made in predict(clip):
                    frames = min(len(made), len(truth))  # others' encoders give a frame more or less
                    checked = check_motion(
                        made[:frames], frames, corpus.vertex_count, f"{system} on {clip.name}"
                    )
                    _measure(corpus, truth[:frames] * MM_PER_CM, checked * MM_PER_CM, errors[system])
                    if number == 0 and predictions is not None:
                        write_prediction(corpus, clip, made, predictions / name)
            done += 1
            progress(name, done / total)
        figures[name] = {system: _figures(found, corpus.unit) for system, found in errors.items()}
    return figures


def _measure(corpus: VertexCorpus, truth: Float32, made: Float32, errors: _Errors) -> None:
    lists = corpus.lists
    if "lips" in lists:
        errors.lips.append(vertex_error(truth, made, lists["lips"]))
    if "eye_region" in lists:
        errors.eyes.append(vertex_error(truth, made, lists["eye_region"]))
    if "upper_face" in lists:
        errors.deviation.append(dynamics_deviation(truth, made, lists["upper_face"]))
    errors.everywhere.append(mean_distance(truth, made, np.arange(corpus.vertex_count)))


def _figures(errors: _Errors, unit: float) -> dict[str, float]:
    """Pool frames, or sequences for FDD."""
    own = 1e-6 / unit**2  # from mm² to the set's unit, squared
    figures: dict[str, float] = {}
    for name, parts in (("lve", errors.lips), ("eve", errors.eyes)):
        if parts:
            squared = np.concatenate(parts)
            figures[name] = float(squared.mean())
            figures[f"{name}_set"] = float(squared.mean()) * own
            if name == "lve":
                figures["lve_root"] = float(np.sqrt(squared).mean())
    if errors.deviation:
        figures["fdd"] = float(np.mean(errors.deviation))
        figures["fdd_absolute"] = float(np.abs(errors.deviation).mean())
        figures["fdd_set"] = figures["fdd"] * own
    figures["mve"] = float(np.concatenate(errors.everywhere).mean())
    return {name: figures[name] for name in FIGURES if name in figures}


def write_vertex_report(
    corpus: VertexCorpus, figures: Mapping[str, Mapping[str, Mapping[str, float]]], out: Path
) -> str:
    """Write ``report.json`` and ``report.md`` into ``out``; return the latter's text."""
    lists = {name: len(rows) for name, rows in corpus.lists.items()}
    facts = {
        "set": corpus.name,
        "unit_m": corpus.unit,
        "fps": corpus.fps,
        "lists": lists,
        "figures": figures,
    }
    with replacing(out / "report.json") as partial:
        partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    text = _table(corpus, figures)
    with replacing(out / "report.md") as partial:
        partial.write_text(text, encoding="utf-8")
    return text


def _table(corpus: VertexCorpus, figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    there = [n for n in FIGURES if any(n in row for systems in figures.values() for row in systems.values())]
    listed = ", ".join(f"{name} {len(rows)}" for name, rows in corpus.lists.items()) or "none"
    lines = [
        f"# {corpus.name}",
        "",
        f"{corpus.fps:g} frames a second; one unit of the set is {corpus.unit:g} m. Vertex lists: {listed}.",
        "",
        "| set | system | " + " | ".join(there) + " |",
        "|---" * (len(there) + 2) + "|",
    ]
    for name, systems in figures.items():
        for system, row in systems.items():
            cells = " | ".join(f"{row[n]:.4g}" if n in row else "" for n in there)
            lines.append(f"| {name} | {system} | {cells} |")
    lines += ["", *(f"- `{name}`: {FIGURES[name]}" for name in there), ""]
    return "\n".join(lines)
