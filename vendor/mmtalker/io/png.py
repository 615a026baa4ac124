"""Writing a picture as PNG, which takes a dozen lines and no imaging library."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.atomic import replacing

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUE_COLOUR = 2


def write_png(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write (H, W, 3) colours, the first row on top; PNG, third edition, with no filtering of rows.

    Raises:
        MMTalkerError: ``DISK_FULL``, or ``FILE_FORMAT`` where the place cannot be written to.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, TRUE_COLOUR, 0, 0, 0)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(SIGNATURE)
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")):
            check = zlib.crc32(kind + content)
            file.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check))
