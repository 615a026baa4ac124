"""Pictures as PNG: what is read back by hand is what was written, whatever its size."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.png import SIGNATURE, write_png

SIZES = [(1, 1), (1, 7), (5, 1), (3, 2), (17, 33), (420, 1260)]


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of each part; every check sum must hold."""
    assert content.startswith(SIGNATURE)
    at, found = len(SIGNATURE), []
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + body),)
        found.append((kind, body))
        at += 12 + length
    return found


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_what_was_written_is_read_back_by_hand(tmp_path: Path, height: int, width: int) -> None:
    pixels = noise(height, width)
    write_png(pixels, tmp_path / "x.png")
    (first, header), (second, packed), (last, nothing) = chunks((tmp_path / "x.png").read_bytes())
    assert (first, second, last, nothing) == (b"IHDR", b"IDAT", b"IEND", b"")
    # Width, height, 8 bits, true colour, deflate, the one kind of filtering, not interlaced.
    assert struct.unpack(">IIBBBBB", header) == (width, height, 8, 2, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    np.testing.assert_array_equal(rows[:, 1:].reshape(height, width, 3), pixels)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_other_programs_read_the_same(tmp_path: Path, height: int, width: int) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    pixels = noise(height, width)
    write_png(pixels, tmp_path / "x.png")
    with image.open(tmp_path / "x.png") as read:
        assert read.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(read), pixels)


def test_pixels_need_not_lie_in_one_piece(tmp_path: Path) -> None:
    pixels = noise(6, 8)
    write_png(pixels[::-1, ::2], tmp_path / "view.png")
    write_png(pixels[::-1, ::2].copy(), tmp_path / "copy.png")
    assert (tmp_path / "view.png").read_bytes() == (tmp_path / "copy.png").read_bytes()


def test_missing_folders_are_made_and_an_old_picture_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.png"
    write_png(noise(2, 2), path)
    first = path.read_bytes()
    write_png(noise(3, 3), path)
    assert path.read_bytes() != first
    assert list(path.parent.iterdir()) == [path]


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    with pytest.raises(MMTalkerError, match=r"x\.png is a folder") as caught:
        write_png(noise(2, 2), tmp_path / "x.png")
    assert caught.value.code == ErrorCode.FILE_FORMAT
