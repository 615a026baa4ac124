from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from lab.heads.training_heads import anny_head, ict_head
from lab.remeshing.resample import jitter, resample
from mmtalker.mapping.reading import HeadReading, read_mesh
from mmtalker.mapping.roles import PartRoles, assign_roles
from mmtalker.mapping.types import Hints
from mmtalker.mesh.canonical import MATERIALS, load_canonical
from mmtalker.mesh.mesh import Mesh
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import CHART_ROLES, Role

from .samples import ball, from_triangles, together

HEAD = load_canonical()
NAMES = {
    Role.EYE_LEFT: "eye.L",
    Role.EYE_RIGHT: "eye.R",
    Role.TEETH_UPPER: "teeth_upper",
    Role.TEETH_LOWER: "teeth_lower",
    Role.TONGUE: "tongue",
    Role.LASHES: "eyelashes",
}


@dataclass
class Told:
    """What was said of a head, beside the truth where that is known."""

    reading: HeadReading
    roles: PartRoles
    truth: np.ndarray

    @property
    def parts(self) -> np.ndarray:
        return (self.reading.component > 0) & (self.truth != 255)

    def right(self, role: Role | None = None) -> float:
        """Share of vertices of the parts, or of one role, that were told right."""
        chosen = self.parts if role is None else self.parts & (self.truth == role)
        assert chosen.any()
        return float((self.roles.role == self.truth)[chosen].mean())


@pytest.fixture(scope="module")
def ict(data_folder):
    return ict_head(data_folder)


def tell(mesh: Mesh, truth: np.ndarray, hints: Hints | None = None, seed: int | None = None) -> Told:
    """Read a head in canonical space and tell its parts; with a seed it is 3 mm and 2 degrees off."""
    reading = read_mesh(mesh)
    welded = np.full(len(reading.vertices), 255)
    welded[reading.owner] = truth
    points = reading.vertices
    if seed is not None:
        axis, shift = np.random.default_rng(seed).normal(size=(2, 3))
        turn = rotation_about(axis / np.linalg.norm(axis), np.radians(2.0))
        points = points @ turn.T + 0.003 * shift / np.linalg.norm(shift)
    skin = reading.component == 0
    told = Told(reading, assign_roles(reading, points, skin, hints), welded)
    assert (told.roles.role[skin] == Role.SKIN).all()
    assert not told.roles.jaw_weight[skin].any()
    assert np.isin(told.roles.leader, [-1, *np.flatnonzero(skin)]).all()
    return told


def mesh_of(head) -> Mesh:
    return from_triangles(head.vertices, head.triangles)


def without(mesh: Mesh, gone: np.ndarray) -> Mesh:
    """Leave out the polygons of some vertices."""
    triangles = mesh.triangles()
    return from_triangles(mesh.vertices, triangles[~gone[triangles].any(axis=1)])


def named(mesh: Mesh, roles: np.ndarray, names: dict[Role, str]) -> Hints:
    """Names of polygons by the role of their first vertex; others are called nothing that helps."""
    every = ("Material.001", *names.values())
    number = {role: i + 1 for i, role in enumerate(names)}
    first = roles[mesh.loop_vertices[mesh.loop_starts[:-1]]]
    return Hints(every, np.array([number.get(Role(role), 0) for role in first], dtype=np.int32))


@pytest.mark.parametrize("seed", [None, *range(6)])
def test_the_canonical_head_is_told_right_even_somewhat_off(seed):
    told = tell(HEAD.mesh, HEAD.role, seed=seed)
    assert told.right() == 1.0
    follows = np.isin(told.truth, (Role.TEETH_LOWER, Role.TONGUE))
    np.testing.assert_array_equal(told.roles.jaw_weight, follows.astype(np.float32))


@pytest.mark.parametrize("gone", list(NAMES)[:5])
def test_a_part_that_is_missing_does_not_confuse_the_rest(gone):
    assert tell(without(HEAD.mesh, HEAD.role == gone), HEAD.role).right() == 1.0


def test_another_order_of_vertices_changes_nothing():
    order = np.random.default_rng(0).permutation(len(HEAD.vertices))
    number = np.argsort(order)
    mesh = Mesh(HEAD.vertices[order], number[HEAD.mesh.loop_vertices].astype(np.int32), HEAD.mesh.loop_starts)
    assert tell(mesh, HEAD.role[order], seed=1).right() == 1.0


@pytest.mark.parametrize("vertices", [pytest.param(3_000, marks=pytest.mark.slow), 16_000])
def test_other_topologies_of_the_canonical_head(vertices):
    head = jitter(resample(anny_head(), vertices), np.random.default_rng(0))
    assert tell(mesh_of(head), head.role, seed=2).right() > 0.99


