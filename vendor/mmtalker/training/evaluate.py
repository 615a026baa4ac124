"""How good a network is on held-out sentences and on its heads' shape keys."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mmtalker.model.heads import Chart, sample_for_inference
from mmtalker.model.inference import fuse
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.training.head_set import HeadTensors
from mmtalker.training.utterances import Utterance

Float32 = NDArray[np.float32]

MARGIN = 10
"""Frames at a clip's ends that have no context and are not counted."""


@torch.inference_mode()
def evaluate(
    network: MMTalkerNetwork, chart: Chart, heads: list[HeadTensors], utterances: list[Utterance]
) -> dict[str, float]:
    """Return figures by name.

    ``lip_gap_correlation`` and ``lip_gap_error_mm`` compare the middle lip gap of the true and the predicted
    curves on the first head over all utterances; ``shape_error_mm`` is the mean distance of a moving
    point's shape-key displacement from the truth, by head.
    """
    figures: dict[str, float] = {}
    for head in heads[:2]:
        sampled = sample_for_inference(network, chart, head.surface)
        shapes = network.shapes(
            sampled, head.places.uv.to(chart.corners), head.places.point.to(chart.corners)
        )
        error = (shapes.cpu() - head.places.shapes).norm(dim=-1)
        moving = head.places.shapes.norm(dim=-1) > 0.02
        figures[f"shape_error_mm_{head.name}"] = round(10.0 * float(error[moving].mean()), 4)
    head = heads[0]
    sampled = sample_for_inference(network, chart, head.surface)
    sample_shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()
    gap_of = head.middle_gap()
    true_gap, gap = [], []
    for utterance in utterances:
        curves = fuse(network, sampled, sample_shapes, utterance.features)
        true_gap.append((utterance.target @ gap_of)[MARGIN:-MARGIN])
        gap.append((np.clip(curves, 0.0, 1.0) @ gap_of)[MARGIN:-MARGIN])
    truth, made = np.concatenate(true_gap), np.concatenate(gap)
    figures["lip_gap_correlation"] = round(float(np.corrcoef(truth, made)[0, 1]), 4)
    figures["lip_gap_error_mm"] = round(10.0 * float(np.abs(truth - made).mean()), 4)
    closed = truth < np.percentile(truth, 10)
    figures["gap_where_closed_mm"] = round(10.0 * float(made[closed].mean()), 4)
    figures["true_gap_where_closed_mm"] = round(10.0 * float(truth[closed].mean()), 4)
    return figures
