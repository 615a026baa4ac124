"""How well fitted curves repeat the filmed face: `python -m lab fit-report --data DIR`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.fitting.contour_fit import from_clip_level, lid_motion
from lab.fitting.face_mesh import CORNERS
from lab.fitting.motion_fit import FittedMotion, fit_motion
from lab.heads.ict import load_ict
from lab.sources.grid_files import load_grid

Float64 = NDArray[np.float64]

MEASURES: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    "lip gap": ((61, 62, 63), (67, 66, 65), 1),
    "mouth width": ((CORNERS[1],), (CORNERS[0],), 0),
    "outer lip height": ((51,), (57,), 1),
    "chin height": ((8,), (), 1),
}
"""Landmarks added, landmarks taken off, and the axis: 0 to the subject's left, 1 up."""

BROWS = {"inner brows": (20, 21, 22, 23), "outer brows": (17, 18, 25, 26)}


@dataclass(frozen=True)
class Agreement:
    """One measure on one head beside the tracked one, over all frames.

    Attributes:
        correlation: of the two.
        slope: of the regression of the head's on the tracked one.
        error: mean absolute difference, each counted from its mean.
        deviation: standard deviation of the tracked one, in the same unit.
    """

    correlation: float
    slope: float
    error: float
    deviation: float


def compare(fitted: FittedMotion) -> dict[str, dict[str, Agreement]]:
    """Return the agreements by head and measure: mm for lips and brows, shares of an open eye for lids."""
    activations = fitted.activations[fitted.tracked.valid].astype(np.float64)
    tracked = dict(_measures(lambda landmark, axis: fitted.tracked.landmarks[:, landmark, axis]))
    for name, landmarks in BROWS.items():
        height = 10.0 * fitted.tracked.landmarks[:, landmarks, 1].mean(axis=1)
        tracked[name] = from_clip_level(height, fitted.tracked, 50.0)
    tracked["lids"] = lid_motion(fitted.tracked)[0].mean(axis=1)
    agreements: dict[str, dict[str, Agreement]] = {}
    for head in fitted.heads:
        shapes = head.shapes
        driven = dict(_measures(lambda landmark, axis: activations @ shapes[:, landmark, axis]))  # noqa: B023
        for name, landmarks in BROWS.items():
            driven[name] = 10.0 * (activations @ shapes[:, landmarks, 1]).mean(axis=1)
        driven["lids"] = (activations @ head.lids).mean(axis=1)
        agreements[head.name] = {name: agreement(tracked[name], driven[name]) for name in tracked}
    return agreements


def _measures(place: Callable[[int, int], Float64]) -> Iterator[tuple[str, Float64]]:
    for name, (plus, minus, axis) in MEASURES.items():
        added = np.mean([place(landmark, axis) for landmark in plus], axis=0)
        taken = np.mean([place(landmark, axis) for landmark in minus], axis=0) if minus else 0.0
        yield name, 10.0 * (added - taken)


def agreement(tracked: Float64, driven: Float64) -> Agreement:
    """Compare two (M,) series."""
    slope = float(np.polyfit(tracked, driven, 1)[0])
    difference = (driven - driven.mean()) - (tracked - tracked.mean())
    return Agreement(
        float(np.corrcoef(tracked, driven)[0, 1]),
        slope,
        float(np.abs(difference).mean()),
        float(tracked.std()),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit all of GRID and print the table."""
    parser = argparse.ArgumentParser(prog="python -m lab fit-report", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training data")
    data = parser.parse_args(arguments).data
    fitted = fit_motion(load_grid(data / "grid_s1"), load_ict(data))
    print(f"identity: landmarks at rest within {10 * fitted.person.error:.2f} mm (root mean square)")
    print(f"{'head':10s} {'measure':17s} {'r':>6s} {'slope':>6s} {'error':>7s} {'deviation':>9s}")
    for head, rows in compare(fitted).items():
        for name, row in rows.items():
            print(
                f"{head:10s} {name:17s} {row.correlation:6.3f} {row.slope:6.2f} {row.error:7.3f} "
                f"{row.deviation:9.3f}"
            )
    return 0