@pytest.mark.parametrize("seed", [None, 2])
def test_ict_is_told_right_by_form_and_place(ict, seed):
    head = ict
    told = tell(mesh_of(head), head.role, seed=seed)
    # Its gums and tongue are one surface, which nothing but a name takes apart.
    for role, share in ((Role.EYE_LEFT, 1.0), (Role.EYE_RIGHT, 1.0), (Role.LASHES, 1.0),
                        (Role.TEETH_UPPER, 0.92), (Role.TEETH_LOWER, 0.95)):  # fmt: skip
        assert told.right(role) >= share, role
    lower = told.truth == Role.TEETH_LOWER
    assert told.roles.jaw_weight[lower].mean() > 0.93
    assert told.roles.jaw_weight[told.truth == Role.TEETH_UPPER].mean() < 0.08
    assert told.roles.jaw_weight[told.truth == Role.TONGUE].mean() > 0.95


def test_names_take_apart_what_is_one_surface(ict):
    head = ict
    mesh = mesh_of(head)
    told = tell(mesh, head.role, named(mesh, head.role, NAMES), seed=3)
    assert told.right() > 0.98
    assert told.right(Role.TONGUE) > 0.95


@pytest.mark.slow
def test_coarse_lashes_and_a_tongue_off_the_middle(ict):
    coarse = resample(ict, 8_000)
    told = tell(mesh_of(coarse), coarse.role, seed=1)
    assert told.right(Role.LASHES) == 1.0
    vertices = HEAD.vertices + np.float32([0.006, 0.0, 0.0]) * (HEAD.role == Role.TONGUE)[:, None]
    aside = Mesh(vertices, HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts)
    assert tell(aside, HEAD.role).right() == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_random_people_of_ict(data_folder, seed):
    head = ict_head(data_folder, np.random.default_rng(seed))
    assert tell(mesh_of(head), head.role, seed=seed).right() > 0.94


def test_lashes_follow_the_lid_at_their_root(ict):
    head = ict
    told = tell(mesh_of(head), head.role)
    led = np.flatnonzero(told.roles.leader >= 0)
    assert len(led) > 500
    assert (told.truth[led] == Role.LASHES).all()
    leader = told.reading.vertices[told.roles.leader[led]]
    away = np.linalg.norm(told.reading.vertices[led] - leader, axis=1)
    assert away.max() < 0.02
    # Roots are on the margins: from there to the eyes' centres it is a little more than an eyeball's radius.
    centre = np.where(leader[:, :1] > 0.0, [[0.030, 0.0, 0.0]], [[-0.030, 0.0, 0.0]])
    assert np.median(np.linalg.norm(leader - centre, axis=1)) < 0.022


def test_misleading_names_lose_against_plain_form():
    wrong = {Role.EYE_LEFT: "tongue", Role.EYE_RIGHT: "hair", Role.TONGUE: "eyes", Role.TEETH_UPPER: "iris"}
    told = tell(HEAD.mesh, HEAD.role, named(HEAD.mesh, HEAD.role, wrong))
    assert told.right() == 1.0


def test_names_win_where_form_says_little():
    flat = HEAD.vertices.copy()
    eyes = np.isin(HEAD.role, (Role.EYE_LEFT, Role.EYE_RIGHT))
    flat[eyes, 2] = 0.012 + 0.1 * flat[eyes, 2]
    mesh = Mesh(flat, HEAD.mesh.loop_vertices, HEAD.mesh.loop_starts)
    assert tell(mesh, HEAD.role).right(Role.EYE_LEFT) == 0.0
    assert tell(mesh, HEAD.role, named(mesh, HEAD.role, NAMES)).right() == 1.0


def test_materials_of_the_canonical_head_do_no_harm():
    hints = Hints(MATERIALS, HEAD.material.astype(np.int32))
    assert tell(HEAD.mesh, HEAD.role, hints).right() == 1.0


@pytest.mark.parametrize("size", [0.6, 1.0, 2.2])
def test_balls_and_halves_of_balls_of_many_sizes_are_eyes(size):
    bare = without(HEAD.mesh, HEAD.role > Role.EYE_SOCKET)
    for until in (np.pi, 0.55 * np.pi):
        eye = ball(until=until)
        sides = [
            Mesh(
                eye.vertices * np.float32(0.016 * size) + np.float32([x, 0.004, 0.0]),
                eye.loop_vertices,
                eye.loop_starts,
            )
            for x in (0.036, -0.036)
        ]
        mesh = together(bare, *sides)
        truth = np.zeros(mesh.vertex_count, dtype=int)
        truth[bare.vertex_count :] = np.repeat([Role.EYE_LEFT, Role.EYE_RIGHT], eye.vertex_count)
        assert tell(mesh, truth).right() == 1.0


