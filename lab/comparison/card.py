"""``python -m lab card``: write the tables of docs/model-card.md from what measured them.

Each report fills the tables that it knows of; a report that is not given leaves its tables as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.circumstances import ROOT
from lab.comparison.ablations import ABLATIONS
from lab.documents import write_blocks
from lab.evaluation.channels import CHANNELS
from lab.evaluation.figures import FIGURE, Variant
from lab.evaluation.table import markdown
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.model.loading import CONFIG_NAME, DEFAULT_FOLDER

CARD = ROOT / "docs" / "model-card.md"

Json = Mapping[str, Any]

PEOPLE, TAKE = "grid-people on canonical", "facegood-take on canonical"
"""Test sets of people who were left out, and of the speaker whose last take was."""

OURS = "MMTalker"

DIGITS = {
    "gap_correlation": 3, "gap_correlation_speech": 3, "width_correlation": 3, "jaw_correlation": 3,
    "gap_deviation_ratio": 2, "closed_together": 2, "closure_recall": 2, "closure_precision": 2,
    "bite_nearer": 2, "lag_ms": 0, "lve_mm": 2, "eve_mm": 2, "fdd_share": 2, "long_pause_ratio": 3,
    "blink_rate": 0, "blink_ms": 0,
}  # fmt: skip
"""Figures of the card in their order, and how many digits after the point are more than chance."""

FOLLOWING = (
    "gap_correlation", "gap_correlation_speech", "width_correlation", "jaw_correlation",
    "gap_deviation_ratio", "closed_together", "closure_recall", "closure_precision", "bite_nearer",
    "lag_ms", "lve_mm", "eve_mm",
)  # fmt: skip
"""How curves follow a film; read on what each system says before finishing."""

OTHERWISE = (
    "gap_correlation", "width_correlation", "jaw_correlation", "gap_deviation_ratio", "closure_recall",
    "closure_precision", "bite_nearer", "long_pause_ratio", "fdd_share", "blink_rate", "blink_ms",
)  # fmt: skip

PARTS = ("gap_correlation", "width_correlation", "jaw_correlation", "closure_recall", "lve_mm")

SETS = {
    "grid-clips": "GRID s1", "kokoro-voices": "Kokoro voices", "kokoro-texts": "Kokoro sentences",
    "kathleen": "Kathleen", "nathalie": "Nathalie", "kerstin": "Kerstin", "flemishguy": "Flemishguy",
}  # fmt: skip
"""Test sets of the shipped weights, and what a reader calls them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and write; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab card", description=__doc__)
    add = parser.add_argument
    add("--comparison", type=Path, metavar="FILE", help="comparison.json of weights without the test people")
    add("--evaluation", type=Path, metavar="FILE", help="evaluation.json of the shipped weights")
    add("--ablations", type=Path, metavar="FILE", help="ablations.json on the test people")
    add("--weights", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="whose styles are told")
    add("--card", type=Path, default=CARD, metavar="FILE", help="document to write into")
    options = parser.parse_args(arguments)
    try:
        blocks = {"styles": styles(read(options.weights / CONFIG_NAME))}
        if options.comparison:
            report = read(options.comparison)
            blocks |= {"people": compared(report, PEOPLE), "take": compared(report, TAKE)}
        if options.evaluation:
            report = read(options.evaluation)
            blocks |= {"otherwise": otherwise(report), "languages": languages(report)}
            blocks |= {"channels": channels(report)} if report["checks"].get(CHANNELS) else {}
        if options.ablations:
            blocks["parts"] = parts(read(options.ablations))
        write_blocks(options.card, blocks)
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Wrote {', '.join(blocks)} of {options.card}.")
    return 0


def read(path: Path) -> Json:
    """Read a report.

    Raises:
        MMTalkerError: FILE_FORMAT for an unreadable file.
    """
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MMTalkerError(ErrorCode.FILE_FORMAT, f"{path} cannot be read: {error}.") from error
    return found


def source(report: Json) -> str:
    """Return the line below a table: what measured it, on which commit and device."""
    about = report["about"]
    parts_of_line = [about.get("command"), about.get("device"), _commit(about), about.get("date", "")[:10]]
    return (
        "\n*"
        + "; ".join(f"`{part}`" if part == parts_of_line[0] else part for part in parts_of_line if part)
        + "*"
    )


