"""The archive gives back exactly what went in, and holds no Python objects."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from mmtalker.animation import Animation
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.npz import read_npz, write_npz


def test_what_was_written_is_read(animation: Animation, tmp_path: Path) -> None:
    write_npz(animation, tmp_path / "take.npz")

    back = read_npz(tmp_path / "take.npz")

    assert (back.names, back.fps, back.start_time) == (animation.names, 24.0, 0.0)
    for name in ("curves", "raw", "shapes"):
        assert np.array_equal(getattr(back, name), getattr(animation, name))
    for field in fields(animation.mesh):
        assert np.array_equal(getattr(back.mesh, field.name), getattr(animation.mesh, field.name))


def test_numpy_alone_reads_it(animation: Animation, tmp_path: Path) -> None:
    write_npz(animation, tmp_path / "take.npz")
    with np.load(tmp_path / "take.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    assert all(array.dtype.kind in "Ufi" for array in arrays.values())
    assert arrays["neutral"].shape == (animation.mesh.vertex_count, 3)
    assert arrays["names"][17] == "jawOpen"
    assert arrays["raw_rate"] == 50.0


def test_a_file_cut_or_damaged_anywhere_is_refused(animation: Animation, tmp_path: Path) -> None:
    path = tmp_path / "take.npz"
    write_npz(animation, path)
    content = path.read_bytes()
    for length in range(0, len(content) - 1, len(content) // 40):
        path.write_bytes(content[:length])
        with pytest.raises(MMTalkerError) as caught:
            read_npz(path)
        assert caught.value.code is ErrorCode.FILE_FORMAT
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = np.frombuffer(content, dtype=np.uint8).copy()
        damaged[rng.integers(0, len(damaged), 20)] ^= 0xFF
        path.write_bytes(damaged.tobytes())
        with pytest.raises(MMTalkerError) as caught:
            read_npz(path)
        assert caught.value.code is ErrorCode.FILE_FORMAT


def test_pickled_objects_are_never_opened(animation: Animation, tmp_path: Path) -> None:
    path = tmp_path / "take.npz"
    np.savez(path, names=np.array(["a", object()], dtype=object))
    with pytest.raises(MMTalkerError):
        read_npz(path)


def test_arrays_that_do_not_belong_together_are_refused(animation: Animation, tmp_path: Path) -> None:
    path = tmp_path / "take.npz"
    write_npz(animation, path)
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{**arrays, "shapes": arrays["shapes"][:5]})
    with pytest.raises(MMTalkerError, match="do not belong together"):
        read_npz(path)
