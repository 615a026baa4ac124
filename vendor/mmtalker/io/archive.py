"""Arrays out of an npz archive that nobody vouches for: its headers are held against its bytes first."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.inputs import bad_file
from mmtalker.limits import MOST_UNPACKED, check_count

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_KINDS = "biufU"  # numbers and text; never objects


def read_archive(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read the arrays ``names`` of an npz archive; others are not looked at.

    Raises:
        MMTalkerError: ``FILE_FORMAT``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [archive.getinfo(f"{name}.npy") for name in names]
            check_count(
                str(path),
                "bytes of arrays",
                sum(member.file_size for member in members),
                MOST_UNPACKED,
                "Use a shorter recording or a coarser head.",
            )
            return {name: _read(archive, member) for name, member in zip(names, members, strict=True)}
    except KeyError as error:
        raise bad_file(str(path), "it is not an animation: an array is missing") from error
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: what is encrypted; NotImplementedError, which is one, an unknown compression
        raise bad_file(str(path), "the archive is damaged") from error
    except (ValueError, TypeError, SyntaxError, OverflowError, MemoryError, tokenize.TokenError) as error:
        raise bad_file(str(path), "it is not an animation, or it is damaged") from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """One array; ``ValueError`` where its header promises other bytes than there are."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
        if version not in _HEADERS:
            raise ValueError(f"the npy version {version} is not read")
        shape, by_columns, dtype = _HEADERS[version](file)  # type: ignore[no-untyped-call]
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in _KINDS or any(length < 0 for length in shape):
            raise ValueError(f"arrays of {dtype} and shape {shape} are not read")
        if size > member.file_size:
            raise ValueError(f"{size} bytes are promised, and the archive has {member.file_size}")
        content = file.read(size + 1)
        if len(content) != size:
            raise ValueError(f"{size} bytes are promised, and there are {len(content)}")
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if by_columns else "C").copy()
