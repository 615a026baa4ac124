"""Bounds are said in words, before anything is made of what lies beyond them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmtalker import limits
from mmtalker.errors import MMTalkerError
from mmtalker.limits import MOST_FRAMES, check_frames
from mmtalker.speech import audio as audio_module
from mmtalker.speech.audio import load_audio
from mmtalker_addon.core.limits import MOST_PARTS


def test_the_animators_page_names_the_bounds_that_hold() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "animators.md").read_text(encoding="utf-8")
    section = text.partition("## Limits")[2].partition("\n## ")[0]
    for bound in (
        f"{limits.MOST_SECONDS // 3600} hours",
        f"{limits.LOWEST_RATE:,} to {limits.HIGHEST_RATE:,} Hz",
        f"{limits.MOST_TRIANGLES:,} triangles",
        f"{limits.MOST_VERTICES:,} vertices",
        f"{MOST_PARTS} parts",
        f"{limits.MOST_FILE_BYTES >> 30} GiB",
        f"{limits.MOST_FRAMES:,} frames",
        f"{limits.MOST_FPS:,.0f} frames a second",
    ):
        assert bound in section


@pytest.mark.parametrize("fps", [0.0, -24.0, 1e300, math.inf, math.nan])
def test_a_frame_rate_that_nothing_plays_is_refused(fps: float) -> None:
    with pytest.raises(MMTalkerError, match="frames a second cannot be animated"):
        check_frames(fps, 10, 1.0)


@pytest.mark.parametrize("frames", [0, -1, MOST_FRAMES + 1, 10**30])
def test_too_many_frames_are_refused(frames: int) -> None:
    with pytest.raises(MMTalkerError, match="frames cannot be animated"):
        check_frames(24.0, frames, 1.0)


def test_frames_that_follow_from_the_speech_are_counted_too() -> None:
    check_frames(120.0, None, 7_200.0)
    with pytest.raises(MMTalkerError, match="1,440,000 frames"):
        check_frames(200.0, None, 7_200.0)
    with pytest.raises(MMTalkerError, match="frames cannot be animated"):
        check_frames(24.0, None, 7_200.0, start_time=-1e12)


def test_more_sound_than_the_limit_is_refused_and_a_part_of_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_module, "MOST_SECONDS", 3_600)
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros(2_000 * 3_601, dtype=np.float32), 2_000)

    with pytest.raises(MMTalkerError, match=r"lasts more than 1 hours.*Trim the strip"):
        load_audio(path)
    assert load_audio(path, start=3_595.0, duration=5.0).seconds == pytest.approx(5.0, abs=0.01)
