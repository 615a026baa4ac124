"""Gives the shipped head its looks for the demo: its parts' places in the painted picture, gloss, shade."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo.measure import lip_gap
from demo.paint import GUMS, SOCKET, TEETH, TONGUE, Features, paint, strip_place
from demo.portrait import Camera, Surface
from mmtalker.mesh.canonical import MATERIALS, CanonicalHead
from mmtalker.mesh.roles import Role

Float32 = NDArray[np.float32]

GLOSS = {
    Role.EYE_LEFT: 1.0,
    Role.EYE_RIGHT: 1.0,
    Role.TEETH_UPPER: 0.45,
    Role.TEETH_LOWER: 0.45,
    Role.TONGUE: 0.35,
    Role.MOUTH_SOCKET: 0.15,
}
MOUTH_DEPTH = 0.014
"""Metres behind the lips at which a third of the light is left."""
INNER = (Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE, Role.MOUTH_SOCKET)
FLAT = {"mouth": SOCKET, "teeth": TEETH, "gums": GUMS, "tongue": TONGUE}
PICTURE = 1024


def features_of(head: CanonicalHead) -> Features:
    """Find eyes, lips and extent of the head."""
    skin = head.vertices[: head.chart_count]
    eyes = [head.vertices[head.role == role] for role in (Role.EYE_LEFT, Role.EYE_RIGHT)]
    middles = np.stack([(eye.min(axis=0) + eye.max(axis=0)) / 2 for eye in eyes])
    radius = float(np.median(np.linalg.norm(eyes[0] - middles[0], axis=1)))
    ears = skin[np.argsort(np.abs(skin[:, 0]))[-40:]]
    return Features(
        axis=(0.0, float(ears[:, 2].mean())),
        low=float(skin[:, 1].min()),
        high=float(skin[:, 1].max()),
        eyes=middles.astype(np.float32),
        eye_radius=radius,
        lip_line=head.vertices[head.lip_pairs].mean(axis=1),
    )


def corner_places(head: CanonicalHead, features: Features) -> Float32:
    """Place in the painted picture of each polygon corner, (L, 2)."""
    points = head.vertices[head.mesh.loop_vertices]
    polygon = np.repeat(np.arange(head.mesh.face_count), np.diff(head.mesh.loop_starts))
    material = np.asarray(MATERIALS)[head.material[polygon]]
    places = features.skin_places(points)
    for name, index in FLAT.items():
        places[material == name] = strip_place(index)
    role = head.role[head.mesh.loop_vertices]
    for left, side in ((True, Role.EYE_LEFT), (False, Role.EYE_RIGHT)):
        places[role == side] = features.eye_places(points[role == side], left)
    return places


def surface_of(head: CanonicalHead) -> Surface:
    """Everything about the head that drawing needs and that no shape key changes."""
    features = features_of(head)
    corner = np.arange(len(head.mesh.loop_vertices), dtype=np.int32)
    # The same fan of triangles, over corners instead of vertices.
    fan = type(head.mesh)(head.vertices, corner, head.mesh.loop_starts).triangles()
    gloss, cover = np.zeros(len(head.role)), np.ones(len(head.role))
    for role, value in GLOSS.items():
        gloss[head.role == role] = value
    inner = np.isin(head.role, INNER)
    depth = features.lip_line[:, 2].max() - head.vertices[inner, 2]
    cover[inner] = np.exp(-np.maximum(depth - 0.007, 0.0) / MOUTH_DEPTH)
    return Surface(
        triangles=head.mesh.loop_vertices[fan],
        colour_places=corner_places(head, features)[fan],
        colours=paint(features, PICTURE),
        gloss=gloss.astype(np.float32),
        cover=cover.astype(np.float32),
    )


def camera_for(head: CanonicalHead) -> Camera:
    """A camera that has the whole head in its picture."""
    low, high = head.vertices.min(axis=0), head.vertices.max(axis=0)
    middle = (low + high) / 2
    return Camera(
        target=(float(middle[0]), float(middle[1]), float(middle[2])), field=float(high[1] - low[1]) * 1.10
    )


def mouth_box(head: CanonicalHead, camera: Camera, size: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, in pixels, of a square about the mouth."""
    line = camera.project(head.vertices[head.lip_pairs].mean(axis=1), size)
    middle, half = line[:, :2].mean(axis=0), np.ptp(line[:, 0]) * 0.85
    x, y = int(middle[0] - half), int(middle[1] - half * 0.9)
    return x, y, x + int(2 * half), y + int(2 * half)


def gaps(head: CanonicalHead, rest: Float32, shapes: Float32, values: Float32) -> NDArray[np.floating]:
    """Lip gap in metres, (T,), of (T, K) ``values`` of (K, V, 3) ``shapes`` on (V, 3) ``rest``.

    It is taken over the middle third of the lips, where they part first and close last.
    """
    third = len(head.lip_pairs) // 3
    middle = head.lip_pairs[third : len(head.lip_pairs) - third]
    with_rest = np.concatenate([np.zeros_like(values[:1]), values])
    upper, lower = (rest[rows] + np.tensordot(with_rest, shapes[:, rows], 1) for rows in middle.T)
    return lip_gap(upper, lower)[1:]
