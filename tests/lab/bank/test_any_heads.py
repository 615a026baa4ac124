"""People for the networks that find a face: cartoons, things over them and missing, and the truth about it.

The person of most of these tests is the canonical head itself.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from lab.bank import bank as banks
from lab.bank.bank import HeadCloud, cloud_of, fill_bank, random_person, simplified_cloud
from lab.bank.exaggerate import exaggerate
from lab.bank.people import Person, anny_person, ict_person, placed, random_expression
from lab.bank.perturb import coarser, covered, perturb, with_blobs, without
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.rigid import rotation_about
from mmtalker.mesh.roles import CHART_ROLES, Role
from mmtalker.motion.arkit import ARKIT_INDEX

HEAD = load_canonical()
COUNT = len(HEAD.vertices)


@pytest.fixture(scope="module")
def person() -> Person:
    """The canonical head, which lies where it lies on the canonical head."""
    on_chart = np.isin(HEAD.role, CHART_ROLES)
    vertices = HEAD.vertices.astype(np.float64)
    uv = np.zeros((COUNT, 2))
    uv[: HEAD.chart_count] = HEAD.uv
    place = np.where(on_chart[:, None], vertices, 0.0)
    triangles = HEAD.triangles.astype(np.int64)
    return Person("made", vertices, triangles, HEAD.role, uv, place, on_chart, HEAD.landmarks)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def areas(person: Person) -> np.ndarray:
    a, b, c = person.vertices[person.triangles].transpose(1, 0, 2)
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def sound(person: Person) -> None:
    """All arrays are about the same vertices, and nothing is not a number."""
    count = len(person.vertices)
    assert person.role.shape == person.on_chart.shape == (count,)
    assert person.place.shape == (count, 3) and person.uv.shape == (count, 2)
    assert all(np.isfinite(part).all() for part in (person.vertices, person.place, person.uv))
    assert len(person.triangles) and person.triangles.min() >= 0 and person.triangles.max() < count


def test_a_person_anywhere_is_brought_onto_the_canonical_face(person: Person) -> None:
    turn = rotation_about(np.array([0.0, 1.0, 0.0]), 1.0)
    away = replace(person, vertices=100.0 * person.vertices @ turn.T + [5.0, 160.0, -3.0])
    np.testing.assert_allclose(placed(away).vertices, person.vertices, atol=1e-9)


def test_without_strength_a_face_is_left_as_it_was(person: Person) -> None:
    np.testing.assert_allclose(exaggerate(person, rng(), 0.0).vertices, person.vertices, atol=1e-9)


def test_a_cartoon_looks_different_and_has_the_same_places(person: Person) -> None:
    before = person.vertices.copy()
    drawn = exaggerate(person, rng(1), 1.0)
    assert np.linalg.norm(drawn.vertices - before, axis=1).max() > 0.01
    np.testing.assert_array_equal(person.vertices, before)
    for part in ("place", "uv", "on_chart", "role", "triangles"):
        np.testing.assert_array_equal(getattr(drawn, part), getattr(person, part))
    assert drawn.landmarks == person.landmarks


def test_more_strength_is_a_stronger_cartoon(person: Person) -> None:
    def way(strength: float) -> float:
        drawn = [exaggerate(person, rng(seed), strength).vertices for seed in range(5)]
        return float(np.linalg.norm(np.stack(drawn) - person.vertices, axis=2).mean())

    moved = [way(strength) for strength in (0.2, 0.6, 1.1)]
    assert moved[0] > 0.0005
    assert moved[1] > 2.0 * moved[0] and moved[2] > 1.5 * moved[1]


@pytest.mark.parametrize("seed", range(20))
def test_a_cartoon_has_no_folds_worth_mentioning(person: Person, seed: int) -> None:
    drawn = exaggerate(person, rng(seed), 1.0)
    sound(drawn)

    def crosses(vertices: np.ndarray) -> np.ndarray:
        a, b, c = vertices[HEAD.chart_triangles].transpose(1, 0, 2)
        return np.cross(b - a, c - a)

    turned = np.einsum("tk,tk->t", crosses(drawn.vertices), crosses(person.vertices)) < 0.0
    skin = (HEAD.role[HEAD.chart_triangles] == Role.SKIN).all(axis=1)
    assert turned[skin].mean() < 0.03


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_to_a_person_the_truth_stays_sound(person: Person, seed: int) -> None:
    chance = rng(seed)
    changed = perturb(exaggerate(person, chance, 1.1), chance)
    sound(changed)
    # The vertices of the head itself are all still there, in their order.
    np.testing.assert_array_equal(changed.place[:COUNT], person.place)
    np.testing.assert_array_equal(changed.on_chart[:COUNT], person.on_chart)
    assert not changed.on_chart[COUNT:].any()
    assert (changed.role[COUNT:] == Role.OTHER).all()


def test_the_same_chance_makes_the_same_person(person: Person) -> None:
    one, same, other = (perturb(person, rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.triangles, same.triangles)
    np.testing.assert_array_equal(one.vertices, same.vertices)
    assert one.triangles.shape != other.triangles.shape


def test_many_people_are_perturbed_in_many_ways(person: Person) -> None:
    people = [perturb(person, rng(seed)) for seed in range(40)]
    more = [len(one.vertices) > COUNT for one in people]
    fewer = [not np.isin(np.flatnonzero(HEAD.role == Role.EYE_LEFT), one.triangles).any() for one in people]
    assert 0.15 < np.mean(more) < 0.75
    assert 0.05 < np.mean(fewer) < 0.6


def test_what_is_left_out_is_in_no_triangle_and_keeps_its_number(person: Person) -> None:
    keep = HEAD.role != Role.EYE_LEFT
    left = without(person, keep)
    np.testing.assert_array_equal(left.vertices, person.vertices)
    assert not np.isin(np.flatnonzero(~keep), left.triangles).any()
    assert set(np.flatnonzero(keep)) <= set(left.triangles.ravel())


def test_a_coarser_face_has_fewer_triangles_and_none_without_three_corners(person: Person) -> None:
    counts = [len(person.triangles)]
    for cell in (0.004, 0.012):
        coarse = coarser(person, cell, rng())
        counts.append(len(coarse.triangles))
        a, b, c = coarse.triangles.T
        assert ((a != b) & (b != c) & (c != a)).all()
        assert (areas(coarse) > 0.0).mean() > 0.99
        # It is a face still: what is left lies where its vertices lay, and parts are not joined.
        np.testing.assert_array_equal(coarse.vertices, person.vertices)
        part = np.where(coarse.on_chart, 0, coarse.role.astype(int) + 1)[coarse.triangles]
        assert (np.ptp(part, axis=1) == 0).all()
    assert counts[0] > 1.3 * counts[1] > 3.0 * counts[2]


def test_a_cover_lies_over_the_chosen_skin_and_has_no_place(person: Person) -> None:
    chosen = person.on_chart & (person.vertices[:, 1] > 0.04) & (HEAD.role == Role.SKIN)
    hairy = covered(person, chosen, 0.01, rng())
    added = slice(COUNT, None)
    assert 0 < len(hairy.vertices) - COUNT <= chosen.sum()
    assert not hairy.on_chart[added].any() and not hairy.place[added].any()
    np.testing.assert_array_equal(hairy.vertices[:COUNT], person.vertices)
    np.testing.assert_array_equal(hairy.triangles[: len(person.triangles)], person.triangles)
    new = hairy.triangles[len(person.triangles) :]
    assert new.min() == COUNT and new.max() == len(hairy.vertices) - 1
    # Lifted outwards, never more than twice the thickness off its skin, and never into it.
    centre = np.array([0.0, 0.0, -0.06])
    used = np.unique(person.triangles[chosen[person.triangles].all(axis=1)])
    lift = hairy.vertices[added] - person.vertices[used]
    assert (np.linalg.norm(lift, axis=1) <= 0.0201).all()
    assert (np.einsum("nk,nk->n", lift, person.vertices[used] - centre) >= -1e-6).mean() > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_blobs_are_beside_the_chart_and_turned_outwards(person: Person, seed: int) -> None:
    blobs = with_blobs(person, rng(seed))
    sound(blobs)
    assert not blobs.on_chart[COUNT:].any()
    size = 160
    assert (len(blobs.vertices) - COUNT) % size == 0
    for start in range(COUNT, len(blobs.vertices), size):
        part = blobs.vertices[start : start + size]
        middle = 0.5 * (part.min(axis=0) + part.max(axis=0))
        first = blobs.triangles.min(axis=1)
        own = blobs.triangles[(first >= start) & (first < start + size)]
        a, b, c = blobs.vertices[own].transpose(1, 0, 2)
        outwards = np.einsum("tk,tk->t", np.cross(b - a, c - a), (a + b + c) / 3.0 - middle)
        assert len(own) and (outwards > 0.0).all()


def test_hiding_nothing_adds_nothing(person: Person) -> None:
    bald = covered(person, np.zeros(COUNT, dtype=bool), 0.01, rng())
    assert len(bald.vertices) == COUNT
    np.testing.assert_array_equal(bald.triangles, person.triangles)


def test_an_expression_is_mostly_none_and_never_more_than_a_face_can() -> None:
    chance = rng()
    drawn = [random_expression(chance) for _ in range(200)]
    some = [one for one in drawn if one is not None]
    assert 0.25 < len(some) / len(drawn) < 0.55
    assert all(one.shape == (52,) and one.min() >= 0.0 and one.max() <= 0.7 for one in some)
    assert all(1 <= np.count_nonzero(one) <= 4 for one in some)


@pytest.fixture(scope="module")
def few_points() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(banks, "POINTS", 4000)
        yield


@pytest.fixture(scope="module")
def cloud(person: Person, few_points: None) -> HeadCloud:
    return cloud_of(person, rng())


def test_a_cloud_has_unit_normals_and_places_on_the_canonical_head(cloud: HeadCloud) -> None:
    assert cloud.points.shape == cloud.normals.shape == cloud.place.shape == (8000, 3)
    np.testing.assert_allclose(np.linalg.norm(cloud.normals.astype(np.float32), axis=1), 1.0, atol=2e-3)
    low, high = HEAD.vertices.min(axis=0) - 1e-3, HEAD.vertices.max(axis=0) + 1e-3
    assert ((cloud.place >= low) & (cloud.place <= high)).all()
    # This head is the canonical one: its places are its points, wherever it has any.
    on = cloud.on_chart
    np.testing.assert_allclose(cloud.place[on].astype(float), cloud.points[on].astype(float), atol=2e-4)
    assert not cloud.place[~on & (np.abs(cloud.points[:, 0]) > 0.09)].any()


def test_half_of_a_cloud_is_of_the_face(cloud: HeadCloud) -> None:
    face = cloud.on_chart & (cloud.place[:, 2] > -0.05)
    spread_evenly, of_the_face = face[:4000].mean(), face[4000:].mean()
    assert of_the_face > 0.8 > spread_evenly > 0.2


def test_a_simplified_person_keeps_the_truth_of_who_it_was(person: Person, few_points: None) -> None:
    pytest.importorskip("igl", reason="simplifying needs libigl")
    coarse = simplified_cloud(person, len(person.triangles) // 8, rng())
    assert len(coarse.points) == 8000
    face = coarse.on_chart & (coarse.place[:, 2] > -0.05)
    assert face.mean() > 0.4
    # Its points lie on facets; what they are is that of the nearest skin.
    tree = cKDTree(person.vertices[person.on_chart])
    away, _ = tree.query(coarse.points[face].astype(np.float64))
    assert np.median(away) < 0.004
    apart = np.linalg.norm(coarse.points[face].astype(np.float64) - coarse.place[face], axis=1)
    assert np.median(apart) < 0.01


def test_a_person_without_a_face_is_spread_evenly(person: Person, few_points: None) -> None:
    faceless = cloud_of(without(person, ~person.on_chart), rng())
    assert len(faceless.points) == 4000
    assert not faceless.on_chart.any()


def test_a_bank_is_made_once_and_read_again(
    person: Person, few_points: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def drawn(model: str, data: Path, chance: np.random.Generator, **_: object) -> Person:
        made.append(model)
        return perturb(person, chance)

    simplified: list[int] = []

    def left(someone: Person, count: int, chance: np.random.Generator) -> HeadCloud:
        simplified.append(count)
        return cloud_of(someone, chance)

    monkeypatch.setattr(banks, "random_person", drawn)
    # Whether people are simplified well is asked elsewhere; it needs more than the tests have.
    monkeypatch.setattr(banks, "simplified_cloud", left)
    first = list(fill_bank(tmp_path / "bank", tmp_path, ("anny", "ict"), range(3), seed=1))
    assert made == ["anny", "ict", "anny"]
    assert len(simplified) == 1 and banks.TRIANGLES_LEFT[0] <= simplified[0] <= banks.TRIANGLES_LEFT[1]
    again = list(fill_bank(tmp_path / "bank", tmp_path, ("anny", "ict"), range(4), seed=1))
    assert made[3:] == ["ict"]
    for one, same in zip(first, again, strict=False):
        np.testing.assert_array_equal(one.points, same.points)
        np.testing.assert_array_equal(one.on_chart, same.on_chart)
    # A head depends on its number and on nothing that came before it.
    (alone,) = fill_bank(tmp_path / "other", tmp_path, ("ict", "anny"), range(2, 3), seed=1)
    np.testing.assert_array_equal(alone.points, first[2].points)
    (another,) = fill_bank(tmp_path / "third", tmp_path, ("anny",), range(2, 3), seed=2)
    assert not np.array_equal(another.points[:100], first[2].points[:100])


def resembles(person: Person) -> None:
    """Its face is about where the canonical one is."""
    sound(person)
    face = person.on_chart & (person.place[:, 2] > -0.04)
    apart = np.linalg.norm(person.vertices - person.place, axis=1)[face]
    assert np.median(apart) < 0.008
    for name in ("nose_tip", "mouth_left", "chin"):
        away = person.vertices[person.landmarks[name]] - HEAD.vertices[HEAD.landmarks[name]]
        assert np.linalg.norm(away) < 0.03, name


def test_people_of_ict_lie_on_the_canonical_face_and_differ(data_folder: Path) -> None:
    one, other = ict_person(data_folder, rng(0)), ict_person(data_folder, rng(1))
    resembles(one)
    resembles(other)
    assert np.abs(one.vertices - other.vertices).max() > 0.002
    np.testing.assert_array_equal(one.place, other.place)


def test_an_open_jaw_opens_the_mouth_of_ict(data_folder: Path) -> None:
    jaw = np.zeros(52)
    jaw[ARKIT_INDEX["jawOpen"]] = 1.0
    still, opened = ict_person(data_folder, rng(0)), ict_person(data_folder, rng(0), expression=jaw)

    def gap(person: Person) -> float:
        upper, lower = (person.vertices[person.landmarks[f"lip_{lip}_inner"]] for lip in ("upper", "lower"))
        return float(np.linalg.norm(upper - lower))

    assert gap(opened) > gap(still) + 0.01


def test_a_random_person_of_ict_is_sound(data_folder: Path) -> None:
    sound(random_person("ict", data_folder, rng(3)))


@pytest.mark.slow
@pytest.mark.parametrize("body", [False, True])
def test_people_of_anny_lie_on_the_canonical_face_with_a_body_or_without(body: bool) -> None:
    pytest.importorskip("anny", reason="the package `anny` makes the people")
    person = anny_person(rng(0), body=body)
    resembles(person)
    below = person.vertices[:, 1].min()
    assert below < -0.6 if body else below > -0.4
    assert not person.on_chart[person.vertices[:, 1] < -0.4].any()
