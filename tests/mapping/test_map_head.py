from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import HeadMapping, Hints
from mmtalker.mesh.canonical import canonical_surface, load_canonical
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.roles import CHART_ROLES, Role
from tests.mesh.samples import moved, some_similarity, split_along_seams, tetrahedron, triangulated

HEAD = load_canonical()


def someone_else() -> Mesh:
    """The demo head's topology on a longer, narrower face with a bigger nose."""
    vertices = HEAD.vertices * np.float32([0.92, 1.07, 1.03])
    nose = np.exp(-((np.linalg.norm(vertices - vertices[HEAD.landmarks["nose_tip"]], axis=1) / 0.02) ** 2))
    vertices = vertices + nose[:, None] * np.float32([0.0, 0.0, 0.006])
    return Mesh(vertices.astype(np.float32), HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts)


def test_the_demo_head_maps_onto_itself():
    mapping = map_head(HEAD.mesh)
    assert mapping.topology == "anny"
    assert mapping.confidence == 1.0
    assert mapping.warnings == ()
    assert mapping.landmarks == HEAD.landmarks
    np.testing.assert_array_equal(mapping.role, HEAD.role)
    np.testing.assert_allclose(mapping.to_canonical.apply(HEAD.vertices), HEAD.vertices, atol=1e-5)


def test_a_mapping_comes_back_from_its_arrays_as_it_was():
    mapping = map_head(HEAD.mesh, {"chin": np.array([0.01, -0.1, 1.0 / 30.0])})
    again = HeadMapping.from_arrays(mapping.to_arrays())
    for field in fields(HeadMapping):
        kept, own = getattr(again, field.name), getattr(mapping, field.name)
        assert type(kept) is type(own), field.name
        if field.name == "points":
            assert {name: point.tolist() for name, point in kept.items()} == {
                name: point.tolist() for name, point in own.items()
            }
        elif field.name == "to_canonical":
            np.testing.assert_array_equal(kept.apply(HEAD.vertices), own.apply(HEAD.vertices))
        elif isinstance(own, np.ndarray):
            assert kept.dtype == own.dtype
            np.testing.assert_array_equal(kept, own)
        else:
            assert kept == own, field.name


@pytest.mark.parametrize(
    "parts",
    [
        [Role.TONGUE, Role.EYE_LEFT, Role.EYE_RIGHT, Role.TEETH_UPPER, Role.TEETH_LOWER],
        [Role.EYE_RIGHT, Role.EYE_LEFT, Role.TEETH_UPPER, Role.TEETH_LOWER, Role.TONGUE],
        [Role.EYE_LEFT, Role.EYE_RIGHT, Role.TEETH_LOWER, Role.TEETH_UPPER, Role.TONGUE],
    ],
    ids=["another order", "eyes exchanged", "teeth exchanged"],
)
def test_parts_put_together_in_another_order_get_their_roles_by_form_and_place(parts):
    """Such as eyes and teeth that were separated from the head and are sent one after another."""
    rows = rows_of(*parts)
    mixed = chosen_rows(rows)
    assert mixed.vertex_count == HEAD.mesh.vertex_count
    mapping = map_head(mixed)
    right = mapping.role == HEAD.role[rows]
    assert right[HEAD.chart_count :].mean() > 0.95
    np.testing.assert_array_equal(mapping.uv[: HEAD.chart_count], HEAD.uv)


def rows_of(*parts: Role) -> np.ndarray:
    """The demo head's vertices: all of its skin, then those of some parts."""
    return np.concatenate(
        [np.arange(HEAD.chart_count), *(np.flatnonzero(HEAD.role == part) for part in parts)]
    )


def chosen_rows(rows: np.ndarray, mesh: Mesh = HEAD.mesh) -> Mesh:
    """A mesh of some of another's vertices, in this order, and the polygons between them."""
    place = np.full(mesh.vertex_count, -1)
    place[rows] = np.arange(len(rows))
    polygons = np.split(place[mesh.loop_vertices], mesh.loop_starts[1:-1])
    return Mesh.from_polygons(mesh.vertices[rows], [list(each) for each in polygons if (each >= 0).all()])


