"""Polygons of many corners cut into triangles, in time that grows little faster than their corners."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Float64

Int64 = NDArray[np.int64]

TESTS = 16
"""Ears looked at for each corner. Polygons that do not cross themselves need 1 to 4; beyond it none is looked
at any more, so that a polygon whose corners lie anyhow, which no cut makes right, costs no more."""


class EarClipping:
    """One polygon that loses ears, the one with the shortest diagonal first.

    An ear that holds another corner waits until that corner is gone. Corners are kept in the order of one
    coordinate, so that an ear is held against those beside it alone.
    """

    def __init__(self, flat: Float64, tolerance: float) -> None:
        """Begin.

        Args:
            flat: (n, 2) corners in the plane, turning left.
            tolerance: twice the area below which an ear has none.
        """
        self._points: list[tuple[float, float]] = [(float(x), float(y)) for x, y in flat]
        size = len(flat)
        self._tolerance = tolerance
        self._before = [*range(-1, size - 1)]
        self._before[0] = size - 1
        self._after = [*range(1, size), 0]
        self._alive = np.ones(size, dtype=np.bool_)
        self._version = [0] * size
        self._ears: list[tuple[float, int, int]] = []
        self._turns: list[tuple[float, int, int]] = []
        self._waiting: dict[int, list[tuple[float, int, int]]] = {}
        self._tests = TESTS * size
        self._axis = int(np.argmax(np.ptp(flat, axis=0)))
        self._flat = flat
        self._order = np.argsort(flat[:, self._axis], kind="stable")
        self._sorted = flat[self._order]
        self._gone = 0

    def triangles(self) -> Int64:
        """(n - 2, 3) corners of the triangles."""
        size = len(self._points)
        for corner in range(size):
            self._offer(corner)
        clipped = []
        for _ in range(size - 2):
            ear = self._next()
            left, right = self._before[ear], self._after[ear]
            clipped.append((left, ear, right))
            self._remove(ear)
            self._after[left], self._before[right] = right, left
            self._offer(left)
            self._offer(right)
        return np.array(clipped, dtype=np.int64)

    def _turn(self, corner: int) -> float:
        (ax, ay), (bx, by) = self._points[self._before[corner]], self._points[corner]
        cx, cy = self._points[self._after[corner]]
        turn: float = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        return turn

    def _offer(self, corner: int) -> None:
        """Take the corner in with its neighbours of now; what was known of it before is void."""
        self._version[corner] += 1
        version, turn = self._version[corner], self._turn(corner)
        heapq.heappush(self._turns, (-turn, corner, version))
        if turn > self._tolerance:
            (ax, ay), (cx, cy) = self._points[self._before[corner]], self._points[self._after[corner]]
            heapq.heappush(self._ears, ((cx - ax) ** 2 + (cy - ay) ** 2, corner, version))

    def _next(self) -> int:
        """The ear to take; where none is left, the corner that turns left most."""
        while self._ears:
            ear = heapq.heappop(self._ears)
            corner, version = ear[1:]
            if version != self._version[corner]:
                continue
            held = self._held(corner) if self._tests > 0 else None
            if held is None:
                return corner
            self._waiting.setdefault(held, []).append(ear)
        while True:
            _, corner, version = heapq.heappop(self._turns)
            if version == self._version[corner]:
                return corner

    def _held(self, corner: int) -> int | None:
        """Another living corner in this one's triangle, if there is one; its own places are none."""
        self._tests -= 1
        a, b, c = (self._points[i] for i in (self._before[corner], corner, self._after[corner]))
        places = [point[self._axis] for point in (a, b, c)]
        first, last = self._sorted[:, self._axis].searchsorted(
            (min(places), np.nextafter(max(places), np.inf))
        )
        x, y = self._sorted[first:last].T
        inside = self._alive[self._order[first:last]]
        for (ox, oy), (tx, ty) in ((a, b), (b, c), (c, a)):
            turn = (tx - ox) * (y - oy) - (ty - oy) * (x - ox)
            inside &= (turn >= -self._tolerance) & ((x != ox) | (y != oy))
        found = int(np.argmax(inside)) if len(inside) else 0
        return int(self._order[first + found]) if len(inside) and inside[found] else None

    def _remove(self, corner: int) -> None:
        self._version[corner] += 1
        self._alive[corner] = False
        for ear in self._waiting.pop(corner, ()):
            heapq.heappush(self._ears, ear)
        self._gone += 1
        if 2 * self._gone > len(self._order):
            self._order = self._order[self._alive[self._order]]
            self._sorted = self._flat[self._order]
            self._gone = 0
