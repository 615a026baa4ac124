"""Several systems side by side, as Markdown that reads as plain text too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.evaluation.figures import FIGURES, Better, Figure, Variant
from lab.evaluation.report import TRUTH, Report, SetReport
from lab.evaluation.score import Figures

NOTHING = "–"

HEADLINES = ("lve_mm", "eve_mm", "gap_correlation", "closure_recall", "closure_precision", "silence_ratio")
"""Figures of which each has a table of its own at the top: sets by systems."""

BY_LANGUAGE = ("closures", "closure_recall", "closure_precision", "bite_nearer", "silence_ratio", "lve_mm")
"""Figures that are shown for every language of a set."""

FINISHED_MARK = "*"
"""After the title of a figure that is read on finished curves."""


def render(report: Report) -> str:
    """Return the whole report: what it was made with, headlines, every set, checks, what the figures mean."""
    blocks = ["# Evaluation", _about(report)]
    blocks += [
        f"## {figure.title}\n\n{headline_table(report, figure)}"
        for figure in FIGURES
        if figure.name in HEADLINES
    ]
    blocks += [_set_block(found) for found in report.sets]
    blocks += [_check_block(name, rows) for name, rows in report.checks.items()]
    blocks.append(_meanings())
    return "\n\n".join(blocks) + "\n"


def headline_table(report: Report, figure: Figure) -> str:
    """One figure: a row for each set, a column for each system, the best one marked."""
    merged = [merge_variants(found.figures) for found in report.sets]
    systems = list(dict.fromkeys(name for figures in merged for name in figures))
    systems.sort(key=lambda name: name != TRUTH)
    rows = []
    for found, figures in zip(report.sets, merged, strict=True):
        values = [figures.get(system, {}).get(figure.name) for system in systems]
        if any(value is not None for value in values):
            rows.append([found.title, *_cells(values, systems, figure)])
    if not rows:
        return "No set has it."
    return markdown([["set", *systems], *rows])


def set_table(figures: Mapping[str, Figures]) -> str:
    """All figures of one set: a row for each, a column for each system, the best one marked."""
    merged = merge_variants(figures)
    systems = list(merged)
    rows = [["figure", "unit", "better", *systems]]
    for figure in FIGURES:
        values = [merged[system].get(figure.name) for system in systems]
        if all(value is None for value in values):
            continue
        mark = FINISHED_MARK if figure.variant is Variant.FINISHED else ""
        title = f"{figure.title}{mark}"
        rows.append([title, figure.unit, figure.better.value, *_cells(values, systems, figure)])
    return markdown(rows)


def language_table(languages: Mapping[str, Mapping[str, Figures]]) -> str:
    """The figures of contact of one set: a row for each language and system."""
    chosen = [figure for figure in FIGURES if figure.name in BY_LANGUAGE]
    rows = [["language", "system", *(figure.title for figure in chosen)]]
    for language, figures in languages.items():
        for system, own in merge_variants(figures).items():
            rows.append([language, system, *(number(own.get(figure.name)) for figure in chosen)])
    return markdown(rows)


def merge_variants(figures: Mapping[str, Figures]) -> dict[str, Figures]:
    """Join ``NAME raw`` and ``NAME finished`` into ``NAME``, each figure from the variant it is read on."""
    merged: dict[str, Figures] = {}
    for system, own in figures.items():
        name, _, variant = system.rpartition(" ")
        if variant not in set(Variant) or not name:
            merged[system] = dict(own)
            continue
        other = Variant.FINISHED if variant == Variant.RAW else Variant.RAW
        alone = f"{name} {other}" not in figures
        chosen = {
            figure.name: own[figure.name]
            for figure in FIGURES
            if figure.name in own and (alone or figure.variant == variant)
        }
        merged.setdefault(name, {}).update(chosen)
    return merged


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out as a table, the first being its head; all but the first column to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    ruler = "|" + "|".join(
        "-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)
    )
    return "\n".join([lines[0], ruler + "|", *lines[1:]])


def number(value: float | None) -> str:
    """Write a figure with four significant digits."""
    if value is None:
        return NOTHING
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}"
    return f"{value:.3e}"


def _cells(values: Sequence[float | None], systems: Sequence[str], figure: Figure) -> list[str]:
    """Write the values, the best of the systems, which the truth is not, in bold."""
    rivals = [
        abs(value) if figure.better is Better.LESS else -value
        for value, system in zip(values, systems, strict=True)
        if value is not None and system != TRUTH
    ]
    best = min(rivals) if len(rivals) > 1 and figure.better is not Better.TRUTH else None
    cells = []
    for value, system in zip(values, systems, strict=True):
        own = None if value is None else abs(value) if figure.better is Better.LESS else -value
        bold = best is not None and own == best and system != TRUTH
        cells.append(f"**{number(value)}**" if bold else number(value))
    return cells


def _about(report: Report) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in report.about.items())


def _set_block(found: SetReport) -> str:
    compared = ", ".join(found.compared) or "nothing"
    head = (
        f"## {found.title}\n\n{found.clips} clips, {found.minutes:.1f} minutes. Truth: {found.truth}; "
        f"compared: {compared}."
    )
    parts = [head, set_table(found.figures)]
    if found.languages:
        parts.append(language_table(found.languages))
    return "\n\n".join(parts)


def _check_block(name: str, rows: Sequence[Mapping[str, object]]) -> str:
    """One check, whose rows have the same fields."""
    if not rows:
        return f"## {name}\n\nNot measured."
    cells = [[_cell(value) for value in row.values()] for row in rows]
    return f"## {name}\n\n{markdown([list(rows[0]), *cells])}"


def _cell(value: object) -> str:
    return number(value) if isinstance(value, float) or value is None else str(value)


def _meanings() -> str:
    rows = [["figure", "over", "meaning"]]
    rows += [[figure.title, figure.points or NOTHING, figure.meaning or NOTHING] for figure in FIGURES]
    return (
        f"## What the figures mean\n\n{FINISHED_MARK} read on finished curves (rest in silence, blinks), all "
        f"others on what the network says. Bold: the best system. Points are on the face that the set's "
        f"title names.\n\n{markdown(rows)}"
    )