@pytest.mark.parametrize("parts", [(), (Role.EYE_LEFT, Role.EYE_RIGHT), (Role.TEETH_LOWER,)])
def test_the_skin_is_known_alone_and_with_some_of_its_parts(parts):
    mapping = map_head(chosen_rows(rows_of(*parts)))
    assert mapping.topology == "anny"
    assert mapping.confidence == 1.0
    np.testing.assert_array_equal(mapping.role, HEAD.role[rows_of(*parts)])
    np.testing.assert_array_equal(mapping.uv[: HEAD.chart_count], HEAD.uv)
    assert not mapping.uv[HEAD.chart_count :].any()
    assert mapping.landmarks == HEAD.landmarks


def test_the_skin_is_known_behind_its_parts_in_any_pose_and_with_split_vertices():
    order = np.roll(rows_of(Role.TONGUE, Role.EYE_RIGHT), 226 + 434)
    whole = chosen_rows(order, moved(someone_else(), some_similarity()))
    split = split_along_seams(whole, np.random.default_rng(2))
    mapping = map_head(split)
    rows = order[whole.loop_vertices]
    assert mapping.topology == "anny"
    np.testing.assert_array_equal(mapping.uv[split.loop_vertices], map_head(someone_else()).uv[rows])
    np.testing.assert_array_equal(mapping.role[split.loop_vertices], HEAD.role[rows])
    np.testing.assert_array_equal(mapping.triangles, mapping.owner[mapping.triangles])
    assert len(mapping.triangles) == len(split.triangles())
    chin = split.vertices[mapping.landmarks["chin"]]
    np.testing.assert_array_equal(
        chin, moved(someone_else(), some_similarity()).vertices[HEAD.landmarks["chin"]]
    )
    np.testing.assert_allclose(mapping.points["chin"], chin)


def test_names_say_what_the_parts_beside_a_known_skin_are():
    mesh = chosen_rows(rows_of(Role.TEETH_UPPER))
    part = (mesh.loop_vertices[mesh.loop_starts[:-1]] >= HEAD.chart_count).astype(np.int32)
    for name, role in (("Teeth upper", Role.TEETH_UPPER), ("Teeth lower", Role.TEETH_LOWER)):
        mapping = map_head(mesh, hints=Hints(("Head", name), part))
        assert (mapping.role[HEAD.chart_count :] == role).all()


def test_a_moved_landmark_acts_on_a_known_skin_among_parts():
    mesh = chosen_rows(np.roll(rows_of(Role.EYE_LEFT), 434))
    chin = HEAD.vertices[HEAD.landmarks["chin"]].astype(np.float64) + np.array([0.0, -0.004, 0.001])
    mapping, whole = map_head(mesh, {"chin": chin}), map_head(HEAD.mesh, {"chin": chin})
    np.testing.assert_array_equal(mapping.uv[434:], whole.uv[: HEAD.chart_count])
    np.testing.assert_array_equal(mapping.points["chin"], whole.points["chin"])
    assert mapping.landmarks["chin"] == whole.landmarks["chin"] + 434


def test_of_two_known_heads_in_one_mesh_the_first_is_mapped_and_a_sentence_says_so():
    other = HEAD.vertices + np.float32([0.5, 0.0, 0.0])
    both = Mesh(
        np.concatenate([HEAD.vertices, other]),
        np.concatenate([HEAD.mesh.loop_vertices, HEAD.mesh.loop_vertices + len(other)]).astype(np.int32),
        np.concatenate([HEAD.mesh.loop_starts, HEAD.mesh.loop_starts[1:] + len(HEAD.mesh.loop_vertices)]),
    )
    mapping = map_head(both)
    assert "more than one face" in " ".join(mapping.warnings)
    np.testing.assert_array_equal(mapping.uv[: HEAD.chart_count], HEAD.uv)
    assert not mapping.uv[len(other) :].any()
    assert (mapping.role[len(other) :] == Role.OTHER).all()


@pytest.mark.parametrize("change", [lambda mesh: mesh, triangulated], ids=["polygons", "triangles"])
def test_scale_and_pose_are_undone(change):
    original = someone_else()
    mapping = map_head(change(moved(original, some_similarity())))
    expected = map_head(original)
    np.testing.assert_array_equal(mapping.uv, expected.uv)
    there = mapping.to_canonical.apply(moved(original, some_similarity()).vertices)
    np.testing.assert_allclose(there, expected.to_canonical.apply(original.vertices), atol=1e-5)
    assert mapping.confidence > 0.7


