from __future__ import annotations

import time

import numpy as np
import pytest

from mmtalker.mapping.reading import HeadReading, read_mesh
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Mesh

from .samples import ball, from_triangles, reversed_polygons, soup, split_at_random, together

HEAD = load_canonical()
UPPER, LOWER = HEAD.lip_pairs.T


def touching_lips() -> Mesh:
    vertices = HEAD.vertices.copy()
    vertices[UPPER] = vertices[LOWER] = 0.5 * (vertices[UPPER] + vertices[LOWER])
    return Mesh(vertices, HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts)


def owner_of_soup(mesh: Mesh, reading: HeadReading) -> np.ndarray:
    """Welded vertex of each vertex of the mesh whose soup was read."""
    owner = np.full(mesh.vertex_count, -1)
    owner[mesh.loop_vertices] = reading.owner
    np.testing.assert_array_equal(owner[mesh.loop_vertices], reading.owner)
    return owner


def outward_share(reading: HeadReading) -> float:
    """Share of triangles that look away from the origin."""
    a, b, c = np.moveaxis(reading.vertices[reading.triangles], 1, 0)
    return float((np.einsum("tc,tc->t", np.cross(b - a, c - a), a + b + c) > 0.0).mean())


def directed_twice(reading: HeadReading) -> int:
    """Edges that two triangles use in the same direction."""
    edges = np.concatenate([reading.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    return len(edges) - len(np.unique(edges, axis=0))


def test_a_sound_head_is_read_as_it_is():
    reading = read_mesh(HEAD.mesh)
    np.testing.assert_array_equal(reading.owner, np.arange(len(HEAD.vertices)))
    np.testing.assert_allclose(reading.vertices, HEAD.vertices)
    assert len(reading.triangles) == len(HEAD.triangles)
    assert not reading.flipped.any()
    assert reading.warnings == ()
    assert (reading.component[: HEAD.chart_count] == 0).all()
    assert not (reading.component[HEAD.chart_count :] == 0).any()
    assert reading.component.max() == 29


def test_components_are_numbered_by_their_surface():
    reading = read_mesh(HEAD.mesh)
    a, b, c = np.moveaxis(reading.vertices[reading.triangles], 1, 0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    surface = np.bincount(reading.component[reading.triangles[:, 0]], weights=area)
    assert (np.diff(surface) <= 1e-12).all()


@pytest.mark.parametrize("split", [soup, lambda mesh: split_at_random(mesh, np.random.default_rng(0))])
def test_a_head_in_pieces_is_one_skin_again(split):
    reading = read_mesh(split(HEAD.mesh))
    assert len(reading.vertices) == len(HEAD.vertices)
    assert reading.component.max() == 29
    assert len(reading.triangles) == len(HEAD.triangles)
    assert directed_twice(reading) == 0
    assert reading.warnings == ()


def test_vertices_a_rounding_apart_are_welded():
    pieces = soup(HEAD.mesh)
    extent = np.ptp(HEAD.vertices, axis=0).max()
    noise = np.random.default_rng(0).uniform(-2e-7, 2e-7, pieces.vertices.shape) * extent
    rough = Mesh((pieces.vertices + noise).astype(np.float32), pieces.loop_vertices, pieces.loop_starts)
    assert len(read_mesh(rough).vertices) == len(HEAD.vertices)


def test_lips_that_touch_are_never_welded():
    whole = touching_lips()
    assert (whole.vertices[UPPER] == whole.vertices[LOWER]).all()
    owner = read_mesh(whole).owner
    assert (owner[UPPER] != owner[LOWER]).all()


def test_lips_that_touch_stay_apart_even_in_a_soup_of_triangles():
    whole = touching_lips()
    reading = read_mesh(soup(whole))
    owner = owner_of_soup(whole, reading)
    assert (owner[UPPER] != owner[LOWER]).all()
    assert len(reading.vertices) == len(HEAD.vertices)
    assert directed_twice(reading) == 0


def test_touching_lips_stay_apart_where_the_whole_head_is_inside_out():
    whole = touching_lips()
    inside_out = reversed_polygons(whole, np.ones(whole.face_count, dtype=bool))
    reading = read_mesh(soup(inside_out))
    owner = owner_of_soup(inside_out, reading)
    assert (owner[UPPER] != owner[LOWER]).all()
    assert reading.flipped.all()


def grid_with_slit(closed_surface: bool) -> tuple[Mesh, np.ndarray]:
    """A sheet, or a ball, cut along some edges, whose two sides still touch; and the cut's vertices."""
    if closed_surface:
        whole, cut = ball(), np.arange(1 + 3, 1 + 16 * 11, 16)
    else:
        x, y = np.meshgrid(np.arange(9.0), np.arange(9.0), indexing="ij")
        corner = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
        whole = Mesh.from_polygons(
            np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1).astype(np.float32),
            np.stack([corner, corner + 9, corner + 10, corner + 1], axis=1),
        )
        cut = np.arange(2, 7) * 9 + 4
    centre = np.array(
        [
            whole.vertices[whole.loop_vertices[s:e]].mean(axis=0)
            for s, e in zip(whole.loop_starts[:-1], whole.loop_starts[1:], strict=True)
        ]
    )
    if closed_surface:
        turn = 2 * np.pi * 3 / 16
        beyond = centre @ [-np.sin(turn), np.cos(turn), 0.0] > 0.0
    else:
        beyond = centre[:, 1] > 4.0
    loops = whole.loop_vertices.copy()
    chosen = np.repeat(beyond, np.diff(whole.loop_starts)) & np.isin(loops, cut)
    loops[chosen] = whole.vertex_count + np.searchsorted(cut, loops[chosen])
    return Mesh(np.concatenate([whole.vertices, whole.vertices[cut]]), loops, whole.loop_starts), cut


def test_a_closed_mouth_without_anything_behind_it_stays_open():
    mesh, cut = grid_with_slit(closed_surface=False)
    owner = read_mesh(mesh).owner
    assert (owner[cut] != owner[-len(cut) :]).all()


def test_the_cut_of_a_chart_in_a_closed_surface_is_sewn():
    mesh, cut = grid_with_slit(closed_surface=True)
    reading = read_mesh(mesh)
    np.testing.assert_array_equal(reading.owner[cut], reading.owner[-len(cut) :])
    assert len(reading.vertices) == ball().vertex_count


def test_polygons_turned_at_random_are_made_to_agree():
    wrong = np.random.default_rng(0).random(HEAD.mesh.face_count) < 0.4
    reading = read_mesh(reversed_polygons(HEAD.mesh, wrong))
    np.testing.assert_array_equal(reading.flipped, wrong[reading.face])
    assert directed_twice(reading) == 0
    assert f"{reading.flipped.sum():,} of 16,572 triangles" in reading.warnings[0]


def test_the_head_is_turned_outwards_as_a_whole():
    reading = read_mesh(reversed_polygons(HEAD.mesh, np.ones(HEAD.mesh.face_count, dtype=bool)))
    assert reading.flipped.all()
    a, b, c = np.moveaxis(reading.vertices[reading.triangles], 1, 0)
    volume = np.einsum("tc,tc->t", np.cross(a, b), c) / 6.0
    part = reading.component[reading.triangles[:, 0]]
    assert (np.bincount(part, weights=volume) > 0.0).all()


def test_a_face_with_its_mouth_bag_and_no_back_looks_outwards():
    front = (HEAD.vertices[HEAD.chart_triangles, 2] > 0.0).all(axis=1)
    mask = from_triangles(HEAD.vertices, HEAD.chart_triangles[front])
    assert (np.isin(HEAD.chart_triangles[front], np.flatnonzero(HEAD.role == 1))).any()
    assert not read_mesh(mask).flipped.any()
    turned = read_mesh(reversed_polygons(mask, np.ones(mask.face_count, dtype=bool)))
    assert turned.flipped.all()


@pytest.mark.parametrize("until", [np.pi, np.pi / 2, np.pi / 4], ids=["ball", "half", "cap"])
@pytest.mark.parametrize("inwards", [False, True])
def test_balls_and_halves_of_balls_look_outwards(until, inwards):
    mesh = ball(until=until)
    reading = read_mesh(reversed_polygons(mesh, np.full(mesh.face_count, inwards)))
    assert outward_share(reading) == 1.0
    assert reading.flipped.all() == inwards


def test_the_seam_of_a_mirrored_half_is_sewn_whichever_way_it_turns():
    half = ball(until=np.pi / 2)
    other = Mesh(half.vertices * np.float32([1, 1, -1]), half.loop_vertices, half.loop_starts)
    reading = read_mesh(together(half, other))
    assert reading.component.max() == 0
    assert outward_share(reading) == 1.0
    assert directed_twice(reading) == 0


def test_nothing_is_taken_to_go_on_where_three_triangles_meet():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0.2], [0, 0, 1]], dtype=np.float32)
    reading = read_mesh(from_triangles(vertices, np.array([[0, 1, 2], [1, 0, 3], [0, 1, 4]])))
    assert reading.warnings[0].startswith("1 edges have more than two triangles")
    assert not reading.flipped.any()


