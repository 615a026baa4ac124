"""Sizes follow from the file: a small file never asks for much memory or time."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.glb import parse_glb
from mmtalker.io.npz import read_npz, write_npz
from mmtalker.io.obj import parse_obj
from mmtalker.io.ply import parse_ply
from mmtalker.limits import MOST_PROPERTIES


def glb_of_zeros(meshes: int, corners: int) -> bytes:
    """Triangles of an accessor without data, in as many meshes."""
    primitive = {"attributes": {"POSITION": 0}, "indices": 1}
    document = {
        "meshes": [{"primitives": [primitive]} for _ in range(meshes)],
        "accessors": [
            {"componentType": 5126, "count": 4, "type": "VEC3"},
            {"componentType": 5123, "count": corners, "type": "SCALAR"},
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    return b"glTF" + struct.pack("<III", 2, 20 + len(text), len(text)) + b"JSON" + text


@pytest.mark.parametrize(("meshes", "corners"), [(1, 9_000_000), (8, 900_000)])
def test_a_glb_that_promises_too_many_triangles_is_refused_with_the_limit(meshes: int, corners: int) -> None:
    with pytest.raises(MMTalkerError, match=r"at most 2,000,000 are taken.*Decimate") as failure:
        parse_glb(glb_of_zeros(meshes, corners), "head.glb")
    assert failure.value.code is ErrorCode.FILE_FORMAT


def test_a_ply_of_very_many_properties_is_refused_with_the_limit() -> None:
    columns = "".join(f"property uchar c{i}\n" for i in range(MOST_PROPERTIES + 1))
    data = f"ply\nformat ascii 1.0\nelement vertex 1\n{columns}end_header\n".encode()
    with pytest.raises(MMTalkerError, match=r"at most 1,000 are taken"):
        parse_ply(data, "head.ply")


def test_a_face_continued_over_lines_is_one_face() -> None:
    data = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 \\\n 2 \\\n\\\n 3 # three\nf 2 \\\n4 3\n"
    assert parse_obj(data, "head.obj").loop_vertices.tolist() == [0, 1, 2, 1, 3, 2]


def repacked(path: Path, name: str, content: bytes) -> Path:
    """The archive with one member replaced."""
    with zipfile.ZipFile(path) as archive:
        members = {item: archive.read(item) for item in archive.namelist()}
    members[f"{name}.npy"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, data in members.items():
            archive.writestr(item, data)
    return path


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize(
    "content",
    [
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 3)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 40 + ", 3)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3)}", bytes(12)),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1, 3)}", bytes(24)),
        npy("{" * 3000),
        npy("'''"),
        npy("[1, 2]"),
        b"",
    ],
)
def test_an_archive_whose_header_lies_is_refused(tmp_path: Path, animation, content: bytes) -> None:  # type: ignore[no-untyped-def]
    write_npz(animation, tmp_path / "a.npz")
    with pytest.raises(MMTalkerError) as failure:
        read_npz(repacked(tmp_path / "a.npz", "neutral", content))
    assert failure.value.code is ErrorCode.FILE_FORMAT


def test_an_array_of_other_dimensions_is_refused(tmp_path: Path, animation) -> None:  # type: ignore[no-untyped-def]
    write_npz(animation, tmp_path / "a.npz")
    buffer = io.BytesIO()
    np.save(buffer, np.float32(3.0))
    with pytest.raises(MMTalkerError, match="belong together"):
        read_npz(repacked(tmp_path / "a.npz", "neutral", buffer.getvalue()))