def first_of_each(split: Mesh) -> np.ndarray:
    """(L,) the first vertex that stands for the same one of the demo head, by polygon corner."""
    first = np.full(HEAD.mesh.vertex_count, split.vertex_count)
    np.minimum.at(first, HEAD.mesh.loop_vertices, split.loop_vertices)
    return first[HEAD.mesh.loop_vertices]


def test_vertices_split_along_seams_all_get_their_places():
    split = split_along_seams(someone_else(), np.random.default_rng(0))
    assert split.vertex_count > HEAD.mesh.vertex_count
    mapping = map_head(split)
    places = mapping.uv[split.loop_vertices]
    whole = map_head(someone_else())
    np.testing.assert_array_equal(places, whole.uv[HEAD.mesh.loop_vertices])
    np.testing.assert_array_equal(mapping.role[split.loop_vertices], whole.role[HEAD.mesh.loop_vertices])
    # What lies in one place moves as one, or the skin would crack along the seams.
    np.testing.assert_array_equal(mapping.owner[split.loop_vertices], first_of_each(split))
    np.testing.assert_array_equal(mapping.triangles, mapping.owner[split.triangles()])
    chin = split.vertices[mapping.landmarks["chin"]]
    np.testing.assert_array_equal(chin, someone_else().vertices[HEAD.landmarks["chin"]])


@pytest.mark.parametrize("writer", ["corner by corner", "material by material"])
def test_the_orders_in_which_exporters_write_are_known(writer):
    corners = HEAD.mesh.loop_vertices
    material = np.repeat(HEAD.material, np.diff(HEAD.mesh.loop_starts))
    rows = np.arange(len(corners)) if writer == "corner by corner" else np.lexsort((corners, material))
    # Every corner gets a vertex of its own, as in the worst of exports.
    scattered = np.empty(len(corners), dtype=np.int32)
    scattered[rows] = np.arange(len(corners), dtype=np.int32)
    mesh = Mesh(someone_else().vertices[corners[rows]], scattered, HEAD.mesh.loop_starts)
    mapping = map_head(mesh)
    np.testing.assert_array_equal(mapping.role, HEAD.role[corners[rows]])
    np.testing.assert_array_equal(mapping.uv, map_head(someone_else()).uv[corners[rows]])


def test_what_has_no_face_is_refused_with_what_to_do():
    with pytest.raises(MMTalkerError) as caught:
        map_head(tetrahedron())
    assert caught.value.code == ErrorCode.UNSUPPORTED_HEAD
    assert "No face was found" in caught.value.message
    assert "Choose a mesh" in caught.value.message


def test_the_right_number_of_vertices_is_not_enough():
    vertices = np.random.default_rng(0).normal(0.0, 0.1, HEAD.vertices.shape).astype(np.float32)
    with pytest.raises(MMTalkerError) as caught:
        map_head(Mesh(vertices, HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts))
    assert caught.value.code == ErrorCode.UNSUPPORTED_HEAD


def test_a_mirrored_head_is_no_known_one_but_its_left_is_found_on_its_left():
    vertices = HEAD.vertices * np.float32([-1.0, 1.0, 1.0])
    mapping = map_head(Mesh(vertices, HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts))
    assert mapping.topology == "any"
    corner = HEAD.vertices[HEAD.landmarks["mouth_left"]]
    assert np.linalg.norm(mapping.points["mouth_left"] - corner) < 0.01


def test_broken_geometry_is_refused_as_such():
    vertices = HEAD.vertices.copy()
    vertices[7] = np.nan
    with pytest.raises(MMTalkerError) as caught:
        map_head(Mesh(vertices, HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts))
    assert caught.value.code == ErrorCode.BAD_MESH


def test_odd_proportions_are_mapped_with_less_confidence_and_a_warning():
    vertices = HEAD.vertices * np.float32([0.75, 1.3, 1.0])
    mapping = map_head(Mesh(vertices.astype(np.float32), HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts))
    assert 0.5 <= mapping.confidence < 1.0
    assert "proportions" in mapping.warnings[0]


