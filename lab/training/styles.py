"""Named styles: what filmed people do who open the mouth more, are wider, rounder, or smile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lab.phonetics.demands import MOUTH
from lab.training.head_set import HeadTensors
from lab.training.losses import across, facing_gap
from lab.training.utterances import Utterance
from mmtalker.model.heads import Chart, sample_for_inference
from mmtalker.model.inference import fuse
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import FactorisedRegression
from mmtalker.motion.arkit import ARKIT_NAMES
from mmtalker.motion.styles import DEFAULT_STYLE

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

STYLES = (DEFAULT_STYLE, "open", "wide", "rounded", "smiling")
"""The default, and one style for each of :data:`MEASURES`."""

MEASURES = ("openness_mm", "width_mm", "rounding", "smile")
"""95th percentile of the lip gap; deviation of the mouth's width; 95th percentile of mouthFunnel and
mouthPucker together; mean of mouthSmile."""

WIDE, ROUND, SMILE = (
    ("mouthStretch", "mouthDimple", "mouthSmile"),
    ("mouthFunnel", "mouthPucker"),
    ("mouthSmile",),
)
"""How the names of the channels begin that a style scales; what is left of jaw and mouth opens."""

CLIPS = 24
"""Recordings with which the network's styles are measured."""

ENOUGH = 3
"""Recordings of a person from which they are measured: fewer say what was said and not who."""


def measure_styles(
    network: MMTalkerNetwork,
    chart: Chart,
    head: HeadTensors,
    sets: Mapping[str, Sequence[Utterance]],
) -> dict[str, dict[str, float]]:
    """Set the network's named styles, and return what each measures on the same recordings.

    A style is one standard deviation of the filmed people off the default: in how much of its channels they
    use, and in the direction of the learned vectors of those who use more.

    Args:
        network: trained, in evaluation mode.
        chart: of the canonical head.
        head: that speaks.
        sets: utterances by source.
    """
    if not isinstance(network.regression, FactorisedRegression):
        return {}
    measure = _measure(head)
    known = [utterance for found in sets.values() for utterance in found if utterance.filmed]
    people = [who for who in network.config.people if sum(u.speaker == who for u in known) >= ENOUGH]
    if len(people) < 2:
        return {}
    table = np.array(
        [measure(np.concatenate([u.target for u in known if u.speaker == who])) for who in people]
    )
    style, order = network.style, [network.config.people.index(who) for who in people]
    with torch.no_grad():
        off = style.people[order] - style.default()
        usual = off.norm(dim=1).mean()
        for number, values in enumerate(table.T, start=1):
            score = torch.from_numpy((values - values.mean()) / max(float(values.std()), 1e-9)).to(off)
            way = score @ off
            style.named[number] = usual * way / way.norm().clamp_min(1e-9)
        spread = np.log(np.maximum(table, 1e-6)).std(axis=0)
        for number, columns, by in ((1, _opening(), 0), (2, _named(WIDE), 1), (3, _named(ROUND), 2)):
            style.gain[number, columns] = float(spread[by])
        style.offset[4, _named(SMILE)] = float(np.ptp(table[:, 3]))
    say = _saying(network, chart, head, known[:: max(1, len(known) // CLIPS)][:CLIPS])
    return {
        name: dict(zip(MEASURES, np.round(measure(say(number)), 3).tolist(), strict=True))
        for number, name in enumerate(STYLES)
    }


def _measure(head: HeadTensors) -> Callable[[Float32], Float64]:
    """Return what takes :data:`MEASURES` of (T, 52) curves."""
    gap = 10.0 * facing_gap(head.lips.shapes)[:, len(head.lip_rest) // 2].numpy()
    width = 10.0 * across(head.lips.shapes).numpy()
    rounding, smile = _named(ROUND), _named(SMILE)

    def measure(curves: Float32) -> Float64:
        rounded = curves[:, rounding].sum(axis=1)
        opened = np.percentile(curves @ gap, 95.0)
        return np.array(
            [opened, (curves @ width).std(), np.percentile(rounded, 95.0), curves[:, smile].mean()]
        )

    return measure


@torch.inference_mode()
def _saying(
    network: MMTalkerNetwork, chart: Chart, head: HeadTensors, clips: Sequence[Utterance]
) -> Callable[[int], Float32]:
    """Return what says ``clips`` in a named style: its number -> (T, 52) curves."""
    sampled = sample_for_inference(network, chart, head.surface)
    shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()

    @torch.inference_mode()
    def say(number: int) -> Float32:
        vector = network.style.asked(number, 1.0)
        made = [fuse(network, sampled, shapes, clip.features, style=vector) for clip in clips]
        curves = network.style.shade(number, 1.0, torch.from_numpy(np.concatenate(made)).to(vector))
        said: Float32 = curves.clamp(0.0, 1.0).cpu().numpy()
        return said

    return say


def _named(beginnings: tuple[str, ...]) -> list[int]:
    return [column for column, name in enumerate(ARKIT_NAMES) if name.startswith(beginnings)]


def _opening() -> list[int]:
    other = {*_named(WIDE), *_named(ROUND)}
    return [column for column in np.flatnonzero(MOUTH).tolist() if column not in other]
