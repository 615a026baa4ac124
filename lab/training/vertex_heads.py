"""The heads of a vertex corpus as the network reads them: its own chart, and a surface for each person."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lab.vertex_sets.store import VertexCorpus
from mmtalker.model.heads import Chart, HeadSurface


def corpus_chart(corpus: VertexCorpus, device: torch.device) -> Chart:
    """Return the chart of the corpus' own topology."""
    return Chart(torch.from_numpy(corpus.uv[corpus.chart_triangles]).to(device))


def relative_area(chart: Chart) -> Tensor:
    """(C,) area beside the mean one: that of a dense topology's triangles is too small for float16."""
    return chart.area / chart.area.mean()


def subject_surface(corpus: VertexCorpus, subject: str) -> HeadSurface:
    """Return a subject's resting face as the network reads it."""
    everywhere = np.ones(corpus.vertex_count, dtype=bool)
    return HeadSurface.build(corpus.template(subject), corpus.chart_triangles, corpus.uv, everywhere)
