"""How a face moves in speech that nobody filmed: as a network says that film taught, lips shut at p b m."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lab.corpus.clips import Clip, Motion
from lab.phonetics.demands import MOUTH, lay_demands
from lab.training.head_set import HeadTensors
from lab.training.utterances import Label
from mmtalker.model.heads import Chart, sample_for_inference
from mmtalker.model.inference import fuse
from mmtalker.model.loading import load_model
from mmtalker.speech.features import FEATURE_RATE


def teacher(folder: Path, chart: Chart, head: HeadTensors) -> Label:
    """Return what labels speech by the network in ``folder`` and by what articulation demands of every mouth.

    Args:
        folder: of weights.
        chart: of the canonical head.
        head: that speaks.

    Raises:
        MMTalkerError: WEIGHTS_MISSING.
    """
    network = load_model(folder, chart.corners.device).network
    with torch.inference_mode():
        sampled = sample_for_inference(network, chart, head.surface)
        shapes = network.shapes(sampled, sampled.uv, sampled.static[:, :6]).cpu().numpy()

    def label(clip: Clip, features: NDArray[np.float16]) -> Motion:
        said = np.clip(fuse(network, sampled, shapes, features), 0.0, 1.0)
        return Motion(lay_demands(said, clip.phones), FEATURE_RATE, MOUTH)

    return label