def test_a_strip_with_one_side_comes_back_whole():
    turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    rim = [
        np.stack([(2 + s * np.cos(turn / 2)) * np.cos(turn), (2 + s * np.cos(turn / 2)) * np.sin(turn),
                  s * np.sin(turn / 2)], axis=1)
        for s in (0.5, -0.5)
    ]  # fmt: skip
    quads = [[i, i + 1, 24 + i + 1, 24 + i] for i in range(23)] + [[23, 24, 0, 47]]
    reading = read_mesh(Mesh.from_polygons(np.concatenate(rim).astype(np.float32), quads))
    assert len(reading.triangles) == 48
    assert reading.component.max() == 0


def test_what_has_no_area_or_lies_on_another_is_dropped():
    mesh = ball()
    double = [[0, 1, 2], [2, 1, 0], [3, 3, 4], [5, 6, 6]]
    polygons = [mesh.loop_vertices[s:e].tolist() for s, e in zip(mesh.loop_starts[:-1], mesh.loop_starts[1:],
                                                                 strict=True)]  # fmt: skip
    reading = read_mesh(Mesh.from_polygons(mesh.vertices, polygons + double))
    assert len(reading.triangles) == len(read_mesh(mesh).triangles)
    assert reading.warnings == ("2 triangles lay exactly on others; they are read once.",)


