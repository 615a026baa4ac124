"""The demo head as a stranger: other order, pose, scale and topology, and what is no head at all."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping import detection
from mmtalker.mapping.any_head import map_any_head
from mmtalker.mapping.locate import locate_face
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import REGIONS, HeadMapping, Mouth
from mmtalker.mapping.weights import load_networks
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.flatten import signed_areas
from mmtalker.mesh.mesh import Mesh, Similarity
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX

HEAD = load_canonical()
EYES_APART = float(
    np.linalg.norm(
        HEAD.vertices[HEAD.landmarks["eye_left_outer"]] - HEAD.vertices[HEAD.landmarks["eye_right_outer"]]
    )
)
POSE = Similarity(37.0, rotation_about(np.array([0.6, 0.0, 0.8]), 2.2), np.array([5.0, -80.0, 12.0]))


def stranger() -> tuple[Mesh, NDArray[np.int64]]:
    """The demo head in triangles, its vertices in another order, lying somewhere; and the old numbers."""
    rng = np.random.default_rng(4)
    order = rng.permutation(len(HEAD.vertices))
    number = np.empty(len(order), dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    triangles = number[rng.permutation(HEAD.triangles)]
    return Mesh.from_polygons(POSE.apply(HEAD.vertices[order]).astype(np.float32), triangles), order


@lru_cache(maxsize=1)
def mapped() -> HeadMapping:
    return map_head(stranger()[0])


def test_a_head_in_another_order_is_found_wherever_it_lies() -> None:
    mapping = mapped()
    assert mapping.topology == "any"
    assert mapping.mouth is Mouth.PARTED
    off = [
        np.linalg.norm(POSE.inverse().apply(mapping.points[name]) - HEAD.vertices[vertex]) / EYES_APART
        for name, vertex in HEAD.landmarks.items()
    ]
    assert np.median(off) < 0.04
    assert np.max(off) < 0.25


def test_its_skin_lies_in_the_chart_where_it_belongs() -> None:
    mapping, (_, order) = mapped(), stranger()
    skin = np.flatnonzero(np.isin(mapping.role, CHART_ROLES) & (HEAD.role[order] == Role.SKIN))
    assert len(skin) > 0.97 * (HEAD.role == Role.SKIN).sum()
    rest = HEAD.vertices[: HEAD.chart_count].astype(np.float64)
    there = canonical_surface().interpolate(rest, mapping.uv[skin])
    off = np.linalg.norm(there - HEAD.vertices[order[skin]], axis=1)
    front = HEAD.vertices[order[skin], 2] > 0.0
    assert np.median(off[front]) < 0.002
    assert np.quantile(off[front], 0.95) < 0.008


def test_hardly_a_triangle_is_turned_over_in_the_chart() -> None:
    mapping = mapped()
    laid = mapping.triangles[np.isin(mapping.role, CHART_ROLES)[mapping.triangles].all(axis=1)]
    assert (signed_areas(mapping.uv.astype(np.float64), laid) < 0.0).mean() < 0.02


def test_parts_without_skin_are_told_apart() -> None:
    mapping, (_, order) = mapped(), stranger()
    for role in (Role.EYE_LEFT, Role.EYE_RIGHT, Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE):
        assert (mapping.role[HEAD.role[order] == role] == role).mean() > 0.99, role.name


def test_confidence_is_given_for_every_region() -> None:
    mapping = mapped()
    assert set(mapping.regions) == set(REGIONS)
    assert mapping.confidence > 0.75


def test_the_same_head_gives_the_same_mapping() -> None:
    before = mapped()
    detection._looked.cache_clear()  # or it would not be looked at again
    again = map_any_head(stranger()[0], load_networks(), {}, None)
    np.testing.assert_array_equal(again.uv, before.uv)


def test_a_head_is_looked_at_once_whatever_landmarks_are_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def locate(vertices: np.ndarray, *others: object) -> object:
        looked.append(len(vertices))
        return locate_face(vertices, *others)

    monkeypatch.setattr(detection, "locate_face", locate)
    detection._looked.cache_clear()
    mesh, _ = stranger()
    plain = map_head(mesh)
    there = plain.points["chin"] + POSE.apply_vectors(np.array([0.0, -0.006, 0.0]))
    corrected = map_head(Mesh(mesh.vertices.copy(), mesh.loop_vertices, mesh.loop_starts), {"chin": there})
    assert len(looked) == 1
    assert not np.array_equal(plain.uv, corrected.uv)
    np.testing.assert_array_equal(plain.uv, map_head(mesh).uv)  # what is shared was not written to
    map_head(Mesh(mesh.vertices * np.float32(2.0), mesh.loop_vertices, mesh.loop_starts))
    assert len(looked) == 2


def test_a_point_that_the_animator_moved_wins() -> None:
    mesh, _ = stranger()
    there = POSE.apply(HEAD.vertices[HEAD.landmarks["chin"]] + [0.0, -0.006, 0.0])
    corrected = map_head(mesh, {"chin": there})
    before, after = (
        np.linalg.norm(found.points["chin"] - there) / POSE.scale for found in (mapped(), corrected)
    )
    assert after < 0.003
    assert after < before


def test_every_corner_with_a_vertex_of_its_own_gives_whole_skin() -> None:
    mesh, _ = stranger()
    soup = Mesh(
        mesh.vertices[mesh.loop_vertices],
        np.arange(len(mesh.loop_vertices), dtype=np.int32),
        mesh.loop_starts,
    )
    mapping = map_head(soup)
    assert len(np.unique(mapping.owner)) < 0.3 * soup.vertex_count
    np.testing.assert_array_equal(mapping.uv, mapping.uv[mapping.owner])
    off = [
        np.linalg.norm(mapping.points[name] - mapped().points[name]) / POSE.scale for name in mapping.points
    ]
    assert np.median(off) < 0.002


def box() -> Mesh:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float32)
    sides = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    return Mesh.from_polygons(corners, sides)


def plane() -> Mesh:
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=np.float32)
    return Mesh.from_polygons(corners, [[0, 1, 2, 3]])


def ball() -> Mesh:
    ring = HEAD.role == Role.EYE_LEFT
    kept = HEAD.triangles[ring[HEAD.triangles].all(axis=1)]
    used, compact = np.unique(kept, return_inverse=True)
    return Mesh.from_polygons(HEAD.vertices[used], compact.reshape(-1, 3))


def torus() -> Mesh:
    a, b = np.meshgrid(np.arange(40), np.arange(20), indexing="ij")
    around, along = 2.0 * np.pi * a / 40, 2.0 * np.pi * b / 20
    ring = 1.0 + 0.4 * np.cos(along)
    points = np.stack([ring * np.cos(around), 0.4 * np.sin(along), ring * np.sin(around)], axis=-1)
    corners = [(a, b), (a + 1, b), (a + 1, b + 1), (a, b + 1)]
    sides = np.stack([(i % 40) * 20 + j % 20 for i, j in corners], axis=-1).reshape(-1, 4)
    return Mesh.from_polygons(points.reshape(-1, 3).astype(np.float32), sides)


@pytest.mark.parametrize("shape", [box, plane, ball, torus])
def test_what_is_no_head_is_refused_with_what_to_do(shape: object) -> None:
    assert callable(shape)
    with pytest.raises(MMTalkerError) as caught:
        map_head(shape())
    assert caught.value.code == ErrorCode.UNSUPPORTED_HEAD
    assert "No face was found" in caught.value.message


def test_half_a_head_gives_a_mapping_or_a_sentence() -> None:
    keep = (HEAD.vertices[:, 2] > -0.06)[HEAD.triangles].all(axis=1)
    used, compact = np.unique(HEAD.triangles[keep], return_inverse=True)
    mapping = map_head(Mesh.from_polygons(HEAD.vertices[used], compact.reshape(-1, 3)))
    off = np.linalg.norm(mapping.points["nose_tip"] - HEAD.vertices[HEAD.landmarks["nose_tip"]])
    assert off < 0.01


def test_of_two_heads_one_is_mapped_and_the_other_is_named() -> None:
    apart = np.float32([0.5, 0.0, 0.0])
    count = len(HEAD.vertices)
    mesh = Mesh.from_polygons(
        np.concatenate([HEAD.vertices, HEAD.vertices + apart]),
        np.concatenate([HEAD.triangles, HEAD.triangles + count]),
    )
    mapping = map_head(mesh)
    assert any("more than one face" in warning for warning in mapping.warnings)
    chin = HEAD.vertices[HEAD.landmarks["chin"]]
    assert min(np.linalg.norm(mapping.points["chin"] - place) for place in (chin, chin + apart)) < 0.01
    one = np.isin(mapping.role[:count], CHART_ROLES).any()
    other = np.isin(mapping.role[count:], CHART_ROLES).any()
    assert one != other


def test_lips_in_one_surface_are_said_to_be() -> None:
    vertices, triangles = fused()
    mapping = map_head(Mesh.from_polygons(vertices, triangles))
    assert mapping.mouth is Mouth.FUSED
    assert any("Cut Mouth" in warning for warning in mapping.warnings)


def fused() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The demo head's skin without its mouth socket, the lips joined along their line."""
    twin = np.arange(HEAD.chart_count)
    upper, lower = HEAD.lip_pairs.T
    twin[lower] = upper
    gone = HEAD.role[: HEAD.chart_count] == Role.MOUTH_SOCKET
    skin = HEAD.chart_triangles[~gone[HEAD.chart_triangles].any(axis=1)]
    skin = twin[skin]
    skin = skin[(skin != np.roll(skin, 1, axis=1)).all(axis=1)]
    used, compact = np.unique(skin, return_inverse=True)
    return HEAD.vertices[used], compact.reshape(-1, 3)


@pytest.mark.slow
def test_shape_keys_of_a_stranger_are_those_of_the_head_it_is() -> None:
    from mmtalker.pipeline import Talker

    talker = Talker(device="cpu")
    known = talker.prepare_head(HEAD.mesh)
    mesh, order = stranger()
    found = talker.prepare_head(mesh)
    skin = np.flatnonzero(HEAD.role[order] == Role.SKIN)
    jaw = ARKIT_INDEX["jawOpen"]
    expected = known.shapes[jaw][order[skin]]
    made = POSE.inverse().apply_vectors(found.shapes[jaw][skin])
    moved = np.linalg.norm(expected, axis=1)
    off = np.linalg.norm(made - expected, axis=1)
    assert off[moved > 0.005].mean() < 0.15 * moved[moved > 0.005].mean()
