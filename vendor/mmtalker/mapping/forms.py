"""The parts that a head has beside its skin, and what their form and place say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mmtalker.mapping.names import Kind
from mmtalker.mapping.reading import HeadReading
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Float64
from mmtalker.mesh.rigid import sphere_centre
from mmtalker.mesh.roles import Role

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

APART = 0.004
"""What has nothing this near to the head's middle, metres, but something on both sides, is two parts."""


@dataclass(frozen=True)
class Ball:
    """A sphere fitted to a part.

    Attributes:
        centre: (3,). radius: metres. error: root mean square distance from it, as a share of the radius.
    """

    centre: Float64
    radius: float
    error: float


class Part:
    """Vertices that are one thing: what is connected, and has names of one kind.

    Attributes:
        rows: (N,) which vertices. kind: what names say. points: (N, 3) canonical metres.
        low, high, middle, size: (3,) of their box.
    """

    def __init__(self, rows: Int64, kind: Kind, points: Float64) -> None:
        self.rows, self.kind, self.points = rows, kind, points
        self.low, self.high = points.min(axis=0), points.max(axis=0)
        self.middle = 0.5 * (self.low + self.high)
        self.size = self.high - self.low

    @property
    def side(self) -> int:
        """1 for the subject's left."""
        return 1 if self.middle[0] >= 0.0 else -1


def within(points: Float64, box: Float64) -> Bool:
    """Whether (..., 3) points are between the lowest and highest corner of a (2, 3) box."""
    return np.asarray(((points >= box[0]) & (points <= box[1])).all(axis=-1))


def wider(box: Float64, room: float) -> Float64:
    """A (2, 3) box with more room on all sides."""
    return np.asarray(box + np.array([[-room], [room]]))


def mirrored(points: Float64) -> Float64:
    """The same with |x|: both sides of the face at once."""
    return np.asarray(points * np.where(points[..., :1] < 0.0, [-1.0, 1.0, 1.0], 1.0))


def split_parts(component: Int64, kind: Int64, points: Float64) -> list[Part]:
    """Parts: what is connected, has names of one kind, and is on one side if it is two.

    Args:
        component: (W,), -1 is no part. kind: (W,) what names say. points: (W, 3) canonical space.
    """
    here = np.flatnonzero(component >= 0)
    label = np.unique(component[here] * (int(kind.max(initial=0)) + 1) + kind[here], return_inverse=True)[
        1
    ].ravel()
    count = int(label.max(initial=-1)) + 1
    x = points[here, 0]
    middle, left, right = (
        np.bincount(label[chosen], minlength=count) > 0
        for chosen in (np.abs(x) < APART, x >= APART, x <= -APART)
    )
    two = ~middle & left & right
    label = label * 2 + (two[label] & (x > 0.0))
    order = np.argsort(label, kind="stable")
    borders = np.flatnonzero(np.diff(label[order])) + 1
    rows = np.split(here[order], borders) if len(here) else []
    return [Part(own, Kind(int(kind[own[0]])), points[own]) for own in rows]


def fit_ball(points: Float64) -> Ball:
    """The sphere nearest to (N, 3) points; error is infinite where there are too few or they are flat."""
    centred = points - points.mean(axis=0)
    if len(points) < 6 or np.linalg.svd(centred, compute_uv=False)[2] < 1e-3 * np.abs(centred).max():
        return Ball(points.mean(axis=0), 1e-9, np.inf)
    centre = sphere_centre(points)
    distance = np.linalg.norm(points - centre, axis=1)
    radius = float(distance.mean())
    return Ball(centre, radius, float(np.sqrt(np.mean((distance - radius) ** 2))) / radius)


@lru_cache(maxsize=1)
def mouth_box() -> Float64:
    """(2, 3) lowest and highest corner of where teeth, gums and tongue of people are, canonical metres."""
    head = load_canonical()
    inside = head.vertices[np.isin(head.role, (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))]
    # Roots of teeth reach higher than the canonical head's, and other jaws further back.
    room = np.array([[-0.008, -0.012, -0.022], [0.008, 0.020, 0.008]])
    return np.asarray(np.stack([inside.min(axis=0), inside.max(axis=0)]) + room)


@lru_cache(maxsize=1)
def eye_radius() -> float:
    """Metres; both eyeballs' centres are as far from the origin as the canonical head's."""
    head = load_canonical()
    return fit_ball(head.vertices[head.role == Role.EYE_LEFT].astype(np.float64)).radius


class Skin:
    """The head's own skin, to ask what is near it or behind it."""

    def __init__(self, reading: HeadReading, points: Float64, skin: Bool) -> None:
        triangles = reading.triangles[skin[reading.triangles].all(axis=1)]
        self.index = np.flatnonzero(skin)
        self.points = points
        self._vertices = cKDTree(points[self.index]) if len(self.index) else None
        # Middles of triangles: coarse skin is nearer than its vertices.
        every = np.concatenate([points[self.index], points[triangles].mean(axis=1)])
        self._surface = cKDTree(every) if len(every) else None
        front = every[every[:, 2] > -0.03]
        self._front = front
        self._across = cKDTree(front[:, :2]) if len(front) else None

    def distance(self, points: Float64) -> Float64:
        """(N,) metres to the skin's surface, about."""
        if self._surface is None:
            return np.full(len(points), np.inf)
        return np.asarray(self._surface.query(points)[0])

    def nearest(self, points: Float64) -> Int64:
        """(N,) nearest skin vertex of each point."""
        if self._vertices is None:
            return np.full(len(points), -1, dtype=np.int64)
        return np.asarray(self.index[self._vertices.query(points)[1]])

    def share_behind(self, points: Float64) -> float:
        """Share of points that have skin in front of them, when they are looked at along -z."""
        if self._across is None:
            return 0.0
        some = points[:: max(1, len(points) // 64)]
        near = self._across.query(some[:, :2], k=min(12, len(self._front)))[1].reshape(len(some), -1)
        return float((self._front[near, 2].max(axis=1) > some[:, 2] + 0.001).mean())
