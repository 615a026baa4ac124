"""Which lip is which, and whether they are one: on the canonical head, and on small surfaces."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.mapping.lips import BOTH, LOWER, PARTED, UPPER, LipLine, geodesic, lip_bits, tell_lips
from mmtalker.mapping.template import Template, load_template
from mmtalker.mesh.canonical import load_canonical

PAIRS = load_canonical().lip_pairs.astype(np.int64)


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template()


def strip(length: int, gap: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Four rows of vertices, a centimetre apart; with a gap the middle ones are joined at x = 0 only."""
    x = np.arange(length) * 0.01
    rows = [np.stack([x, np.full(length, y), np.zeros(length)], axis=1) for y in (0.0, 0.01, 0.02, 0.03)]
    triangles = []
    for row in (0, 1, 2):
        for i in range(1 if gap and row == 1 else length - 1):
            a, b = row * length + i, (row + 1) * length + i
            triangles += [[a, a + 1, b + 1], [a, b + 1, b]]
    return np.concatenate(rows), np.array(triangles)


def test_facing_vertices_of_the_canonical_lips_are_told_apart_and_corners_are_both(
    template: Template,
) -> None:
    upper, lower = template.lips[PAIRS].T
    inner = np.abs(template.rest[PAIRS].mean(axis=1)[:, 0]) < 0.018
    assert inner.sum() > len(PAIRS) // 2
    assert (upper[inner] == UPPER).all()
    assert (lower[inner] == LOWER).all()
    assert upper[[0, -1]].tolist() == lower[[0, -1]].tolist() == [BOTH, BOTH]


def test_what_the_jaw_opens_is_the_lower_lip(template: Template) -> None:
    drop = template.opening[:, 1]
    assert drop[template.lips == LOWER].mean() < 5.0 * drop[template.lips == UPPER].mean() < 0.0


def test_away_from_the_mouth_skin_may_meet_either(template: Template) -> None:
    head = load_canonical()
    for name in ("forehead", "nose_tip", "ear_left", "eye_right_outer"):
        assert template.lips[head.landmarks[name]] == BOTH, name


def test_the_lip_line_runs_between_the_lips_from_right_to_left(template: Template) -> None:
    line = template.line
    assert (np.diff(line.points[:, 0]) > 0.0).all()
    assert line.corner == pytest.approx(0.0219, abs=0.0005)
    marks = load_canonical().landmarks
    upper, lower = (template.rest[[marks[f"lip_{lip}_outer"]]] for lip in ("upper", "lower"))
    assert line.height(upper)[0] > 0.003 and line.height(lower)[0] < -0.003
    np.testing.assert_allclose(line.height(line.points + np.array([0.0, 0.004, 0.0])), 0.004)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ((0.0, 0.008, 0.0), UPPER),
        ((0.0, -0.008, 0.0), LOWER),
        ((0.0, 0.001, 0.0), 0),  # too near to the line
        ((0.0, 0.025, 0.0), 0),  # the nose
        ((0.0, 0.008, -0.02), 0),  # the palate
        ((0.030, -0.008, 0.0), 0),  # the cheek
    ],
)
def test_only_what_is_beyond_doubt_tells_a_lip(
    template: Template, offset: tuple[float, float, float], expected: int
) -> None:
    middle = template.line.points[len(template.line.points) // 2]
    assert template.line.tells((middle + offset)[None]).tolist() == [expected]


def test_lips_are_told_by_the_shorter_way_and_only_near_and_between_the_corners() -> None:
    line = LipLine(np.array([[-0.02, 0.0, 0.0], [0.02, 0.0, 0.0]]))
    place = np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0], [0.0195, 0, 0], [-0.0195, 0, 0]], dtype=np.float64)
    upper = np.array([0.001, 0.004, 0.05, 0.001, 0.002])
    lower = np.array([0.004, 0.001, 0.04, 0.002, 0.001])
    assert lip_bits(line, place, upper, lower).tolist() == [UPPER, LOWER, BOTH, BOTH, BOTH]


def share(
    template: Template, triangles: np.ndarray, vertices: np.ndarray, place: np.ndarray | None = None
) -> float:
    place = template.rest if place is None else place
    return tell_lips(template.line, vertices, triangles, place, template.outside)[1]


