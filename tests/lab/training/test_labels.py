"""Speech that nobody filmed gets the motion that film taught a network, lips shut where phones ask it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lab.corpus.clips import Clip
from lab.heads.training_heads import anny_head
from lab.phonetics.demands import MOUTH, gap_mm
from lab.phonetics.phone_speech import Phone
from lab.training.head_set import HeadTensors, head_tensors
from lab.training.labels import teacher
from mmtalker.mesh.canonical import load_canonical
from mmtalker.model.heads import Chart
from tests.test_pipeline import save_untrained

PHONES = (Phone("sil", 0.0, 0.4), Phone("a", 0.4, 0.8), Phone("m", 0.8, 1.0), Phone("a", 1.0, 1.4))


@pytest.fixture(scope="module")
def chart() -> Chart:
    canonical = load_canonical()
    return Chart(torch.from_numpy(canonical.uv[canonical.chart_triangles]))


@pytest.fixture(scope="module")
def head() -> HeadTensors:
    return head_tensors(anny_head(), load_canonical(), own=True)


def test_lips_meet_at_m_and_the_mouth_is_known(tmp_path: Path, chart: Chart, head: HeadTensors) -> None:
    label = teacher(save_untrained(tmp_path), chart, head)
    features = np.random.default_rng(0).standard_normal((70, 2, 512)).astype(np.float16)

    motion = label(Clip("voices", "one", "anna", "de", "ama", PHONES), features)

    gap = motion.curves @ gap_mm()
    assert motion.curves.shape == (70, 52) and motion.rate == 50.0
    assert np.array_equal(motion.known, MOUTH)
    assert gap[40:50].min() < 0.1 < 1.0 < gap[20:40].max()
