"""The file name decides the format, and a failure leaves no file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mmtalker.animation import Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.results import RESULT_SUFFIXES, check_result_path, write_animation

MAGIC = {".csv": b"Timecode,", ".npz": b"PK\x03\x04", ".glb": b"glTF"}


@pytest.mark.parametrize("suffix", [*RESULT_SUFFIXES, ".CSV"])
def test_every_format_is_written_where_asked(animation: Animation, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new folder" / f"take{suffix}"
    write_animation(animation, path)
    assert path.read_bytes().startswith(MAGIC[suffix.lower()])
    assert list(path.parent.iterdir()) == [path]


def test_the_same_animation_gives_the_same_bytes(animation: Animation, tmp_path: Path) -> None:
    for suffix in (".csv", ".glb"):
        first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        write_animation(animation, first)
        write_animation(animation, second)
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["take.fbx", "take"])
def test_another_ending_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(MMTalkerError, match=r"\.csv, \.npz, \.glb") as caught:
        check_result_path(tmp_path / name)
    assert caught.value.code is ErrorCode.FILE_FORMAT


@pytest.mark.parametrize("suffix", RESULT_SUFFIXES)
def test_a_full_disk_leaves_the_old_file(
    animation: Animation, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"take{suffix}"
    path.write_bytes(b"yesterday's work")

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(MMTalkerError) as caught:
        write_animation(animation, path)

    assert caught.value.code is ErrorCode.DISK_FULL
    assert path.read_bytes() == b"yesterday's work"
    assert list(tmp_path.iterdir()) == [path]