def welds(first: int, last: int) -> np.ndarray:
    """Triangles that join the lips between two pairs."""
    a, b = PAIRS[first : last - 1], PAIRS[first + 1 : last]
    return np.concatenate(
        [np.stack([a[:, 0], b[:, 0], b[:, 1]], 1), np.stack([a[:, 0], b[:, 1], a[:, 1]], 1)]
    )


def test_the_canonical_mouth_is_parted_open_or_not(template: Template) -> None:
    for vertices in (template.rest, template.rest + template.opening):
        assert share(template, template.triangles, vertices) == 0.0


def test_welded_lips_are_one_and_half_welded_ones_half(template: Template) -> None:
    def welded(first: int, last: int) -> float:
        return share(template, np.concatenate([template.triangles, welds(first, last)]), template.rest)

    middle = len(PAIRS) // 2 + 1
    assert welded(0, len(PAIRS)) > 0.9
    assert 0.3 < welded(0, middle) < 0.75


def test_a_surface_that_joins_lips_deep_in_the_mouth_does_not_fuse_them(template: Template) -> None:
    upper, lower = (np.flatnonzero((template.lips == bit) & ~template.outside) for bit in (UPPER, LOWER))
    deep = [group[np.argsort(template.rest[group, 2])[:2]] for group in (upper, lower)]
    bridge = np.array([[deep[0][0], deep[0][1], deep[1][0]]])
    assert share(template, np.concatenate([template.triangles, bridge]), template.rest) == 0.0


def test_long_triangles_behind_the_lips_are_a_coarse_bag_and_do_not_fuse_them(template: Template) -> None:
    gape = template.rest + 2.0 * template.opening
    between = np.linalg.norm(gape[PAIRS[:, 0]] - gape[PAIRS[:, 1]], axis=1)
    first, last = np.flatnonzero(between > 0.011)[[0, -1]]
    bag = np.concatenate([template.triangles, welds(int(first), int(last))])
    assert share(template, bag, gape) == 0.0


@pytest.mark.parametrize("shift", [-0.005, 0.005])
def test_lips_are_told_apart_where_places_are_wrong_by_millimetres(template: Template, shift: float) -> None:
    wrong = template.rest + np.array([0.0, shift, 0.0])
    bits, joined = tell_lips(template.line, template.rest, template.triangles, wrong, template.outside)
    assert joined < PARTED
    inner = np.abs(template.rest[PAIRS].mean(axis=1)[:, 0]) < 0.015
    assert (bits[PAIRS[inner, 0]] == UPPER).all() and (bits[PAIRS[inner, 1]] == LOWER).all()


def test_where_there_is_no_mouth_nobody_is_of_a_lip(template: Template) -> None:
    nowhere = template.rest + np.array([0.0, 0.5, 0.0])
    bits, joined = tell_lips(template.line, template.rest, template.triangles, nowhere, template.outside)
    assert joined == 0.0 and (bits == BOTH).all()


def test_distance_is_along_the_surface_and_round_a_gap() -> None:
    joined, parted = strip(6), strip(6, gap=True)
    end = np.array([6 + 5])
    across = 2 * 6 + 5
    assert geodesic(*joined, end, limit=1.0)[across] == pytest.approx(0.01)
    # Four steps to where the rows are joined, across, and back.
    assert geodesic(*parted, end, limit=1.0)[across] == pytest.approx(0.09)


def test_distance_is_to_the_nearest_seed_and_infinite_beyond_the_limit() -> None:
    vertices, triangles = strip(8)
    away = geodesic(vertices, triangles, np.array([0, 7]), limit=0.025)
    np.testing.assert_allclose(away[:8], [0.0, 0.01, 0.02, np.inf, np.inf, 0.02, 0.01, 0.0])
    assert np.isinf(geodesic(vertices, triangles, np.zeros(0, dtype=np.int64))).all()


def test_vertices_in_the_same_place_are_still_joined() -> None:
    vertices, triangles = strip(4)
    vertices[1] = vertices[0]
    assert np.isfinite(geodesic(vertices, triangles, np.array([0]), limit=1.0)).all()