def _commit(about: Json) -> str:
    weights = about.get("weights")
    said = f"commit {(about.get('commit') or 'unknown')[:10]}"
    return f"{said}, weights {weights[:10]}" if weights else said


def compared(report: Json, title: str) -> str:
    """Figures of one set: a column for each system, ours first."""
    systems = report["sets"][title]["systems"]
    rivals = [name for name in systems if name != "truth" and not name.startswith(OURS)]
    rows = [["figure", "ours", *rivals]]
    for name in FOLLOWING:
        row = [systems[f"{OURS} {Variant.RAW}"], *(systems[rival] for rival in rivals)]
        rows += _row(name, [figures.get(name) for figures in row])
    return markdown(rows) + "\n" + source(report)


def otherwise(report: Json) -> str:
    """Figures of the shipped weights: a column for each set."""
    found = [(report["sets"][f"{name} on canonical"], title) for name, title in SETS.items()]
    rows = [["figure", *(title for _, title in found)]]
    for name in OTHERWISE:
        rows += _row(name, [_ours(of["systems"], name) for of, _ in found])
    return markdown(rows) + "\n" + source(report)


def languages(report: Json) -> str:
    """Closures of the voices that were kept apart: a row for each language."""
    rows = [["language", "phones", "recall", "precision"]]
    for language, systems in sorted(report["sets"]["kokoro-voices on canonical"]["languages"].items()):
        cells = [_ours(systems, name) for name in ("closures", "closure_recall", "closure_precision")]
        rows.append(
            [language, *(_number(value, digits) for value, digits in zip(cells, (0, 2, 2), strict=True))]
        )
    return markdown(rows) + "\n" + source(report)


def channels(report: Json) -> str:
    """How far each channel of the mouth moves beside a phone's capture."""
    rows = [["channel", "over the phone's", "beside jawOpen"]]
    rows += [
        [row["channel"], _number(row["over"], 2), _number(row["beside_jaw"], 2)]
        for row in report["checks"][CHANNELS]
    ]
    return markdown(rows) + "\n" + source(report)


def styles(config: Json) -> str:
    """What each named style does, as training measured it."""
    rows = [["style", "lip gap, 95th percentile, mm", "width, deviation, mm", "rounding", "smile"]]
    for name, of in config["about"]["styles"].items():
        values = (of["openness_mm"], of["width_mm"], of["rounding"], of["smile"])
        rows.append(
            [name, *(_number(value, digits) for value, digits in zip(values, (1, 2, 2, 3), strict=True))]
        )
    return markdown(rows)


def parts(report: Json) -> str:
    """Each variant on the people who were left out: mean over seeds, and half of their range."""
    systems = report["sets"][PEOPLE]["systems"]
    rows = [["variant", *(FIGURE[name].title for name in PARTS)]]
    for variant, ablation in ABLATIONS.items():
        seeds = [figures for name, figures in systems.items() if name.rpartition(" seed ")[0] == variant]
        if seeds:
            rows.append([ablation.meaning, *_spread(seeds)])
    return markdown(rows) + "\n" + source(report)


def _spread(seeds: Sequence[Json]) -> Iterator[str]:
    for name in PARTS:
        values = [figures[name] for figures in seeds]
        half = (max(values) - min(values)) / 2.0
        mean = _number(sum(values) / len(values), DIGITS[name])
        yield f"{mean} ± {half:.{DIGITS[name]}f}" if len(values) > 1 else mean


def _row(name: str, values: Sequence[float | None]) -> list[list[str]]:
    """Return one row of a table; none where no system has the figure."""
    if all(value is None for value in values):
        return []
    figure = FIGURE[name]
    title = f"{figure.title}, {figure.unit}" if figure.unit else figure.title
    return [[title, *(_number(value, DIGITS[name]) for value in values)]]


def _ours(systems: Json, name: str) -> float | None:
    """Return a figure of the one network of an evaluation, from the variant that it is read on."""
    end = f" {FIGURE[name].variant}"
    found: float | None = next((of.get(name) for title, of in systems.items() if title.endswith(end)), None)
    return found


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
