"""Named arrays as one file, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.atomic import replacing


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], *, compress: bool = False) -> None:
    """Write an npz archive that ``np.load(path, allow_pickle=False)`` reads.

    Raises:
        MMTalkerError: ``DISK_FULL``, or ``FILE_FORMAT`` where the place cannot be written to.
    """
    named: dict[str, Any] = dict(arrays)
    write = np.savez_compressed if compress else np.savez
    # A file and not its path, to which NumPy would add a suffix.
    with replacing(path) as temporary, temporary.open("wb") as file:
        write(file, **named)
