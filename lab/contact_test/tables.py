"""The outcome as tables to read and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lab.contact_test.lips import BETWEEN, INNER, MIDDLE, ZONE_M, Meeting
from lab.contact_test.measure import Outcome
from lab.evaluation.contact import EDGE
from lab.evaluation.face import MM
from lab.evaluation.table import markdown

TOUCHING_MM = 0.3
"""Lips that are nearer touch."""

CROSSING_MM = 0.2
"""Lips that are deeper inside each other cross."""

MEASURED = (
    f"At every p, b and m, its times widened by {EDGE:g} s: points all over both lips' triangles (skin up to "
    f"{ZONE_M * MM:g} mm from where lips meet, outside and inside) against the other lip's triangles, on "
    f"heads of human size. Lips have met where they come nearer than {TOUCHING_MM:g} mm anywhere in the "
    f"middle {MIDDLE:.0%} of the mouth in some frame. Crossing is the deepest that a point of one lip is "
    f"inside the other in any of the frames, within {BETWEEN:.0%} of the mouth's width. Which lip a vertex "
    "is of is known, and not found by what is measured."
)


def render(outcomes: Sequence[Outcome], about: Mapping[str, object]) -> str:
    """Return the whole report."""
    listing = "\n".join(f"- {name}: {value}" for name, value in about.items())
    return "\n\n".join(["# Lips that meet", listing, MEASURED, summary(outcomes), by_head(outcomes)]) + "\n"


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return what all heads together give."""
    rows = [["", "without the detail modes", "with them"]]
    both = [[one for meetings in side for one in meetings] for side in _sides(outcomes)]
    rows.append(["closures met", *(f"{share_met(side):.1%}" for side in both)])
    widths = {f"within {BETWEEN:.0%}": _crossing, f"within {INNER:.0%}": _inner_crossing}
    for width, depth_of in widths.items():
        depths = [np.array([depth_of(one) for one in side]) for side in both]
        rows.append([f"closures that cross, {width}", *(f"{(d > CROSSING_MM).mean():.1%}" for d in depths)])
        for name, part in (("95th percentile", 95.0), ("largest", 100.0)):
            rows.append([f"mm, {name}", *(f"{np.percentile(d, part):.2f}" for d in depths)])
    return markdown(rows)


def by_head(outcomes: Sequence[Outcome]) -> str:
    """Return a row for each head."""
    rows = [["head", "taken for", "apart at rest", "crossing at rest"]]
    rows[0] += ["met without", "crossing without", "met with", "crossing with", "well inside"]
    for one in outcomes:
        cells = [one.name, one.topology, f"{one.rest.apart:.2f}", f"{one.rest.crossing:.2f}"]
        for side in (one.without, one.with_modes):
            met = sum(meeting.apart <= TOUCHING_MM for meeting in side)
            cells += [f"{met} of {len(side)}", f"{max(meeting.crossing for meeting in side):.2f}"]
        cells.append(f"{max(meeting.inner_crossing for meeting in one.with_modes):.2f}")
        rows.append(cells)
    return markdown(rows)


def share_met(meetings: Sequence[Meeting]) -> float:
    """Return the share of closures at which lips touch."""
    return float(np.mean([one.apart <= TOUCHING_MM for one in meetings]))


def _crossing(one: Meeting) -> float:
    return one.crossing


def _inner_crossing(one: Meeting) -> float:
    return one.inner_crossing


def to_json(outcomes: Sequence[Outcome], about: Mapping[str, object]) -> dict[str, Any]:
    """Return everything that was measured."""
    return {"about": dict(about), "measured": MEASURED, "heads": [asdict(one) for one in outcomes]}


def _sides(outcomes: Sequence[Outcome]) -> tuple[list[Sequence[Meeting]], list[Sequence[Meeting]]]:
    return [one.without for one in outcomes], [one.with_modes for one in outcomes]
