"""Draws a mapped head in one pose, and all of them side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from demo.portrait import Camera, Surface, draw
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.mesh import Float64
from mmtalker.mesh.roles import Role

CELL = 232
CAPTION = 26
COLUMN_TITLE = 24
CAMERA = Camera(target=(0.0, -0.005, -0.03), distance=0.9, yaw=16.0, pitch=3.0, field=0.30)
SHOWN_METRES = 0.30
"""From the middle of the head: of a body no more is drawn."""

PAPER, INK = (20, 22, 27), (214, 218, 224)

TEXELS = 64
WET = 0.9
PUPIL, IRIS, LIMBUS = 0.16, 0.38, 0.44
"""Radians seen from the eye's middle."""

COLOURS = {
    "skin": (0.56, 0.40, 0.33),
    "teeth": (0.80, 0.76, 0.68),
    "tongue": (0.50, 0.18, 0.16),
    "pocket": (0.30, 0.09, 0.08),
    "lashes": (0.16, 0.12, 0.10),
}
OF_ROLE = {
    Role.SKIN: "skin",
    Role.MOUTH_SOCKET: "pocket",
    Role.EYE_SOCKET: "skin",
    Role.TEETH_UPPER: "teeth",
    Role.TEETH_LOWER: "teeth",
    Role.TONGUE: "tongue",
    Role.LASHES: "lashes",
    # Clothes, hair and the body below the neck: what they are made of is nobody's guess.
    Role.OTHER: "skin",
}


def picture_of(mapping: HeadMapping, vertices: Float64, posed: Float64, faceted: bool) -> NDArray[np.uint8]:
    """Draw a head upright, as the mapping says that it is; returns (CELL, CELL, 3).

    Args:
        mapping: of the head.
        vertices: (V, 3) at rest, in head space.
        posed: (V, 3) as it is to be drawn.
        faceted: with flat faces.
    """
    rest, now = (mapping.to_canonical.apply(points) for points in (vertices, posed))
    triangles = mapping.triangles.astype(np.int64)
    near = np.linalg.norm(rest[triangles].mean(axis=1) - CAMERA.target, axis=1) < SHOWN_METRES
    triangles = triangles[near]
    places = _colour_places(mapping, rest)[triangles]
    # One colour for a face, since what lies between two in the palette is a third.
    plain = (places[..., 1] < 0.5).any(axis=1)
    places[plain] = places[plain].max(axis=1, keepdims=True) * [1.0, 0.0] + [0.0, 0.25]
    depth = np.clip(rest[mapping.role == Role.SKIN, 2].max() - 0.025 - rest[:, 2], 0.0, None)
    inner = np.isin(mapping.role, (Role.MOUTH_SOCKET, Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE))
    cover = np.where(inner, np.exp(-depth / 0.02), 1.0)
    gloss = np.where(np.isin(mapping.role, (Role.EYE_LEFT, Role.EYE_RIGHT)), WET, 0.0)
    if faceted:
        corners = triangles.ravel()
        now, cover, gloss = now[corners], cover[corners], gloss[corners]
        triangles = np.arange(len(corners)).reshape(-1, 3)
    # What is open, as a scan's mouth is, shows its inside.
    inside = triangles[:, ::-1] + len(now)
    dark = np.broadcast_to(_place_of("pocket"), places.shape)
    surface = Surface(
        triangles=np.concatenate([triangles, inside]).astype(np.int32),
        colour_places=np.concatenate([places, dark]).astype(np.float32),
        colours=_palette(),
        gloss=np.tile(gloss, 2).astype(np.float32),
        cover=np.concatenate([cover, 0.5 * cover]).astype(np.float32),
    )
    drawn: NDArray[np.uint8] = draw(np.tile(now, (2, 1)).astype(np.float32), surface, CAMERA, CELL)
    return drawn


def _palette() -> NDArray[np.float32]:
    """(16, 64, 3): the upper half an eye from its middle outwards, the lower half plain colours."""
    angle = np.linspace(0.0, 1.0, TEXELS)
    eye = np.full((TEXELS, 3), (0.78, 0.75, 0.72))
    eye[angle < LIMBUS] = (0.05, 0.06, 0.07)
    eye[angle < IRIS] = (0.13, 0.20, 0.24)
    eye[angle < PUPIL] = 0.01
    width = TEXELS // len(COLOURS)
    plain = np.repeat(np.array(list(COLOURS.values())), width, axis=0)
    plain = np.concatenate([plain, np.repeat(plain[-1:], TEXELS - len(plain), axis=0)])
    palette: NDArray[np.float32] = np.concatenate([np.tile(eye, (8, 1, 1)), np.tile(plain, (8, 1, 1))])
    return palette.astype(np.float32)


def _place_of(colour: str) -> tuple[float, float]:
    """Middle of a plain colour in the palette."""
    return (list(COLOURS).index(colour) + 0.5) * (TEXELS // len(COLOURS)) / TEXELS, 0.25


def _colour_places(mapping: HeadMapping, rest: Float64) -> Float64:
    """(V, 2) place in the palette."""
    places = np.zeros((len(rest), 2))
    for role, name in OF_ROLE.items():
        places[mapping.role == role] = _place_of(name)
    for role in (Role.EYE_LEFT, Role.EYE_RIGHT):
        here = np.flatnonzero(mapping.role == role)
        if len(here):
            away = rest[here] - 0.5 * (rest[here].min(axis=0) + rest[here].max(axis=0))
            forward = away[:, 2] / np.maximum(np.linalg.norm(away, axis=1), 1e-9)
            angle = np.arccos(np.clip(forward, -1.0, 1.0))
            places[here] = np.stack([angle, np.full(len(here), 0.75)], axis=1)
    return places.clip(0.0, 1.0)


def side_by_side(
    rows: list[list[NDArray[np.uint8]]], captions: list[str], titles: list[str], blocks: int = 2
) -> Image.Image:
    """Lay out rows of pictures in ``blocks`` columns of rows, with captions below and titles above."""
    each = -(-len(rows) // blocks)
    across = len(titles)
    width, height = across * CELL, CELL + CAPTION
    gap = 16
    page = Image.new("RGB", (blocks * width + (blocks - 1) * gap, COLUMN_TITLE + each * height), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for block in range(blocks):
        for column, title in enumerate(titles):
            left = block * (width + gap) + column * CELL + CELL // 2
            pen.text((left, COLUMN_TITLE // 2), title, INK, font, anchor="mm")
    for number, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        block, line = divmod(number, each)
        left, top = block * (width + gap), COLUMN_TITLE + line * height
        for column, picture in enumerate(row):
            page.paste(Image.fromarray(picture), (left + column * CELL, top))
        pen.text((left + 8, top + CELL + CAPTION // 2), caption, INK, font, anchor="lm")
    return page