def test_a_copy_of_the_whole_skin_is_read_once():
    reading = read_mesh(together(ball(), ball()))
    assert len(reading.vertices) == ball().vertex_count
    assert reading.component.max() == 0


def test_a_pole_of_many_vertices_is_sewn():
    whole = ball()
    loops = whole.loop_vertices.copy()
    poles = np.flatnonzero(loops == 0)
    loops[poles[1:]] = whole.vertex_count + np.arange(len(poles) - 1)
    vertices = np.concatenate([whole.vertices, np.repeat(whole.vertices[:1], len(poles) - 1, axis=0)])
    reading = read_mesh(Mesh(vertices, loops, whole.loop_starts))
    assert len(reading.vertices) == whole.vertex_count


def test_loose_vertices_have_an_owner_and_no_component():
    mesh = ball()
    vertices = np.concatenate([mesh.vertices, [[0, 0, 1], [9, 9, 9]]]).astype(np.float32)
    reading = read_mesh(Mesh(vertices, mesh.loop_vertices, mesh.loop_starts))
    assert len(reading.owner) == len(vertices)
    assert reading.component[reading.owner[-2:]].tolist() == [-1, -1]
    assert (reading.component[reading.owner[:-2]] == 0).all()


@pytest.mark.parametrize("scale", [2.0**-13, 2.0**13])
def test_size_and_place_do_not_matter(scale):
    far = Mesh((HEAD.vertices * scale).astype(np.float32), HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts)
    here, there = read_mesh(HEAD.mesh), read_mesh(far)
    np.testing.assert_array_equal(here.triangles, there.triangles)
    np.testing.assert_array_equal(here.component, there.component)


def test_a_real_head_in_pieces_is_read_like_the_whole(data_folder):
    from lab.heads.ict import load_ict

    mesh = load_ict(data_folder).mesh()
    whole, pieces = read_mesh(mesh), read_mesh(soup(mesh))
    assert whole.warnings == pieces.warnings == ()
    skin = [int((reading.component == 0).sum()) for reading in (whole, pieces)]
    assert skin == [14062, 14062]
    assert len(whole.triangles) == len(pieces.triangles)


@pytest.mark.slow
def test_two_hundred_thousand_triangles_take_less_than_two_seconds():
    rows, columns = 320, 320
    mesh = ball(rows, columns)
    assert read_mesh(mesh).triangles.shape[0] > 200_000
    start = time.process_time()
    read_mesh(mesh)
    assert time.process_time() - start < 2.0
