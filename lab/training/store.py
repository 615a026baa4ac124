"""Encoded speech of a training run: one growing file on disk that all runs and processes map into memory.

    SOURCE-LAYERSxD.features   float16 rows of (L, D), appended clip after clip
    SOURCE-LAYERSxD.index      a JSON line for each entry, written after its rows

An entry is found by the recording's own fingerprint, so a corpus that grew is only encoded where it is
new, and a build that was stopped goes on. One process writes at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float16 = NDArray[np.float16]


@dataclass(frozen=True)
class Entry:
    """One encoded copy of a recording.

    Attributes:
        key: fingerprint of all that its features depend on.
        first, frames: its rows.
        speed: an event at time t of the recording is at t / speed in the copy.
    """

    key: str
    first: int
    frames: int
    speed: float


class FeatureStore:
    """The features of one source.

    Args:
        folder: of all stores.
        source: whose speech it is.
        layers: of the encoder, L of them.
        width: D of a layer.
    """

    def __init__(self, folder: Path, source: str, layers: Sequence[int], width: int) -> None:
        self.shape = (len(layers), width)
        name = f"{source}-{'-'.join(map(str, layers))}x{width}"
        self._rows, self._index = folder / f"{name}.features", folder / f"{name}.index"
        self._entries: dict[str, Entry] = {}
        self._end = 0
        folder.mkdir(parents=True, exist_ok=True)
        if self._index.exists():
            for line in self._index.read_text(encoding="utf-8").splitlines():
                self._add(Entry(**json.loads(line)))

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def put(self, key: str, speed: float, features: Float16) -> None:
        """Append the (T, L, D) features of a copy."""
        entry = Entry(key, self._end, len(features), speed)
        with self._rows.open("r+b" if self._rows.exists() else "w+b") as file:
            file.seek(entry.first * self.shape[0] * self.shape[1] * np.dtype(np.float16).itemsize)
            file.write(np.ascontiguousarray(features, dtype=np.float16).tobytes())
        with self._index.open("a", encoding="utf-8") as index:
            index.write(json.dumps(asdict(entry)) + "\n")
        self._add(entry)

    def read(self, keys: Sequence[str]) -> list[tuple[Float16, float]]:
        """Return the features (T, L, D), mapped and not read, and the speed of each copy."""
        if not keys:
            return []
        rows = np.memmap(self._rows, np.float16, "r").reshape(-1, *self.shape)
        found = [self._entries[key] for key in keys]
        return [(rows[e.first : e.first + e.frames], e.speed) for e in found]

    def _add(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        self._end = max(self._end, entry.first + entry.frames)
