"""Heads and speech made ready once and kept, so that a second take costs only the fusion."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray

from mmtalker.mesh.mesh import Mesh
from mmtalker.progress import Progress
from mmtalker.worker.backend import Arrays, Backend, total_bytes
from mmtalker.worker.cache import DiskCache, content_key
from mmtalker.worker.heads import NOTHING_GIVEN, Given, head_arrays

if TYPE_CHECKING:
    from mmtalker.mapping.types import HeadMapping
    from mmtalker.pipeline import PreparedHead, PreparedSpeech
    from mmtalker.speech.audio import Audio

MEMORY_BYTES = 1 << 30
"""Bound on the prepared heads in memory, and the same on the speech."""

MAPPING_BYTES = 1 << 27
"""Bound on the mapped heads in memory: what was looked at is what is spoken with next."""

_log = logging.getLogger(__name__)


class _Keepable(Protocol):
    def to_arrays(self) -> dict[str, NDArray[Any]]: ...


T = TypeVar("T", bound=_Keepable)


@dataclass(frozen=True)
class Prepared(Generic[T]):
    """Something made ready.

    Attributes:
        key: its id; equal input to the same model gives an equal one.
        value: the thing itself.
        cached: whether it was there already.
    """

    key: str
    value: T
    cached: bool


class _Shelf(Generic[T]):
    """The most recently used values of one kind; the last one stays however large it is."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, tuple[T, int]] = OrderedDict()

    def get(self, key: str) -> T | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: str, value: T, size: int) -> None:
        self._entries[key] = (value, size)
        self._entries.move_to_end(key)
        while len(self._entries) > 1 and sum(size for _, size in self._entries.values()) > self._max_bytes:
            self._entries.popitem(last=False)


class PreparedStore:
    """Prepares heads and speech through a backend and remembers them.

    Args:
        backend: what prepares.
        disk: where results outlive the process; None for memory alone.
        max_bytes: bound on what is in memory of each kind.
    """

    def __init__(self, backend: Backend, disk: DiskCache | None, max_bytes: int = MEMORY_BYTES) -> None:
        self._backend = backend
        self._disk = disk
        self._heads: _Shelf[PreparedHead] = _Shelf(max_bytes)
        self._speech: _Shelf[PreparedSpeech] = _Shelf(max_bytes)
        self._mappings: _Shelf[HeadMapping] = _Shelf(MAPPING_BYTES)

    def head(self, mesh: Mesh, progress: Progress, given: Given = NOTHING_GIVEN) -> Prepared[PreparedHead]:
        """Prepare ``mesh``, or find it prepared."""
        return self._find(
            self._heads,
            content_key("head", self._backend.talker.fingerprint, head_arrays(mesh, given)),
            lambda arrays: self._backend.restore_head(mesh, arrays),
            lambda: self._backend.talker.prepare_head(mesh, progress, self.mapping(mesh, progress, given)),
        )

    def mapping(self, mesh: Mesh, progress: Progress, given: Given = NOTHING_GIVEN) -> HeadMapping:
        """Map ``mesh``, or find it mapped."""

        def look() -> HeadMapping:
            progress("mapping", 0.05)
            return self._backend.map_head(mesh, given.corrections, given.hints)

        key = content_key("map", self._backend.map_fingerprint(), head_arrays(mesh, given))
        return self._find(self._mappings, key, self._backend.restore_mapping, look).value

    def speech(self, audio: Audio, progress: Progress) -> Prepared[PreparedSpeech]:
        """Prepare ``audio``, or find it prepared."""
        return self._find(
            self._speech,
            content_key("speech", self._backend.talker.fingerprint, {"samples": audio.samples}),
            self._backend.restore_speech,
            lambda: self._backend.talker.prepare_speech(audio, progress),
        )

    def known_head(self, key: str) -> PreparedHead | None:
        """Return the head with this id if it is still in memory."""
        return self._heads.get(key)

    def known_speech(self, key: str) -> PreparedSpeech | None:
        """Return the speech with this id if it is still in memory."""
        return self._speech.get(key)

    def _find(
        self,
        shelf: _Shelf[T],
        key: str,
        restore: Callable[[dict[str, NDArray[Any]]], T],
        make: Callable[[], T],
    ) -> Prepared[T]:
        value = shelf.get(key)
        if value is not None:
            return Prepared(key, value, True)
        value = self._from_disk(key, restore)
        cached = value is not None
        if value is None:
            value = make()
        arrays: Arrays = value.to_arrays()
        if self._disk is not None and not cached:
            self._disk.put(key, arrays)
        shelf.put(key, value, total_bytes(arrays))
        return Prepared(key, value, cached)

    def _from_disk(self, key: str, restore: Callable[[dict[str, NDArray[Any]]], T]) -> T | None:
        arrays = self._disk.get(key) if self._disk is not None else None
        if arrays is None or self._disk is None:
            return None
        try:
            return restore(arrays)
        except Exception as error:  # made anew, it will do; a cache is no reason to fail
            _log.warning("dropping the cache entry %s, which does not fit: %r", key, error)
            self._disk.drop(key)
            return None
