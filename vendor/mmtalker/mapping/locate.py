"""Finding the face on a mesh: where on the canonical head its surface is, and how it lies in space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtalker.mapping.cameras import (
    COARSE_SIZE,
    DECIMETRE,
    FINE_CENTRE,
    FINE_HALF,
    FINE_SIZE,
    FINE_YAWS,
    HEAD_CENTRE,
    SIDE_YAWS,
    SURE_YAWS,
    aligned,
    aligned_image,
    around,
)
from mmtalker.mapping.cloud import SurfaceCloud, spread, triangle_normals
from mmtalker.mapping.network import PixelNetwork, PixelPlaces
from mmtalker.mapping.views import Views, look
from mmtalker.mesh.mesh import Similarity
from mmtalker.mesh.rigid import umeyama

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

COARSE_POINTS = 40_000
FINE_POINTS = 150_000
"""As dense as the fine network learned from: from fewer it is wrong by a third more on a body."""

FINE_REACH = 0.9 * FINE_HALF
"""Of the cloud for it: beyond that no view shows anything."""

HEAD_METRES = 0.20
"""Half a side of a view that shows a head whole."""

CLOSE = 0.012
"""Metres within which a pixel agrees with a similarity."""

LOOKS = 6
"""At most so many looks from all round, nearer each time."""

NEARER = 2.5
FEW_PIXELS = 600
WINDOWS = 10
"""A mesh that shows fewer pixels of a head is looked at in so many windows, ``NEARER`` times smaller."""

BESIDE = -0.02
"""Metres in z: what lies behind it is what a look from the sides is for."""

SUREST = 0.002
"""Metres: nobody is surer that a mesh shows a head than the coarse network that expects this error."""

LEAST_PIXELS = 8
"""Of skin, without which there is no face."""

FACE_CHANCE = 0.5
"""Of a pixel, from which it is taken for skin."""

CLEAR = 0.6
"""Agreement and support of a face, beyond which nobody looks for another."""

BEYOND_DOUBT = 300.0
"""Worth of a face, beyond which no further window is looked into."""

TRIALS = 4
"""Views whose own similarity is tried: those with most face in them."""

SEED = 0


@dataclass(frozen=True)
class Networks:
    """Both networks, in evaluation mode."""

    coarse: PixelNetwork
    fine: PixelNetwork


@dataclass(frozen=True)
class Correspondences:
    """Points of a head with their places on the canonical one.

    Attributes:
        points: (N, 3) in the head's own space, or in canonical space where that is said.
        place: (N, 3) canonical metres.
        scale: (N,) expected error of the place, metres.
    """

    points: Float64
    place: Float64
    scale: Float64

    def __len__(self) -> int:
        return len(self.points)

    def chosen(self, rows: NDArray[Any]) -> Correspondences:
        return Correspondences(self.points[rows], self.place[rows], self.scale[rows])

    def joined(self, other: Correspondences) -> Correspondences:
        return Correspondences(
            np.concatenate([self.points, other.points]),
            np.concatenate([self.place, other.place]),
            np.concatenate([self.scale, other.scale]),
        )


Look = tuple[Correspondences, Int64]
"""What pixels said, and the view that each of them is from."""


@dataclass(frozen=True)
class Located:
    """A face that was found.

    Attributes:
        fit: from head space to canonical space.
        seen: what the fine network said, with points in canonical space.
        rough: what the coarse one said of the whole head, likewise.
        agreement: 0..1, share of what looks like skin that agrees with ``fit``.
        support: how much of a face was seen, 1 for about all of it.
        others: whether there is another face somewhere else.
        score: agreement times support over the geometric mean of both networks' expected errors in metres:
            more for what is more surely a face. From the front alone a coarse body's trunk may look like one,
            but not from all round.
    """

    fit: Similarity
    seen: Correspondences
    rough: Correspondences
    agreement: float
    support: float
    others: bool
    score: float = 0.0


def locate_face(vertices: Floats, triangles: Int64, networks: Networks) -> Located | None:
    """Look from all round, come nearer, then look straight on and at the ears.

    Args:
        vertices: (V, 3) in any unit and pose.
        triangles: (T, 3), turned outwards.
        networks: what looks.

    Returns:
        None where nothing looks like a face.
    """
    points = np.asarray(vertices, dtype=np.float64)
    whole = _ball(points[np.unique(triangles)])
    cloud = _cloud(points, triangles, *whole, COARSE_POINTS)
    if cloud is None:
        return None
    first = _look_around(cloud, *whole, networks.coarse)
    found, _ = first
    best = _come_nearer(points, triangles, whole, networks, first) if len(found) >= FEW_PIXELS else None
    if best is None or best.agreement < CLEAR or best.support < CLEAR:
        # A body, or more than one head: from afar hands and shoulders look like heads too.
        for start in _windows(points, triangles, cloud, whole, networks.coarse):
            one = _come_nearer(points, triangles, start, networks)
            if one is not None and (best is None or one.score > best.score):
                best = one
            if best is not None and best.score > BEYOND_DOUBT:
                break
    if best is None:
        return None
    return replace(best, others=_elsewhere(found, best.fit))


def _come_nearer(
    points: Float64,
    triangles: Int64,
    start: tuple[Float64, float],
    networks: Networks,
    first: Look | None = None,
) -> Located | None:
    """Look from all round until a head fills the view, then straight on, twice.

    Args:
        points, triangles: the mesh.
        start: middle and half a side of the first view.
        networks: what looks.
        first: what was seen from there, where somebody has looked already.
    """
    centre, half = start
    fit, found, seen_there = None, None, first
    for turn in range(LOOKS):
        if seen_there is None:
            cloud = _cloud(points, triangles, centre, half, COARSE_POINTS)
            if cloud is None:
                return None
            seen_there = _look_around(cloud, centre, half, networks.coarse)
        (found, view), seen_there = seen_there, None
        proposed = _best_similarity(found, view)
        if proposed is None:
            return None
        fit, _ = proposed
        back = fit.inverse()
        head = back.scale * HEAD_METRES
        if turn >= 2 and head > 0.6 * half:
            break
        centre, half = back.apply(np.array(HEAD_CENTRE)), float(np.clip(head, half / 4.0, 2.0 * half))
    if fit is None or found is None:
        return None
    seen = None
    for yaws, sides in ((FINE_YAWS, (1.0,)), (SURE_YAWS, (1.0, -1.0))):
        seen = _look_straight(points, triangles, fit, networks.fine, yaws, sides)
        if seen is None:
            return None
        change = _robust(seen.points, seen.place, 1.0 / seen.scale**2, CLOSE)
        seen = Correspondences(change.apply(seen.points), seen.place, seen.scale)
        fit = _after(change, fit)
    assert seen is not None
    apart = np.linalg.norm(seen.points - seen.place, axis=1)
    rough = Correspondences(fit.apply(found.points), found.place, found.scale)
    agreement = float((apart < 2.0 * CLOSE).mean())
    support = min(1.0, len(seen) / FACE_PIXELS)
    doubt = float(np.sqrt(np.median(seen.scale) * max(SUREST, float(np.median(rough.scale)))))
    beside = _look_straight(points, triangles, fit, networks.fine, SIDE_YAWS, (1.0, -1.0))
    if beside is not None:
        seen = seen.joined(beside.chosen(beside.place[:, 2] < BESIDE))
    return Located(fit, seen, rough, agreement, support, others=False, score=agreement * support / doubt)


FACE_PIXELS = 14_000.0
"""Pixels of skin in the last look at a usual face, about."""


def _windows(
    points: Float64,
    triangles: Int64,
    cloud: SurfaceCloud,
    whole: tuple[Float64, float],
    network: PixelNetwork,
) -> list[tuple[Float64, float]]:
    """Where else to begin: the parts of a mesh in which most looks like one and the same head."""
    ranked: list[tuple[float, tuple[Float64, float]]] = []
    half = whole[1] / NEARER
    for window in _spread_out(cloud.points.astype(np.float64), WINDOWS):
        near = _cloud(points, triangles, window, half, COARSE_POINTS // 2)
        if near is None:
            continue
        found, view = _look_around(near, window, half, network)
        proposed = _best_similarity(found, view)
        if proposed is not None:
            # The middle of what was seen there is nearer to the face than the window's own.
            ranked.append((proposed[1], (np.median(found.points, axis=0), half)))
    ranked.sort(key=lambda one: -one[0])
    return [start for _, start in ranked[:TRIALS]]


def _spread_out(points: Float64, count: int) -> Float64:
    """(count, 3) of the points, each as far from the others as can be."""
    chosen = [int(np.argmax(np.linalg.norm(points - points.mean(axis=0), axis=1)))]
    away = np.full(len(points), np.inf)
    for _ in range(count - 1):
        away = np.minimum(away, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(away)))
    return points[chosen]


def _ball(points: Float64) -> tuple[Float64, float]:
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    return middle, float(np.linalg.norm(points - middle, axis=1).max())


def _cloud(
    points: Float64, triangles: Int64, centre: Float64, half: float, count: int
) -> SurfaceCloud | None:
    """Spread points over what lies within a view's reach; None where nothing does."""
    corners = points[triangles]
    near = (np.abs(corners.mean(axis=1) - centre).max(axis=1) < 1.8 * half) | (
        (np.abs(corners - centre).max(axis=(1, 2)) < 6.0 * half)
        & (np.ptp(corners, axis=1).max(axis=1) > 0.5 * half)
    )
    chosen = np.flatnonzero(near)
    if not len(chosen) or not triangle_normals(points, triangles[chosen])[1].sum() > 0.0:
        return None
    return spread(points, triangles[chosen], count, np.random.default_rng(SEED))


