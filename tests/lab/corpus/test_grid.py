"""Reading GRID's recordings: speakers apart, words or a sentence, and what is missing said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lab.sources.grid_files import load_grid
from mmtalker.errors import MMTalkerError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    landmarks = np.arange(6 * 2 * 3, dtype=np.float16).reshape(6, 2, 3)
    np.savez(
        tmp_path / "motion.npz",
        clip=np.array(["s2_a", "s4_b", "s2_c"]),
        speaker=np.array(["s2", "s4", "s2"]),
        frames=np.array([1, 2, 3]),
        landmarks_px=landmarks,
        landmark_index=np.array([13, 14]),
    )
    words = {"s2_a": [[0.0, 0.5, "sil"], [0.5, 1.0, "bin"]]}
    (tmp_path / "words.json").write_text(json.dumps(words), encoding="utf-8")
    texts = {"s2_a": "bin", "s4_b": "lay red", "s2_c": "set now"}
    (tmp_path / "text.json").write_text(json.dumps(texts), encoding="utf-8")
    return tmp_path


def test_every_speaker_has_rows_of_their_own(folder: Path) -> None:
    grid = load_grid(folder)

    second, fourth = grid.by_speaker()

    assert [clip.name for clip in second.clips] == ["s2_a", "s2_c"]
    assert [clip.rows for clip in second.clips] == [slice(0, 1), slice(1, 4)]
    np.testing.assert_array_equal(second.landmarks, grid.landmarks[[0, 3, 4, 5]])
    np.testing.assert_array_equal(fourth.landmarks, grid.landmarks[1:3])


def test_words_may_have_no_times(folder: Path) -> None:
    first, other, _ = load_grid(folder).clips

    assert first.words[1] == (0.5, 1.0, "bin")
    assert other.words == () and other.text == "lay red" and other.speaker == "s4"


def test_a_clip_of_which_nobody_knows_what_is_said_is_refused(folder: Path) -> None:
    (folder / "text.json").unlink()

    with pytest.raises(MMTalkerError, match="s4_b has neither words nor a sentence"):
        load_grid(folder)
