"""The tables after a ply header, as text or binary; sizes are checked before anything is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import MMTalkerError
from mmtalker.io.inputs import bad_file


@dataclass(frozen=True)
class Property:
    """A column: ``item`` is a NumPy type such as ``f4``; ``count`` is set for a column of lists."""

    name: str
    item: str
    count: str | None = None


@dataclass(frozen=True)
class Lists:
    """A column of lists.

    Attributes:
        values: all items, list after list, int64.
        counts: (N,) length of each list.
    """

    values: NDArray[np.int64]
    counts: NDArray[np.int64]


Columns = dict[str, NDArray[np.generic] | Lists]


class Body(Protocol):
    """Reads one element after another."""

    def read(self, count: int, properties: tuple[Property, ...], element: str) -> Columns:
        """The next ``count`` rows as columns; raises ``FILE_FORMAT`` when the file ends before that."""


class BinaryBody:
    """Rows packed without gaps."""

    def __init__(self, data: bytes, at: int, order: str, name: str) -> None:
        self._data, self._at, self._order, self._name = data, at, order, name

    def read(self, count: int, properties: tuple[Property, ...], element: str) -> Columns:
        if not properties or not count:
            return {}
        if not any(p.count for p in properties):
            return self._table(count, np.dtype([(p.name, self._order + p.item) for p in properties]), element)
        return self._even_lists(count, properties, element) or self._rows(count, properties, element)

    def _table(self, count: int, row: np.dtype[np.void], element: str) -> Columns:
        if count * row.itemsize > len(self._data) - self._at:
            raise _short(self._name, element, count)
        table = np.frombuffer(self._data, dtype=row, count=count, offset=self._at)
        self._at += count * row.itemsize
        return {label: table[label] for label in row.names or ()}

    def _even_lists(self, count: int, properties: tuple[Property, ...], element: str) -> Columns | None:
        """The fast way, for a table whose lists are as long in every row as in the first one."""
        begin, fields = self._at, []
        for p in properties:
            if p.count is None:
                fields.append((p.name, self._order + p.item))
                self._at += np.dtype(p.item).itemsize
                continue
            length = self._number(p.count, element)
            fields.append((f"{p.name} count", self._order + p.count))
            fields.append((p.name, f"({length},){self._order}{p.item}"))
            self._skip(length, p.item, element)
        size, self._at = self._at - begin, begin
        if count * size > len(self._data) - begin:
            return None
        table = self._table(count, np.dtype(fields), element)
        columns: Columns = {}
        for p in properties:
            values = table[p.name]
            assert isinstance(values, np.ndarray)
            if p.count is None:
                columns[p.name] = values
                continue
            lengths = np.asarray(table[f"{p.name} count"]).astype(np.int64)
            if (lengths != lengths[0]).any():
                self._at = begin
                return None
            columns[p.name] = Lists(_whole(values.reshape(-1)), lengths)
        return columns

    def _rows(self, count: int, properties: tuple[Property, ...], element: str) -> Columns:
        gathered: dict[str, list[NDArray[np.generic]]] = {p.name: [] for p in properties}
        for _ in range(count):
            for p in properties:
                length = 1 if p.count is None else self._number(p.count, element)
                begin = self._at
                self._skip(length, p.item, element)
                items = np.frombuffer(self._data, self._order + p.item, count=length, offset=begin)
                gathered[p.name].append(items)
        return _columns(gathered, properties)

    def _number(self, kind: str, element: str) -> int:
        begin = self._at
        self._skip(1, kind, element)
        value = int(np.frombuffer(self._data, self._order + kind, count=1, offset=begin)[0])
        if value < 0:
            raise bad_file(self._name, f"a list of its element {element} has a negative length")
        return value

    def _skip(self, count: int, kind: str, element: str) -> None:
        self._at += count * np.dtype(kind).itemsize
        if self._at > len(self._data):
            raise _short(self._name, element)


class AsciiBody:
    """Rows as words; line ends carry no meaning beyond white space."""

    def __init__(self, data: bytes, name: str) -> None:
        self._words, self._at, self._name = data.split(), 0, name

    def read(self, count: int, properties: tuple[Property, ...], element: str) -> Columns:
        if not properties or not count:
            return {}
        try:
            if not any(p.count for p in properties):
                rows = np.array(self._take(count * len(properties), element), dtype=np.float64)
                return {p.name: rows[i :: len(properties)] for i, p in enumerate(properties)}
            gathered: dict[str, list[NDArray[np.generic]]] = {p.name: [] for p in properties}
            for _ in range(count):
                for p in properties:
                    length = 1 if p.count is None else int(self._take(1, element)[0])
                    gathered[p.name].append(np.array(self._take(length, element), dtype=np.float64))
        except ValueError as error:
            raise bad_file(self._name, f"a row of its element {element} is not made of numbers") from error
        return _columns(gathered, properties)

    def _take(self, count: int, element: str) -> list[bytes]:
        if count < 0:
            raise bad_file(self._name, f"a list of its element {element} has a negative length")
        if count > len(self._words) - self._at:
            raise _short(self._name, element)
        self._at += count
        return self._words[self._at - count : self._at]


def _columns(gathered: dict[str, list[NDArray[np.generic]]], properties: tuple[Property, ...]) -> Columns:
    columns: Columns = {}
    for p in properties:
        joined = np.concatenate(gathered[p.name])
        if p.count is None:
            columns[p.name] = joined
        else:
            counts = np.array([len(items) for items in gathered[p.name]], dtype=np.int64)
            columns[p.name] = Lists(_whole(joined), counts)
    return columns


def _whole(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """As whole numbers; what is none becomes -1, which no list of vertices allows."""
    numbers = values.astype(np.float64)
    return np.where(np.abs(numbers) < 2**53, numbers, -1.0).astype(np.int64)


def _short(name: str, element: str, count: int | None = None) -> MMTalkerError:
    rows = "all" if count is None else f"the {count}"
    return bad_file(name, f"it ends before {rows} rows of its element {element}")
