"""The outcome as tables to read and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.evaluation.table import NOTHING, markdown, number
from lab.shape_transfer.measure import MM, MOVED_METRES, Outcome
from lab.shape_transfer.systems import SYSTEMS
from mmtalker.motion.arkit import ARKIT_NAMES

MEASURED = (
    "Mean distance in mm between a shape that was carried over and the person's own, over the vertices of "
    "the visible skin (lips and lids, but not the pockets behind them) that some shape of that person moves "
    f"by more than {MOVED_METRES * MM:g} mm. Two artists made the two models: what a name means differs, and "
    "no system can come to nothing. In both models a shape is the same displacement for everyone (but for "
    "Anny's lids), whatever the size of the face, which is what copying displacements assumes. The baselines "
    "are told the person's landmarks and which skin is seen; ours are told nothing but the mesh."
)

MEAN = "mean of all shapes"


def render(outcomes: Sequence[Outcome], about: Mapping[str, object]) -> str:
    """Return the whole report."""
    blocks = ["# Shape keys for the other head model", _listing(about), MEASURED]
    for outcome in outcomes:
        blocks += [f"## {outcome.direction}", shape_table(outcome), person_table(outcome)]
        blocks += _refusals(outcome)
    systems = {name: SYSTEMS[name] for name in outcomes[0].errors}
    return "\n\n".join([*blocks, "## Systems", _listing(systems)]) + "\n"


def shape_table(outcome: Outcome) -> str:
    """Return a row for each shape and a column for each system that took some head, in mm."""
    means = {name: outcome.mean(name) for name in outcome.errors}
    columns = {name: mean for name, mean in means.items() if mean is not None}
    people = len(outcome.measured)
    taken = {name: sum(errors is not None for errors in outcome.errors[name]) for name in columns}
    heads = [name if taken[name] == people else f"{name} ({taken[name]} of {people})" for name in columns]
    rows = [["shape", *heads]]
    rows.append([MEAN, *(number(float(mean[outcome.shapes].mean())) for mean in columns.values())])
    for shape in np.flatnonzero(outcome.shapes):
        rows.append([ARKIT_NAMES[shape], *(number(float(mean[shape])) for mean in columns.values())])
    return markdown(rows)


def person_table(outcome: Outcome) -> str:
    """Return a row for each person, with the mean of all shapes in mm."""
    rows = [["person", "vertices measured", *outcome.errors]]
    for person, measured in enumerate(outcome.measured):
        found = (errors[person] for errors in outcome.errors.values())
        cells = (NOTHING if own is None else number(float(own[outcome.shapes].mean())) for own in found)
        rows.append([str(person), str(measured), *cells])
    return markdown(rows)


def to_json(outcomes: Sequence[Outcome], about: Mapping[str, object]) -> dict[str, Any]:
    """Return everything that was measured."""
    return {"about": dict(about), "measured": MEASURED, "directions": [_direction(own) for own in outcomes]}


def _direction(outcome: Outcome) -> dict[str, Any]:
    chosen = np.flatnonzero(outcome.shapes)
    return {
        "direction": outcome.direction,
        "shapes": [ARKIT_NAMES[shape] for shape in chosen],
        "vertices_measured": list(outcome.measured),
        "error_mm": {
            name: [None if own is None else own[chosen].round(5).tolist() for own in errors]
            for name, errors in outcome.errors.items()
        },
        "refused": {
            name: {str(person): reason for person, reason in said.items()}
            for name, said in outcome.refusals.items()
            if said
        },
    }


def _refusals(outcome: Outcome) -> list[str]:
    """Return a paragraph for each system that refused some head."""
    return [
        f"**{name} refused {len(said)} of {len(outcome.measured)} heads** (person "
        f"{', '.join(map(str, said))}), which its figures leave out: {' '.join(dict.fromkeys(said.values()))}"
        for name, said in outcome.refusals.items()
        if said
    ]


def _listing(values: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in values.items())
