"""Typed arrays out of a glTF document that nobody vouches for: every number in it is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.inputs import bad_file

_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_MOST_ZEROS = 1 << 20
"""Longest accessor that is allowed to have no data of its own; such a one costs nothing in the file."""


class GltfDocument:
    """A glTF document with its one embedded buffer."""

    def __init__(self, document: dict[str, Any], binary: memoryview, name: str) -> None:
        self.document, self.binary, self.name = document, binary, name

    def entry(self, kind: str, index: object) -> dict[str, Any]:
        """``document[kind][index]``, or ``FILE_FORMAT`` when the file points at what is not there."""
        table = self.document.get(kind)
        if isinstance(table, list) and type(index) is int and 0 <= index < len(table):
            found = table[index]
            if isinstance(found, dict):
                return found
        raise bad_file(self.name, f"it refers to {kind}[{index}], which does not exist")

    def whole(self, owner: dict[str, Any], field: str, default: int | None = None) -> int:
        """A count, offset or index: a whole number of at least zero."""
        value = owner.get(field, default)
        if type(value) is not int or value < 0:
            raise bad_file(self.name, f"its {field} is {value!r}, not a whole number")
        return value

    def count(self, index: object) -> int:
        """How many values an accessor promises, before any of them is made."""
        return self.whole(self.entry("accessors", index), "count")

    def accessor(self, index: object) -> NDArray[np.generic]:
        """The values of an accessor, (count, width); normalised integers come as float32 -1..1 or 0..1.

        Raises:
            MMTalkerError: ``FILE_FORMAT`` when it does not fit the data that is there.
        """
        accessor = self.entry("accessors", index)
        count = self.whole(accessor, "count")
        component = _COMPONENTS.get(accessor.get("componentType"))  # type: ignore[arg-type]
        width = _WIDTHS.get(accessor.get("type"))  # type: ignore[arg-type]
        if component is None or width is None:
            raise bad_file(self.name, f"accessor {index} has a type that is not understood")
        if "bufferView" in accessor:
            offset = self.whole(accessor, "byteOffset", 0)
            values = self._view(accessor["bufferView"], offset, count, width, component)
        elif count > _MOST_ZEROS:
            raise bad_file(self.name, f"accessor {index} promises {count} values and has none")
        else:
            values = np.zeros((count, width), dtype=component)
        if "sparse" in accessor:
            values = self._with_sparse(values, accessor["sparse"])
        if accessor.get("normalized") is True and values.dtype.kind in "iu":
            largest = np.float32(np.iinfo(values.dtype.str).max)
            return np.asarray(np.maximum(values.astype(np.float32) / largest, np.float32(-1.0)))
        return values

    def _view(
        self, view_index: object, offset: int, count: int, width: int, component: str
    ) -> NDArray[np.generic]:
        view = self.entry("bufferViews", view_index)
        if self.whole(view, "buffer") != 0 or "uri" in self.entry("buffers", 0):
            raise bad_file(
                self.name, "it keeps its data in another file; choose glTF Binary (.glb), embedded"
            )
        begin, length = self.whole(view, "byteOffset", 0), self.whole(view, "byteLength")
        item = np.dtype(component).itemsize * width
        stride = self.whole(view, "byteStride", item)
        needed = offset + stride * (count - 1) + item if count else 0
        if begin + length > len(self.binary) or needed > length or stride < item:
            raise bad_file(self.name, f"buffer view {view_index} is smaller than what is to be read from it")
        step = np.dtype(component).itemsize
        return np.ndarray((count, width), component, self.binary, begin + offset, (stride, step))

    def _with_sparse(self, values: NDArray[np.generic], sparse: dict[str, Any]) -> NDArray[np.generic]:
        count = self.whole(sparse, "count")
        where, what = sparse["indices"], sparse["values"]
        kind = _COMPONENTS[where["componentType"]]
        indices = self._view(where["bufferView"], self.whole(where, "byteOffset", 0), count, 1, kind)[:, 0]
        replaced = self._view(
            what["bufferView"], self.whole(what, "byteOffset", 0), count, values.shape[1], values.dtype.str
        )
        if count and (indices.dtype.kind != "u" or int(indices.max()) >= len(values)):
            raise bad_file(self.name, "a sparse accessor changes values that do not exist")
        changed = values.copy()
        changed[indices] = replaced
        return changed
