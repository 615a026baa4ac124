"""The preview's file, read back."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from demo.video import write_video


def test_pictures_and_sound_come_back(tmp_path: Path):
    frames = [np.full((64, 64, 3), value, dtype=np.uint8) for value in range(20, 220, 10)]
    tone = (0.5 * np.sin(np.arange(24000) * 2 * np.pi * 440 / 24000)).astype(np.float32)
    write_video(tmp_path / "small.mp4", frames, 64, 20.0, tone, 24000)
    with av.open(str(tmp_path / "small.mp4")) as file:
        decoded = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        assert file.streams.video[0].average_rate == 20
    assert len(decoded) == len(frames)
    assert np.abs(decoded[7].astype(int) - frames[7]).mean() < 4
    with av.open(str(tmp_path / "small.mp4")) as file:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    assert abs(len(sound) - 24000) <= 2048  # AAC works in blocks of 1024
    assert np.sqrt(np.mean(sound[4000:20000] ** 2)) == pytest.approx(0.354, abs=0.05)


def test_a_rate_of_film_is_kept_as_the_fraction_it_is(tmp_path: Path):
    frames = [np.zeros((64, 64, 3), dtype=np.uint8)] * 5
    write_video(tmp_path / "film.mp4", frames, 64, 24 / 1.001, np.zeros(5000, dtype=np.float32), 24000)
    with av.open(str(tmp_path / "film.mp4")) as file:
        assert file.streams.video[0].average_rate == pytest.approx(23.976, abs=1e-3)


def test_nothing_half_written_is_left_behind(tmp_path: Path):
    def broken():
        yield np.zeros((64, 64, 3), dtype=np.uint8)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_video(tmp_path / "none.mp4", broken(), 64, 30.0, np.zeros(100, dtype=np.float32), 24000)
    assert list(tmp_path.iterdir()) == []
