"""Prepared heads and speech on disk, found again by what they were made from."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import MMTalkerError
from mmtalker.io.arrays import write_arrays
from mmtalker.worker.backend import Arrays, total_bytes

DEFAULT_MAX_BYTES = 2 << 30
_SUFFIX = ".mmtcache"  # our own, so that trimming can never reach anything else in a folder
_STALE_AFTER_S = 24 * 3600.0

_log = logging.getLogger(__name__)


_ENTRY = "cache entry"
"""The array of a file that holds the digest of its key and of all other arrays."""


def content_key(kind: str, fingerprint: str, arrays: Arrays) -> str:
    """Return the name of what is made from ``arrays`` by the model and code that ``fingerprint`` stands for.

    Names, types and shapes count as well as values; equal input gives an equal key in every process.
    """
    return f"{kind}-{_digest((kind, fingerprint), arrays)}"


def _digest(words: tuple[str, ...], arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for text in words:
        digest.update(f"{len(text)}:{text};".encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


class DiskCache:
    """Arrays in a folder, by key; the least recently used go first once ``max_bytes`` is reached.

    A cache must never be the reason of a failure: an entry that cannot be read, was written for another key
    or has changed since is dropped, and a folder that cannot be written to is only read from, each with a
    line in the log. Several processes may share a folder.

    Args:
        folder: where entries are kept; made at the first ``put``.
        max_bytes: bound on all entries together.
    """

    def __init__(self, folder: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._writable = True

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """Return the arrays kept under ``key``, or None."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as entry:
                arrays = {name: entry[name] for name in entry.files}
            if arrays.pop(_ENTRY).tobytes().decode() != _digest((key,), arrays):
                raise ValueError("it was written for another key, or has changed since")
        except Exception as error:  # whatever a damaged file makes the reader raise, the answer is the same
            _log.warning("dropping the damaged cache entry %s: %r", path, error)
            self.drop(key)
            return None
        try:
            path.touch()
        except OSError:  # read-only: it keeps its age
            _log.debug("cannot mark %s as used", path)
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep ``arrays`` under ``key``; one that is larger than the whole cache is not kept."""
        if not self._writable or total_bytes(arrays) > self._max_bytes:
            return
        try:
            entry = np.frombuffer(_digest((key,), arrays).encode(), dtype=np.uint8)
            write_arrays(self._path(key), {**arrays, _ENTRY: entry})
            self._trim()
        except (MMTalkerError, OSError) as error:
            self._writable = False
            _log.warning("nothing more is kept in the cache %s: %s", self._folder, error)

    def drop(self, key: str) -> None:
        """Forget ``key``."""
        _remove(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _trim(self) -> None:
        entries: list[tuple[float, int, Path]] = []
        for path in self._folder.glob(f"*{_SUFFIX}"):
            try:
                status = path.stat()
            except OSError:  # another process was quicker
                continue
            if not path.name.startswith("."):
                entries.append((status.st_mtime, status.st_size, path))
            elif time.time() - status.st_mtime > _STALE_AFTER_S:
                _remove(path)  # left by a process that was killed while it wrote
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries)[:-1]:
            if total <= self._max_bytes:
                break
            _remove(path)
            total -= size


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("cannot remove the cache entry %s: %s", path, error)