def test_cornea_and_iris_belong_to_their_eye():
    bare = without(HEAD.mesh, HEAD.role > Role.EYE_SOCKET)
    cap = ball(until=0.2 * np.pi)
    pieces = []
    for x in (0.030, -0.030):
        for scale, depth, form in ((0.016, 0.0, ball()), (0.0105, 0.0068, cap), (0.012, 0.001, cap)):
            place = form.vertices * np.float32(scale) + np.float32([x, 0.0, depth])
            pieces.append(Mesh(place, form.loop_vertices, form.loop_starts))
    mesh = together(bare, *pieces)
    truth = np.zeros(mesh.vertex_count, dtype=int)
    truth[bare.vertex_count :] = np.where(
        mesh.vertices[bare.vertex_count :, 0] > 0.0, Role.EYE_LEFT, Role.EYE_RIGHT
    )
    assert tell(mesh, truth, seed=5).right() == 1.0


def test_upper_and_lower_teeth_in_one_surface_part_smoothly():
    steps = np.linspace(-1.0, 1.0, 41)
    x, y = np.meshgrid(0.028 * steps, np.linspace(-0.088, -0.050, 39), indexing="ij")
    wall = np.stack([x, y, 0.018 - 30.0 * x**2], axis=2).reshape(-1, 3)
    corner = (np.arange(40)[:, None] * 39 + np.arange(38)).ravel()
    strip = Mesh.from_polygons(
        wall.astype(np.float32), np.stack([corner, corner + 39, corner + 40, corner + 1], axis=1)
    )
    bare = without(HEAD.mesh, HEAD.role > Role.EYE_SOCKET)
    told = tell(together(bare, strip), np.zeros(bare.vertex_count + strip.vertex_count))
    own = told.reading.component == 1
    height, weight = told.reading.vertices[own, 1], told.roles.jaw_weight[own]
    assert (weight[height > -0.064] == 0.0).all()
    assert (weight[height < -0.074] == 1.0).all()
    assert np.abs(np.diff(weight.reshape(41, 39), axis=1)).max() < 0.3
    assert set(np.unique(told.roles.role[own])) == {Role.TEETH_UPPER, Role.TEETH_LOWER}


def shell_of_skin(chosen: np.ndarray, lift: float) -> Mesh:
    """A copy of some of the canonical skin, lifted off it."""
    from mmtalker.mesh.normals import vertex_normals

    triangles = HEAD.chart_triangles[chosen[HEAD.chart_triangles].all(axis=1)]
    lifted = HEAD.vertices + lift * vertex_normals(HEAD.vertices, HEAD.chart_triangles)
    used, local = np.unique(triangles, return_inverse=True)
    return from_triangles(lifted[used], local.reshape(-1, 3))


@pytest.mark.parametrize("name", [None, "hair"])
def test_a_hair_cap_stays_still_and_a_beard_does_not(name):
    at = HEAD.vertices
    plain = np.zeros(len(at), dtype=bool)
    plain[: HEAD.chart_count] = HEAD.role[: HEAD.chart_count] == Role.SKIN
    cap = shell_of_skin(plain & (at[:, 1] > 0.05), 0.003)
    beard = shell_of_skin(plain & (at[:, 1] < -0.09) & (at[:, 2] > 0.0), 0.003)
    mesh = together(HEAD.mesh, cap, beard)
    truth = np.concatenate(
        [HEAD.role, np.full(cap.vertex_count, Role.OTHER), np.full(beard.vertex_count, Role.LASHES)]
    )
    face = np.zeros(mesh.face_count, dtype=np.int32)
    face[HEAD.mesh.face_count : HEAD.mesh.face_count + cap.face_count] = 1
    told = tell(mesh, truth, Hints(("Material", name), face) if name else None, seed=4)
    assert told.right() == 1.0


def test_a_head_of_skin_alone_has_no_parts():
    bare = without(HEAD.mesh, ~np.isin(HEAD.role, CHART_ROLES))
    reading = read_mesh(bare)
    roles = assign_roles(reading, reading.vertices, reading.component == 0)
    assert (roles.role[reading.component < 0] == Role.OTHER).all()
    assert (roles.role[reading.component == 0] == Role.SKIN).all()
    assert (roles.leader == -1).all()


def test_many_strands_of_hair_are_no_burden():
    rng = np.random.default_rng(0)
    roots = rng.uniform([-0.1, 0.07, -0.15], [0.1, 0.13, 0.05], size=(4000, 3))[:, None]
    strands = (roots + rng.uniform(-0.01, 0.01, size=(4000, 3, 3))).reshape(-1, 3)
    hair = from_triangles(strands, np.arange(12000).reshape(-1, 3))
    mesh = together(HEAD.mesh, hair)
    truth = np.concatenate([HEAD.role, np.full(12000, Role.OTHER)])
    assert tell(mesh, truth).right() == 1.0