@pytest.fixture(scope="module")
def ict(data_folder):
    from lab.heads.ict import load_ict

    return load_ict(data_folder)


def test_ict_is_recognised_in_centimetres_and_as_another_person(ict):
    person = ict.neutral + np.tensordot(
        np.random.default_rng(3).normal(0.0, 0.8, 100).astype(np.float32), ict.identities, axes=1
    )
    mapping = map_head(moved(ict.mesh(person), some_similarity()))
    assert mapping.topology == "ict"
    assert mapping.confidence > 0.9
    in_chart = np.isin(mapping.role, CHART_ROLES)
    assert not mapping.uv[~in_chart].any()
    assert {Role(r) for r in np.unique(mapping.role)} == set(Role) - {Role.OTHER}


def test_ict_is_known_by_its_skin_where_its_eyes_come_first_and_its_lashes_are_absent(ict):
    whole = map_head(ict.mesh())
    eyes = np.flatnonzero(np.isin(whole.role, (Role.EYE_LEFT, Role.EYE_RIGHT)))
    count = int(np.isin(whole.role, CHART_ROLES).sum())
    mapping = map_head(chosen_rows(np.concatenate([eyes, np.arange(count)]), ict.mesh()))
    assert mapping.topology == "ict"
    np.testing.assert_array_equal(mapping.uv[len(eyes) :], whole.uv[:count])
    assert (mapping.role[: len(eyes)] == whole.role[eyes]).mean() > 0.95


def test_ict_skin_does_not_fold_in_the_chart(ict):
    from mmtalker.mesh.flatten import boundary_loop, signed_areas

    mapping = map_head(ict.mesh())
    surface = canonical_surface()
    skin = ict.mesh().triangles()
    skin = skin[np.isin(mapping.role, CHART_ROLES)[skin].all(axis=1)]
    edge = np.zeros(len(surface.uv))
    edge[boundary_loop(surface.triangles)] = 1.0
    below_neck = surface.interpolate(edge, mapping.uv) > 0.99
    face = skin[~below_neck[skin].any(axis=1)]
    assert len(face) > 20000
    flipped = signed_areas(mapping.uv.astype(np.float64), face) <= 0.0
    assert flipped.sum() <= 2


def test_ict_lips_and_lids_lie_on_ours(ict):
    mapping = map_head(ict.mesh())
    for name in set(HEAD.landmarks) - {"ear_left", "ear_right", "forehead", "chin"}:
        away = np.linalg.norm(mapping.uv[mapping.landmarks[name]] - HEAD.uv[HEAD.landmarks[name]])
        assert away < 0.01, name


def test_our_shapes_carried_to_ict_resemble_its_own(ict):
    from lab.heads.ict import FACE_COUNT, SKIN_COUNT
    from lab.heads.mapping_check import transfer_errors

    mapping = map_head(ict.mesh())
    face = (np.arange(SKIN_COUNT) < FACE_COUNT) & (mapping.role[:SKIN_COUNT] == Role.SKIN)
    figures = transfer_errors(
        HEAD, mapping.uv[:SKIN_COUNT], ict.neutral[:SKIN_COUNT], ict.shapes[:, :SKIN_COUNT], face
    )
    expected = {
        "jawOpen": 0.9,
        "mouthPucker": 0.85,
        "mouthSmileLeft": 0.8,
        "mouthSmileRight": 0.8,
        "eyeBlinkLeft": 0.8,
        "eyeBlinkRight": 0.8,
        "eyeWideLeft": 0.8,
    }
    for name, least in expected.items():
        assert figures[name].correlation > least, name


def test_ict_with_split_vertices_is_recognised(ict):
    split = split_along_seams(ict.mesh(), np.random.default_rng(1))
    mapping = map_head(split)
    assert mapping.topology == "ict"
    whole = map_head(ict.mesh())
    skin = np.flatnonzero(np.isin(whole.role, (Role.SKIN, Role.TEETH_LOWER)))
    corner = np.isin(ict.mesh().loop_vertices, skin)
    np.testing.assert_array_equal(
        mapping.uv[split.loop_vertices[corner]], whole.uv[ict.mesh().loop_vertices[corner]]
    )
