"""Draws a posed head as a lit portrait: key, fill and rim light, soft shadow, occlusion, skin, wet eyes and lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from demo.rasteriser import Fragments, rasterise

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

KEY = (np.array([0.52, 0.55, 0.66]), np.array([1.00, 0.93, 0.84]) * 1.55)
FILL = (np.array([-0.75, 0.05, 0.60]), np.array([0.62, 0.80, 1.00]) * 0.34)
RIM = (np.array([-0.60, 0.40, -0.70]), np.array([0.80, 0.90, 1.00]) * 1.9)
AMBIENT = np.array([0.80, 0.90, 1.00]) * 0.20
SKIN_WRAP = np.array([0.30, 0.16, 0.11])
"""How far light creeps round into the shadow; red goes furthest in skin."""
SHADOW_BIAS = 0.0035
EXPOSURE = 0.78
BACKDROP = (np.array([0.165, 0.185, 0.215]), np.array([0.045, 0.050, 0.060]))


@dataclass(frozen=True)
class Surface:
    """What does not change from frame to frame, in the order of the head's triangles.

    Attributes:
        triangles: (T, 3) vertex indices.
        colour_places: (T, 3, 2) place of each corner in ``colours``, 0..1 with v upwards.
        colours: (H, W, 3) linear base colour.
        gloss: (V,) 0 for skin, 1 for what is wet.
        cover: (V,) 0..1 light that reaches this far into the mouth.
    """

    triangles: Int32
    colour_places: Float32
    colours: Float32
    gloss: Float32
    cover: Float32


@dataclass(frozen=True)
class Camera:
    """A camera that looks at ``target`` from ``distance`` metres, turned round the upright axis and up."""

    target: tuple[float, float, float]
    distance: float = 1.0
    yaw: float = 16.0
    pitch: float = 2.0
    field: float = 0.27
    """Metres that the picture shows at the target."""

    def rotation(self) -> NDArray[np.float64]:
        """Rows are right, up and towards the viewer, in the head's axes."""
        yaw, pitch = np.radians([self.yaw, self.pitch])
        out = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
        return frame_towards(out)

    def project(self, points: Float32, size: int) -> Float32:
        """Give (V, 3) pixels, y downwards, and the nearness to the eye."""
        local = (points - np.asarray(self.target)) @ self.rotation().T
        near = self.distance / (self.distance - local[:, 2])
        scale = size / self.field
        x, y = size / 2 + local[:, 0] * near * scale, size / 2 - local[:, 1] * near * scale
        return np.stack([x, y, near], axis=1).astype(np.float32)