def _look_around(cloud: SurfaceCloud, centre: Float64, half: float, network: PixelNetwork) -> Look:
    """What the coarse network says from all sides, and the (N,) view that each pixel is from."""
    rotation = around()
    views = Views(
        torch.from_numpy(rotation).float(), torch.zeros(len(rotation), 3), torch.ones(len(rotation))
    )
    points = torch.from_numpy(((cloud.points - centre) / half).astype(np.float32))
    pictures = look(points, torch.from_numpy(cloud.normals), views, COARSE_SIZE)
    said = _ask(network, pictures.image)
    return _read(said, pictures.index, cloud.points.astype(np.float64), None)


def _look_straight(
    points: Float64,
    triangles: Int64,
    fit: Similarity,
    network: PixelNetwork,
    yaws: tuple[float, ...] = FINE_YAWS,
    sides: tuple[float, ...] = (1.0,),
) -> Correspondences | None:
    """What the fine network says of the aligned face; points come back in canonical space.

    Args:
        points, triangles: the head in its own space.
        fit: to canonical space, about.
        network: the fine one.
        yaws: degrees of the views.
        sides: 1 for the head as it is, -1 for its mirror image.
    """
    placed = fit.apply(points)
    cloud = _cloud(placed, triangles, np.array(FINE_CENTRE), FINE_REACH, FINE_POINTS)
    if cloud is None:
        return None
    found = Correspondences(np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    for side in sides:
        mirror = np.array([side, 1.0, 1.0], dtype=np.float32)
        at, facing = torch.from_numpy(cloud.points * mirror), torch.from_numpy(cloud.normals * mirror)
        pictures = look(at, facing, aligned(yaws), FINE_SIZE)
        image = aligned_image(pictures, at, facing)
        answer = _ask(network, image)
        one, _ = _read(answer, pictures.index, cloud.points.astype(np.float64), image[:, 3:6, ::2, ::2])
        found = found.joined(Correspondences(one.points, one.place * mirror, one.scale))
    return found if len(found) >= LEAST_PIXELS * 4 else None


@torch.inference_mode()
def _ask(network: PixelNetwork, image: Tensor) -> PixelPlaces:
    said: PixelPlaces = network(image.contiguous(memory_format=torch.channels_last))
    return said


def _read(said: PixelPlaces, index: Tensor, points: Float64, base: Tensor | None) -> Look:
    """Keep the pixels that show skin, and the view of each."""
    even = index[:, ::2, ::2]
    skin = (even >= 0) & (said.face.sigmoid() > FACE_CHANCE)
    place = said.place if base is None else said.place + base
    view, _, _ = torch.nonzero(skin, as_tuple=True)
    rows = even[skin].numpy()
    found = Correspondences(
        points[rows],
        place.permute(0, 2, 3, 1)[skin].double().numpy() / DECIMETRE,
        said.scale[skin].double().numpy() / DECIMETRE,
    )
    return found, view.numpy()


def _best_similarity(found: Correspondences, view: Int64) -> tuple[Similarity, float] | None:
    """The similarity that most pixels agree with, of those that single views propose, and how many do."""
    if len(found) < LEAST_PIXELS:
        return None
    trust = 1.0 / found.scale**2
    mass = np.bincount(view, weights=trust, minlength=int(view.max()) + 1)
    best, most = None, -1.0
    for candidate in np.argsort(-mass)[:TRIALS]:
        rows = np.flatnonzero(view == candidate)
        if len(rows) < LEAST_PIXELS // 2:
            continue
        proposed = _robust(found.points[rows], found.place[rows], trust[rows], 3.0 * CLOSE)
        if not proposed.scale > 0.0:
            continue
        apart = np.linalg.norm(proposed.apply(found.points) - found.place, axis=1)
        # By roots, so that views that agree with each other outweigh one that agrees with itself alone.
        by_view = np.bincount(view, weights=trust / (1.0 + (apart / (2.0 * CLOSE)) ** 2))
        agreed = float(np.sqrt(by_view).sum())
        if agreed > most:
            best, most = proposed, agreed
    if best is None:
        return _robust(found.points, found.place, trust, 6.0 * CLOSE), 0.0
    apart = np.linalg.norm(best.apply(found.points) - found.place, axis=1)
    rows = np.flatnonzero(apart < 6.0 * CLOSE)
    if len(rows) < LEAST_PIXELS:
        return best, most
    return _robust(found.points[rows], found.place[rows], trust[rows], 2.0 * CLOSE), most


def _robust(points: Float64, place: Float64, trust: Float64, width: float) -> Similarity:
    """Least squares that forget what does not agree: Geman and McClure's weights, narrower each round."""
    weight = trust
    fit = umeyama(points, place, weight)
    for factor in (8.0, 4.0, 2.0, 1.0, 1.0, 1.0):
        apart = np.linalg.norm(fit.apply(points) - place, axis=1)
        weight = trust * (1.0 + (apart / (factor * width)) ** 2) ** -2.0
        if not weight.sum() > 0.0:
            return fit
        fit = umeyama(points, place, weight)
    return fit


def _elsewhere(found: Correspondences, fit: Similarity) -> bool:
    """Whether much of what looks like a face lies where the found head is not."""
    if not len(found):  # the head was found in a window alone
        return False
    away = np.linalg.norm(fit.apply(found.points) - HEAD_CENTRE, axis=1)
    sure = found.scale < np.quantile(found.scale, 0.5)
    return bool((sure & (away > 0.30)).sum() > 0.35 * max(1, int(sure.sum())))


def _after(second: Similarity, first: Similarity) -> Similarity:
    """x -> second(first(x))."""
    return Similarity(
        second.scale * first.scale,
        second.rotation @ first.rotation,
        second.apply(first.translation[None])[0],
    )
