"""A file is written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing


def test_a_new_file_appears_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "takes" / "one" / "result.csv"
    with replacing(path) as temporary:
        temporary.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done"
    assert [entry.name for entry in path.parent.iterdir()] == ["result.csv"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    with pytest.raises(MMTalkerError, match="no room") as caught, replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code is ErrorCode.DISK_FULL
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_really_full_device_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError) as caught, replacing(tmp_path / "result.csv") as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_text("x")
    assert caught.value.code is ErrorCode.DISK_FULL


def test_a_folder_and_a_file_in_the_way_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MMTalkerError, match="is a folder"), replacing(tmp_path):
        raise AssertionError
    with (
        pytest.raises(MMTalkerError, match="cannot be written") as caught,
        replacing(tmp_path / "file" / "x"),
    ):
        raise AssertionError
    assert caught.value.code is ErrorCode.FILE_FORMAT
