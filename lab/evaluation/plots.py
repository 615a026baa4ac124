"""Pictures of an evaluation: lip gaps and errors of a few clips, and bars of lip closure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lab.evaluation.report import TRUTH, Report, SetReport
from lab.evaluation.table import merge_variants
from mmtalker.io.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 110

SECONDS_SHOWN = 6.0
"""Of each clip: more would not be readable."""


def draw_report(report: Report, folder: Path) -> list[Path] | None:
    """Write one picture for each set and one of all closures.

    Returns:
        The pictures, or None where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # not everywhere where a model is trained
    except ImportError:
        return None
    pictures = []
    for found in report.sets:
        if found.examples:
            name = found.title.replace(" ", "-")
            pictures.append(_save(_clips(Figure, found), folder / f"{name}.png"))
    if any(_closures(found) for found in report.sets):
        pictures.append(_save(_closure_bars(Figure, report), folder / "closures.png"))
    return pictures


def _clips(figure_class: type[Figure], found: SetReport) -> Figure:
    """Lip gap over time, p b m shaded, and below it the largest error over the lips."""
    with_errors = any(example.errors for example in found.examples)
    rows = 2 if with_errors else 1
    figure = figure_class(figsize=(5.5 * len(found.examples), 3.2 * rows), layout="constrained")
    axes = figure.subplots(rows, len(found.examples), squeeze=False, sharex="col")
    for column, example in enumerate(found.examples):
        shown = example.times < SECONDS_SHOWN
        top = axes[0, column]
        top.set_title(f"{found.title}: {example.clip}", fontsize="medium")
        top.set_ylabel("lip gap, mm")
        for start, stop in example.closures:
            if start < SECONDS_SHOWN:
                top.axvspan(start, min(stop, SECONDS_SHOWN), color="0.85", linewidth=0)
        for system, gap in example.gaps.items():
            style = {"color": "black", "linewidth": 1.6} if system == TRUTH else {"linewidth": 1.0}
            top.plot(example.times[shown], gap[shown], label=system, **style)
        if with_errors:
            below = axes[1, column]
            below.set_ylabel("largest lip error, mm")
            for system, error in example.errors.items():
                below.plot(example.times[shown], error[shown], linewidth=1.0, label=system)
        axes[-1, column].set_xlabel("s")
    axes[0, 0].legend(fontsize="small")
    return figure


def _closure_bars(figure_class: type[Figure], report: Report) -> Figure:
    """Recall and precision of closures by set and system."""
    sets = [found for found in report.sets if _closures(found)]
    figure = figure_class(figsize=(2.5 + 2.5 * len(sets), 5.5), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    systems = list(dict.fromkeys(name for found in sets for name in merge_variants(found.figures)))
    width = 0.8 / len(systems)
    for axis, name in zip(axes, ("closure_recall", "closure_precision"), strict=True):
        axis.set_ylabel(name.replace("_", " "))
        axis.set_ylim(0.0, 1.0)
        for number, system in enumerate(systems):
            values = [merge_variants(found.figures).get(system, {}).get(name) for found in sets]
            places = [place + (number + 0.5) * width - 0.4 for place in range(len(sets))]
            axis.bar(places, [value or 0.0 for value in values], width, label=system)
    axes[-1].set_xticks(range(len(sets)), [found.title.replace(" on ", "\non ") for found in sets])
    axes[0].legend(fontsize="small")
    return figure


def _closures(found: SetReport) -> float:
    return max((figures.get("closures") or 0.0 for figures in found.figures.values()), default=0.0)


def _save(figure: Figure, path: Path) -> Path:
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=DOTS_PER_INCH)
    return path
