"""All outcomes as tables to read and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from lab.evaluation.table import markdown, number
from lab.mapping_test.heads import KINDS, PARTS, POSES
from lab.mapping_test.measure import Outcome

Float64 = NDArray[np.float64]

MEASURED = (
    "Error: distance of a landmark from the true one, in % of the true distance between the eyes' outer "
    "corners. The true one is the point of the person's own surface, before it was remeshed, whose place in "
    "the chart is the canonical landmark's. Median and 95th percentile are over all landmarks of all mapped "
    "heads together; least is how far remeshing took the surface from the true point, which no mapping can "
    "make good. Folded: triangles of a head, on average, with all corners in the chart that are turned "
    "over or have no area there; skin below the neck, all squeezed onto the chart's border, is left out. "
    "Visible: all corners are skin outside of mouth and eye sockets. Confidence and seconds are medians."
)

AIM_MEDIAN, AIM_HIGH = 2.0, 6.0
"""Error in % that the median and the 95th percentile shall not exceed."""

HIGH = 0.95
WORST = 0.1
"""Share of the heads with the least confidence, which are set beside all others."""

SIZES = (2_000, 6_000, 20_000, 60_000, 200_000)
"""Borders between rows of the table by triangles."""

TITLES = (
    "all",
    *KINDS,
    *(f"{low:,} to {high:,} triangles" for low, high in pairwise(SIZES)),
    *(f"pose: {pose}" for pose in POSES),
    *(f"without {part}" for part in PARTS),
)
"""Rows of the table of groups."""

COLUMNS = (
    "heads",
    "mapped",
    "median %",
    "95th %",
    "least 95th %",
    "confidence",
    "folded, visible",
    "folded",
    "seconds",
)


def render(outcomes: Sequence[Outcome], about: Mapping[str, object]) -> str:
    """Return the whole report."""
    blocks = ["# Mapping heads that nothing was trained on", _listing(about), MEASURED]
    blocks += [*_findings(outcomes), "## Kinds of head", group_table(outcomes)]
    blocks += ["## Confidence", _ranking(outcomes), "## Landmarks", landmark_table(outcomes)]
    return "\n\n".join([*blocks, *_refusals(outcomes)]) + "\n"


def all_errors(outcomes: Sequence[Outcome]) -> Float64:
    """(N,) % of every landmark of every mapped head."""
    return np.array([error for outcome in outcomes for error in outcome.errors.values()])


def summary(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """Return the figures of some heads together; None where no head was mapped."""
    mapped = [outcome for outcome in outcomes if outcome.mapped]
    found: dict[str, float | int | None] = {"heads": len(outcomes), "mapped": len(mapped)}
    if not mapped:
        return found | dict.fromkeys(COLUMNS[2:])
    errors = all_errors(mapped)
    folds = [outcome.folds for outcome in mapped if outcome.folds]
    return found | {
        "median %": float(np.median(errors)),
        "95th %": float(np.quantile(errors, HIGH)),
        "least 95th %": float(np.quantile([away for one in mapped for away in one.least.values()], HIGH)),
        "confidence": float(np.median([outcome.confidence for outcome in mapped])),
        "folded, visible": float(np.mean([fold.visible_turned for fold in folds])),
        "folded": float(np.mean([fold.turned for fold in folds])),
        "seconds": float(np.median([outcome.seconds for outcome in mapped])),
    }


def ranking(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Say whether confidence ranks the bad ones last; empty with fewer than three mapped heads.

    Spearman's rank correlation of confidence with the mean error of a head, and errors of the tenth of the
    heads with the least confidence beside those of all others.
    """
    mapped = sorted((outcome for outcome in outcomes if outcome.mapped), key=lambda one: one.confidence)
    if len(mapped) < 3:
        return {}
    count = max(1, round(WORST * len(mapped)))
    found = {
        "rank correlation": float(
            spearmanr([one.confidence for one in mapped], [one.mean_error for one in mapped])[0]
        )
    }
    for name, some in (("least sure", mapped[:count]), ("others", mapped[count:])):
        errors = all_errors(some)
        found |= {
            f"{name}, heads": len(some),
            f"{name}, median %": float(np.median(errors)),
            f"{name}, 95th %": float(np.quantile(errors, HIGH)),
        }
    return found


