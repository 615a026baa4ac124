"""GRID's phones: inside the words that the corpus knows, closures where the filmed lips meet."""

from pathlib import Path

import numpy as np
import pytest

from lab.phonetics.grid_phones import grid_phones
from lab.phonetics.sphinx import SphinxAligner
from lab.sources.grid_files import GRID_FPS, load_grid
from mmtalker.speech.audio import load_audio

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")


def test_phones_lie_inside_their_words_and_closures_where_lips_meet(data_folder: Path) -> None:
    grid = load_grid(data_folder / "grid_s1")
    upper, lower = (grid.landmarks[:, grid.column(point)] for point in (13, 14))
    aligner = SphinxAligner()
    heights = []
    for clip in grid.clips[3:300:33]:
        samples = load_audio(clip.audio).samples

        phones = grid_phones(clip.words, samples, aligner)

        assert phones[0].start == 0.0 and phones[-1].end == pytest.approx(len(samples) / 16_000)
        edges = {phone.start for phone in phones}
        words = [word for word in clip.words if word[2] not in ("sil", "sp")]
        assert all(min(abs(edge - word[0]) for edge in edges) < 1e-6 for word in words)
        gap = np.linalg.norm(upper[clip.rows] - lower[clip.rows], axis=1)
        middles = [(phone.start + phone.end) / 2 for phone in phones if phone.name in ("b", "p", "m")]
        at = np.interp(middles, np.arange(len(gap)) / GRID_FPS, gap)
        heights += (at / np.quantile(gap, 0.95)).tolist()
    assert len(heights) >= 10
    assert np.median(heights) < 0.25  # of the widest opening in the clip
