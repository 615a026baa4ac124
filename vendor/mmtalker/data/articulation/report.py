"""How well a model of articulation repeats people whom it did not see: held-out clips, and whole speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from mmtalker.data.articulation.demands import gap_mm
from mmtalker.data.articulation.model import ArticulationModel, Example
from mmtalker.data.phone_speech import Phone
from mmtalker.data.phonology import INDEX
from mmtalker.mesh.canonical import load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]

CLOSED_SHARE = 0.15
"""Lips count as closed below this part of the gap's 95th percentile: film blurs a closure of 60 ms."""

MATCH_FRAMES = 3
"""Frames at 50 Hz within which two closures are one."""


@dataclass(frozen=True)
class HeldOut:
    """A filmed recording that was not learned from, with its phones if they are known."""

    example: Example
    phones: tuple[Phone, ...] = ()


@dataclass(frozen=True)
class Fit:
    """Figures over all frames of some recordings; gap and width of the mouth on the canonical head.

    Attributes:
        gap_correlation, gap_error_mm: of the lip gap.
        width_correlation, width_error_mm: of the mouth's width.
        jaw_correlation: of jawOpen.
        closure_recall, closure_precision: of the filmed closures within speech, how many the model has; and
            of the model's, how many were filmed.
    """

    gap_correlation: float
    gap_error_mm: float
    width_correlation: float
    width_error_mm: float
    jaw_correlation: float
    closure_recall: float
    closure_precision: float

    def __str__(self) -> str:
        return ", ".join(f"{f.name.replace('_', ' ')} {getattr(self, f.name):.3f}" for f in fields(self))


def width_mm() -> Float64:
    """(52,) what each shape adds to the distance of the canonical head's mouth corners, mm."""
    head = load_canonical()
    left, right = head.landmarks["mouth_left"], head.landmarks["mouth_right"]
    width: Float64 = 1000.0 * (head.shapes[:, left, 0] - head.shapes[:, right, 0]).astype(np.float64)
    return width


def compare(model: ArticulationModel, clips: Sequence[HeldOut], style: str | None) -> Fit:
    """Compare what a model makes of recordings with their films."""
    made = [model.curves(clip.example.features, style, clip.phones, clip.example.effort) for clip in clips]
    truth = [clip.example.curves for clip in clips]
    speech = [clip.example.features[:, INDEX["silence"]] < 0.5 for clip in clips]
    gaps = [[curves @ gap_mm() for curves in some] for some in (made, truth)]
    found, filmed = (_closures(some, speech) for some in gaps)
    gap, true_gap = (np.concatenate(some) for some in gaps)
    width, true_width = (np.concatenate(some) @ width_mm() for some in (made, truth))
    jaw, true_jaw = (
        np.concatenate(some)[:, ARKIT_INDEX["jawOpen"]].astype(np.float64) for some in (made, truth)
    )
    return Fit(
        gap_correlation=_correlation(gap, true_gap),
        gap_error_mm=float(np.abs(gap - true_gap).mean()),
        width_correlation=_correlation(width, true_width),
        width_error_mm=float(np.abs(width - true_width).mean()),
        jaw_correlation=_correlation(jaw, true_jaw),
        closure_recall=_matched(filmed, found),
        closure_precision=_matched(found, filmed),
    )


def report(model: ArticulationModel, held_out: dict[str, list[HeldOut]]) -> list[str]:
    """Return a line for each held-out speaker and way: own style, everybody's, and without that speaker."""
    lines = []
    for speaker, clips in sorted(held_out.items()):
        others = {name: style for name, style in model.styles.items() if name != speaker}
        if speaker in model.styles:
            lines.append(f"{speaker}, own style: {compare(model, clips, speaker)}")
        if speaker in model.styles and others:
            lines.append(f"{speaker}, common style: {compare(model, clips, None)}")
        if others:
            unseen = compare(ArticulationModel(others), clips, None)
            lines.append(f"{speaker}, fitted on {', '.join(sorted(others))} only: {unseen}")
    return lines


def _correlation(a: Float64, b: Float64) -> float:
    if a.std() == 0.0 or b.std() == 0.0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _closures(gaps: Sequence[Float64], speech: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Return which frames of each recording have closed lips within speech."""
    shut = CLOSED_SHARE * float(np.percentile(np.concatenate(gaps), 95))
    return [(gap < shut) & spoken for gap, spoken in zip(gaps, speech, strict=True)]


def _matched(wanted: Sequence[NDArray[np.bool_]], found: Sequence[NDArray[np.bool_]]) -> float:
    """Return the part of the stretches of ``wanted`` near which ``found`` has one; 1 where there are none."""
    hits = total = 0
    near = np.ones(2 * MATCH_FRAMES + 1, dtype=bool)
    for stretches, others in zip(wanted, found, strict=True):
        numbered, count = label(stretches)
        hits += len(np.setdiff1d(numbered[binary_dilation(others, near)], [0]))
        total += int(count)
    return hits / total if total else 1.0