def frame_towards(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right, up and ``direction`` as the rows of a rotation."""
    out = direction / np.linalg.norm(direction)
    right = np.cross([0.0, 1.0, 0.0], out)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(out, right), out])


def vertex_normals(points: Float32, triangles: Int32) -> Float32:
    """(V, 3) unit normals, each triangle counting by its area."""
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    faces = np.cross(b - a, c - a)
    corners = triangles.ravel()
    normals = np.stack(
        [np.bincount(corners, np.repeat(faces[:, i], 3), minlength=len(points)) for i in range(3)], axis=1
    )
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def draw(points: Float32, surface: Surface, camera: Camera, size: int, samples: int = 2) -> NDArray[np.uint8]:
    """Draw (V, 3) vertices, metres with y up and z out of the face; returns (size, size, 3) sRGB."""
    wide = size * samples
    flat = camera.project(points, wide)
    seen = rasterise(flat, surface.triangles, wide)
    normals = vertex_normals(points, surface.triangles)
    values = np.concatenate(
        [normals, points, surface.gloss[:, None], surface.cover[:, None], flat[:, 2:]], axis=1
    ).astype(np.float32)
    mixed = seen.mix(values[surface.triangles])
    normal, place, gloss, cover, near = np.split(mixed, [3, 6, 7, 8], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    base = look_up(surface.colours, seen.mix(surface.colour_places))
    base *= cover
    lit = blur(lit_from_key(points, place + 0.002 * normal, surface.triangles), seen, wide, samples, 1.6)
    open_air = occlusion(near[:, 0], seen, wide, samples)
    shade = light(normal, base, gloss, lit[:, None] * cover, open_air[:, None], camera)
    return develop(shade, seen, wide, samples)


def look_up(colours: Float32, places: Float32) -> Float32:
    """Nearest colours (N, 3) at (N, 2) places, v upwards."""
    height, width = colours.shape[:2]
    column = np.clip((places[:, 0] * width).astype(np.int32), 0, width - 1)
    row = np.clip(((1.0 - places[:, 1]) * height).astype(np.int32), 0, height - 1)
    return colours.reshape(-1, 3)[row * width + column]


def lit_from_key(points: Float32, place: Float32, triangles: Int32, size: int = 420) -> Float32:
    """1 where the key light sees the (N, 3) places and 0 in its shadow, by a map of depths from the light."""
    frame = frame_towards(KEY[0])
    middle, reach = points.mean(axis=0), 0.30

    def from_light(where: Float32) -> Float32:
        local = (where - middle) @ frame.T.astype(np.float32)
        x, y = (0.5 + local[:, 0] / reach) * size, (0.5 - local[:, 1] / reach) * size
        return np.stack([x, y, local[:, 2]], axis=1).astype(np.float32)

    corners = from_light(points)
    shadow = rasterise(corners, triangles, size)
    depth = np.full(size * size, -1e9, dtype=np.float32)
    depth[shadow.pixel] = shadow.mix(corners[triangles][:, :, 2:])[:, 0]
    spot = from_light(place)
    column = np.clip(spot[:, 0].astype(np.int32), 0, size - 1)
    row = np.clip(spot[:, 1].astype(np.int32), 0, size - 1)
    return (depth[row * size + column] <= spot[:, 2] + SHADOW_BIAS).astype(np.float32)


def occlusion(near: Float32, seen: Fragments, size: int, samples: int) -> Float32:
    """Darken what lies behind its surroundings: unsharp masking of the depths (Luft and others 2006)."""
    found = np.ones_like(near)
    for radius, strength in ((3.0, 60.0), (12.0, 22.0)):
        behind = np.maximum(blur(near, seen, size, samples, radius) - near, 0.0)
        found *= np.exp(-strength * np.minimum(behind, 0.02))
    return found


def blur(values: Float32, seen: Fragments, size: int, samples: int, radius: float) -> Float32:
    """Blur (N,) values over the head's own pixels alone, ``radius`` being in pixels of the finished picture."""
    small = size // samples
    spot = (seen.pixel // size // samples) * small + seen.pixel % size // samples
    width = 2 * round(radius) + 1
    total, count = (
        uniform_filter(uniform_filter(plane.reshape(small, small), width), width)
        for plane in (np.bincount(spot, values, small**2), np.bincount(spot, minlength=small**2) * 1.0)
    )
    return np.asarray((total / np.maximum(count, 1e-6)).ravel()[spot], dtype=np.float32)


def light(
    normal: Float32, base: Float32, gloss: Float32, lit: Float32, open_air: Float32, camera: Camera
) -> Float32:
    """Add up the lights on (N, 3) normals and base colours; returns (N, 3) linear light.

    ``gloss``, ``lit`` and ``open_air`` are (N, 1).
    """
    view = camera.rotation()[2]
    wrap = SKIN_WRAP.astype(np.float32)
    wet = np.flatnonzero(gloss[:, 0] > 0.05)
    diffuse = AMBIENT.astype(np.float32) * (0.75 + 0.25 * normal[:, 1:2])
    shine = np.zeros_like(normal)
    for (towards, colour), reached in ((KEY, lit), (FILL, open_air), (RIM, open_air)):
        towards, strength = unit(towards), colour.astype(np.float32)
        half = np.maximum(normal @ unit(towards + view), 0.0)
        facing = (normal @ towards)[:, None]
        diffuse = diffuse + np.maximum((facing + wrap) / (1.0 + wrap), 0.0) * (strength * reached)
        glint = 0.06 * half**8
        glint[wet] += gloss[wet, 0] * (0.12 * half[wet] ** 32 + 0.9 * half[wet] ** 256)
        shine += (glint[:, None] * reached * np.clip(3.0 * facing, 0.0, 1.0)) * strength
    return (base * diffuse + shine) * open_air


def unit(vector: NDArray[np.float64]) -> Float32:
    """The vector at length one."""
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def develop(shade: Float32, seen: Fragments, size: int, samples: int) -> NDArray[np.uint8]:
    """Put (N, 3) linear light on the backdrop, average the samples, and encode as sRGB (small, small, 3)."""
    small = size // samples
    picture = np.zeros((small * small, 3), dtype=np.float32)
    spot = (seen.pixel // size // samples) * small + seen.pixel % size // samples
    mapped = 1.0 - np.exp(-EXPOSURE * shade)
    for channel in range(3):
        picture[:, channel] = np.bincount(spot, mapped[:, channel], small * small)
    share = np.bincount(spot, minlength=small * small)[:, None] / samples**2
    y, x = np.mgrid[0:small, 0:small] / small - 0.5
    far = np.clip(np.hypot(x + 0.05, y + 0.05) * 1.6, 0.0, 1.0).reshape(-1, 1)
    backdrop = BACKDROP[0] * (1.0 - far) + BACKDROP[1] * far
    picture = picture / samples**2 + backdrop * (1.0 - share)
    encoded = np.where(picture <= 0.0031308, 12.92 * picture, 1.055 * picture ** (1 / 2.4) - 0.055)
    return (np.clip(encoded, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8).reshape(small, small, 3)
