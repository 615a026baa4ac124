"""Named styles: in which direction of people's styles a mouth opens more, is wider, rounder, or smiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtalker.model.heads import Chart, sample_for_inference
from mmtalker.model.inference import fuse
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import FactorisedRegression
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.motion.styles import DEFAULT_STYLE
from mmtalker.training.head_set import HeadTensors
from mmtalker.training.losses import across, facing_gap
from mmtalker.training.utterances import Utterance

Float64 = NDArray[np.float64]

MEASURES = ("openness", "width", "rounding", "smile")
"""95th percentile of the lip gap, mm; mean width over that at rest, mm; 95th percentile of mouthFunnel and
mouthPucker together; mean of mouthSmile."""

STYLES = (DEFAULT_STYLE, "open", "wide", "rounded", "smiling")
"""The default, and one style for each of :data:`MEASURES`."""

CLIPS = 24
"""Recordings with which styles are measured."""


def measure_styles(
    network: MMTalkerNetwork,
    chart: Chart,
    head: HeadTensors,
    sets: Mapping[str, Sequence[Utterance]],
) -> dict[str, dict[str, float]]:
    """Set the network's named styles, and return what each style measures.

    A style goes off the default where people do whose measure is above the mean, as far as people lie off it
    on the average.

    Args:
        network: trained, in evaluation mode.
        chart: of the canonical head.
        head: that speaks.
        sets: utterances by source; some of the people's own are used.
    """
    if not isinstance(network.regression, FactorisedRegression):
        return {}
    measure = _measuring(network, chart, head, _clips(sets, network.config.people))
    with torch.no_grad():
        own = network.style.people
        rows = np.array([list(measure(style[None]).values()) for style in own])
        scores = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9)
        off = own - network.style.default()
        usual = off.norm(dim=1).mean()
        for number, score in enumerate(scores.T, start=1):
            way = torch.from_numpy(score).to(off) @ off
            network.style.named[number] = usual * way / way.norm().clamp_min(1e-9)
        return {name: measure(network.style.asked(i, 1.0)) for i, name in enumerate(STYLES)}


def _clips(sets: Mapping[str, Sequence[Utterance]], people: Sequence[str]) -> list[Utterance]:
    filmed = [u for found in sets.values() for u in found if u.speaker in people]
    return filmed[:: max(1, len(filmed) // CLIPS)][:CLIPS]


@torch.inference_mode()
def _measuring(
    network: MMTalkerNetwork, chart: Chart, head: HeadTensors, clips: Sequence[Utterance]
) -> Callable[[Tensor], dict[str, float]]:
    """Return what measures a (1, width) style."""
    sampled = sample_for_inference(network, chart, head.surface)
    shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()
    gap = 10.0 * facing_gap(head.lips.shapes)[:, len(head.lip_rest) // 2].numpy()
    width = 10.0 * across(head.lips.shapes).numpy()
    rounding = [ARKIT_INDEX[name] for name in ("mouthFunnel", "mouthPucker")]
    smile = [ARKIT_INDEX[f"mouthSmile{side}"] for side in ("Left", "Right")]

    def measure(style: Tensor) -> dict[str, float]:
        made = [fuse(network, sampled, shapes, clip.features, style=style) for clip in clips]
        curves = np.clip(np.concatenate(made), 0.0, 1.0)
        values = (
            np.percentile(curves @ gap, 95.0),
            (curves @ width).mean(),
            np.percentile(curves[:, rounding].sum(axis=1), 95.0),
            curves[:, smile].mean(),
        )
        return {name: round(float(value), 3) for name, value in zip(MEASURES, values, strict=True)}

    return measure