def group_table(outcomes: Sequence[Outcome]) -> str:
    """A row for all heads, and for those of each kind, size, pose and set of parts."""
    rows = [["", *COLUMNS]]
    for title in TITLES:
        some = [outcome for outcome in outcomes if title in _groups(outcome)]
        if some:
            rows.append([title, *(number(value) for value in summary(some).values())])
    return markdown(rows)


def landmark_table(outcomes: Sequence[Outcome]) -> str:
    """A row for each landmark, in % , the worst one first."""
    mapped = [outcome for outcome in outcomes if outcome.mapped]
    names = list(mapped[0].errors) if mapped else []
    errors = {name: np.array([outcome.errors[name] for outcome in mapped]) for name in names}
    rows = [["landmark", "median", "95th", "largest", "of head"]]
    for name in sorted(names, key=lambda name: -float(np.median(errors[name]))):
        own, worst = errors[name], int(np.argmax(errors[name]))
        figures = (float(np.median(own)), float(np.quantile(own, HIGH)), float(own[worst]))
        rows.append([name, *(number(figure) for figure in figures), str(mapped[worst].number)])
    return markdown(rows)


def to_json(outcomes: Sequence[Outcome], about: Mapping[str, object]) -> dict[str, Any]:
    """Return everything that was measured."""
    return {
        "about": dict(about),
        "measured": MEASURED,
        "summary": summary(outcomes),
        "confidence": ranking(outcomes),
        "heads": [asdict(outcome) for outcome in outcomes],
    }


def _groups(outcome: Outcome) -> list[str]:
    """Titles of the rows that a head counts for."""
    rank = int(np.clip(np.searchsorted(SIZES, outcome.triangles, "right") - 1, 0, len(SIZES) - 2))
    return [
        "all",
        outcome.kind,
        f"{SIZES[rank]:,} to {SIZES[rank + 1]:,} triangles",
        f"pose: {outcome.pose}",
        *(f"without {part}" for part in PARTS if part not in outcome.parts),
    ]


def _findings(outcomes: Sequence[Outcome]) -> list[str]:
    """The figures that were aimed at, beside their aims."""
    all_of_them = summary(outcomes)
    mapped = [outcome for outcome in outcomes if outcome.mapped]
    whole = sum(outcome.folds.turned == 0 for outcome in mapped if outcome.folds)
    seen = sum(outcome.folds.visible_turned == 0 for outcome in mapped if outcome.folds)
    order = ranking(outcomes).get("rank correlation")
    rows = [
        ["", "found", "aim"],
        ["mapped", f"{len(mapped)} of {len(outcomes)}", "all"],
        ["landmark error, median", number(all_of_them["median %"]) + " %", f"{AIM_MEDIAN:g} %"],
        ["landmark error, 95th percentile", number(all_of_them["95th %"]) + " %", f"{AIM_HIGH:g} %"],
        ["heads without a fold in visible skin", f"{seen} of {len(mapped)}", "all"],
        ["heads without any fold in the chart", f"{whole} of {len(mapped)}", "all"],
        ["mouths taken for one surface", str(sum(outcome.fused for outcome in mapped)), "0"],
        ["rank correlation of confidence with error", number(order), "-1"],
    ]
    return [markdown(rows)]


def _ranking(outcomes: Sequence[Outcome]) -> str:
    found = ranking(outcomes)
    if not found:
        return "Too few heads were mapped to say."
    rows = [["heads by confidence", "heads", "median %", "95th %"]]
    for name, title in (("least sure", f"the {WORST:.0%} least sure"), ("others", "all others")):
        rows.append([title, *(number(found[f"{name}, {what}"]) for what in ("heads", "median %", "95th %"))])
    return (
        "Rank correlation (Spearman) of a head's confidence with the mean error of its landmarks: "
        f"{number(found['rank correlation'])}.\n\n{markdown(rows)}"
    )


def _refusals(outcomes: Sequence[Outcome]) -> list[str]:
    lines = [
        f"- head {one.number} ({one.kind}, {one.triangles:,} triangles): {one.refusal or one.fault}"
        for one in outcomes
        if not one.mapped
    ]
    return ["## Not mapped", "\n".join(lines)] if lines else []


def _listing(values: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in values.items())
