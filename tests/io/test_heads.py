"""One call reads every kind of head, and says what is wrong with what it cannot read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.heads import HEAD_SUFFIXES, read_head
from mmtalker.mesh.mesh import Mesh


@pytest.mark.parametrize("suffix", [*HEAD_SUFFIXES, ".OBJ"])
def test_the_same_head_comes_back_from_every_format(tmp_path: Path, sphere: Mesh, suffix: str) -> None:
    trimesh = pytest.importorskip("trimesh")
    path = tmp_path / f"head{suffix}"
    trimesh.Trimesh(sphere.vertices, sphere.triangles(), process=False).export(path)

    mesh = read_head(path)

    assert mesh.vertices == pytest.approx(sphere.vertices, abs=1e-5)
    assert np.array_equal(mesh.triangles(), sphere.triangles())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("head.fbx", "Export the head as .obj, .ply, .glb"),
        ("head", "Export the head as .obj, .ply, .glb"),
        ("missing.obj", "does not exist"),
        ("folder.obj", "is a folder"),
        ("empty.obj", "it is empty"),
        ("empty.ply", "it is empty"),
        ("empty.glb", "it is empty"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, expected: str) -> None:
    if name.startswith("empty"):
        (tmp_path / name).touch()
    (tmp_path / "folder.obj").mkdir()
    with pytest.raises(MMTalkerError) as caught:
        read_head(tmp_path / name)
    assert caught.value.code is ErrorCode.FILE_FORMAT
    assert name in caught.value.message
    assert expected in caught.value.message
