"""Draws a posed head as a lit portrait: three lights, soft shadow, occlusion, skin, wet eyes and teeth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from demo.rasteriser import Fragments, rasterise
from mmtalker.mesh.normals import vertex_normals

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
EVEN_DEPTH = 0.0009
"""Nearness within which the samples of a pixel count as one surface."""
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
    yaw: float = 12.0
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


@dataclass(frozen=True)
class Samples:
    """What is shaded: fragments, each standing for one or several samples of a pixel of the picture.

    Attributes:
        seen: (N,) fragments of the supersampled picture.
        pixel: (N,) index into the flattened picture of ``size`` pixels.
        share: (N,) part of the pixel that the fragment covers.
        size: pixels of the picture.
    """

    seen: Fragments
    pixel: Int32
    share: Float32
    size: int

    def total(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sum of (N,) values over each pixel, (size, size)."""
        flat = np.bincount(self.pixel, values, self.size**2).astype(np.float64)
        return flat.reshape(self.size, self.size)


def draw(
    points: Float32, surface: Surface, camera: Camera, size: int, supersampling: int = 2
) -> NDArray[np.uint8]:
    """Draw (V, 3) vertices, metres with y up and z out of the face; returns (size, size, 3) sRGB."""
    flat = camera.project(points, size * supersampling)
    seen = rasterise(flat, surface.triangles, size * supersampling)
    samples = choose_samples(seen, flat, surface, size, supersampling)
    normals = vertex_normals(points, surface.triangles)
    values = np.concatenate(
        [normals, points, surface.gloss[:, None], surface.cover[:, None], flat[:, 2:]], axis=1
    ).astype(np.float32)
    mixed = samples.seen.mix(values[surface.triangles])
    normal, place, gloss, cover, near = np.split(mixed, [3, 6, 7, 8], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    base = look_up(surface.colours, samples.seen.mix(surface.colour_places)) * cover
    lit = blur(lit_from_key(points, place + 0.002 * normal, surface.triangles), samples, 1.6)
    open_air = occlusion(near[:, 0], samples)
    return develop(light(normal, base, gloss, lit[:, None] * cover, open_air[:, None], camera), samples)


def choose_samples(
    seen: Fragments, flat: Float32, surface: Surface, size: int, supersampling: int
) -> Samples:
    """Take one fragment for a whole pixel where it shows one even surface, and all of them at edges."""
    wide = size * supersampling
    row, column = np.divmod(seen.pixel, wide)
    pixel = row // supersampling * size + column // supersampling
    values = np.stack([flat[:, 2], surface.gloss], axis=1)[surface.triangles]
    even = np.bincount(pixel, minlength=size**2) == supersampling**2
    for value, tolerance in zip(seen.mix(values).T, (EVEN_DEPTH, 0.05), strict=True):
        plane = np.zeros(wide * wide, dtype=np.float32)
        plane[seen.pixel] = value
        grid = plane.reshape(wide, wide)
        parts = [
            grid[i::supersampling, j::supersampling] for i, j in np.ndindex(supersampling, supersampling)
        ]
        even &= (reduce(np.maximum, parts) - reduce(np.minimum, parts) < tolerance).ravel()
    first = (row % supersampling == 0) & (column % supersampling == 0)
    kept = np.flatnonzero(~even[pixel] | first)
    share = np.where(even[pixel[kept]], 1.0, 1.0 / supersampling**2).astype(np.float32)
    fragments = Fragments(seen.pixel[kept], seen.triangle[kept], seen.weights[kept])
    return Samples(fragments, pixel[kept], share, size)


def look_up(colours: Float32, places: Float32) -> Float32:
    """Colours (N, 3) at (N, 2) places, v upwards, mixed from the four nearest."""
    height, width = colours.shape[:2]
    x = np.clip(places[:, 0] * width - 0.5, 0, width - 1.001)
    y = np.clip((1.0 - places[:, 1]) * height - 0.5, 0, height - 1.001)
    column, row = x.astype(np.int32), y.astype(np.int32)
    right, down = (x - column)[:, None], (y - row)[:, None]
    flat, corner = colours.reshape(-1, 3), row * width + column
    above = flat[corner] * (1 - right) + flat[corner + 1] * right
    below = flat[corner + width] * (1 - right) + flat[corner + width + 1] * right
    return np.asarray(above * (1 - down) + below * down, dtype=np.float32)


def lit_from_key(points: Float32, place: Float32, triangles: Int32, size: int = 560) -> Float32:
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


def occlusion(near: Float32, samples: Samples) -> Float32:
    """Darken what lies behind its surroundings: unsharp masking of the depths (Luft and others 2006)."""
    found = np.ones_like(near)
    for radius, strength in ((3.0, 60.0), (12.0, 22.0)):
        behind = np.maximum(blur(near, samples, radius) - near, 0.0)
        found *= np.exp(-strength * np.minimum(behind, 0.02))
    return found


def blur(values: Float32, samples: Samples, radius: float) -> Float32:
    """Blur (N,) values over the head alone; ``radius`` is in pixels of the picture."""
    width = 2 * round(radius) + 1
    total, covered = (
        uniform_filter(uniform_filter(samples.total(plane), width), width)
        for plane in (values * samples.share, samples.share)
    )
    blurred = total / np.maximum(covered, 1e-6)
    return np.asarray(blurred.ravel()[samples.pixel], dtype=np.float32)


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


def develop(shade: Float32, samples: Samples) -> NDArray[np.uint8]:
    """Put (N, 3) linear light on the backdrop and encode it as sRGB, (size, size, 3)."""
    mapped = (1.0 - np.exp(-EXPOSURE * shade)) * samples.share[:, None]
    head = np.stack([samples.total(channel) for channel in mapped.T], axis=2)
    y, x = np.mgrid[0 : samples.size, 0 : samples.size] / samples.size - 0.5
    far = np.clip(np.hypot(x + 0.05, y + 0.05) * 1.6, 0.0, 1.0)[..., None]
    backdrop = BACKDROP[0] * (1.0 - far) + BACKDROP[1] * far
    picture = head + backdrop * (1.0 - samples.total(samples.share)[..., None])
    return np.asarray(encode(picture) * 255.0 + 0.5, dtype=np.uint8)


def encode(linear: NDArray[np.floating]) -> Float32:
    """Linear light to sRGB, 0..1."""
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(
        np.float32
    )
