"""The picture of a mapping: the demo head from three sides with its grid and its landmarks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtalker.mapping import picture as drawing
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.picture import BACKGROUND, CENTRE, DOT, HALF, SIZE, YAWS, draw_mapping
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.canonical import load_canonical

MESH = load_canonical().mesh


@pytest.fixture(scope="module", autouse=True)
def fewer_points() -> object:
    """A third of the points fills the picture as well, and is drawn in a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "POINTS", 300_000)
        yield


@pytest.fixture(scope="module")
def mapping() -> HeadMapping:
    return map_head(MESH)


@pytest.fixture(scope="module")
def picture(mapping: HeadMapping) -> np.ndarray:
    return draw_mapping(MESH, mapping)


def front_pixel(place: np.ndarray) -> tuple[int, int]:
    """Row and column of a canonical place in the first of the three pictures."""
    x, y = (np.asarray(place)[:2] - CENTRE[:2]) / HALF
    return int((0.5 - 0.5 * y) * SIZE), int((0.5 + 0.5 * x) * SIZE)


def dots(part: np.ndarray) -> np.ndarray:
    return (part == DOT).all(axis=-1)


def sides(picture: np.ndarray) -> list[np.ndarray]:
    return np.split(picture, len(YAWS), axis=1)


def test_three_square_pictures_stand_side_by_side_on_the_background(picture: np.ndarray) -> None:
    assert picture.shape == (SIZE, 3 * SIZE, 3) and picture.dtype == np.uint8
    for part in sides(picture):
        empty = (part == BACKGROUND).all(axis=-1)
        assert empty[[0, 0, -1], [0, -1, -1]].all()
        assert 0.3 < 1.0 - empty.mean() < 0.9


def test_the_head_has_no_holes(picture: np.ndarray) -> None:
    front = sides(picture)[0]
    for name in ("nose_tip", "chin", "forehead"):
        row, column = front_pixel(MESH.vertices[load_canonical().landmarks[name]])
        around = front[row - 12 : row + 12, column - 12 : column + 12]
        assert not (around == BACKGROUND).all(axis=-1).any(), name


def test_skin_is_coloured_by_place_with_dark_lines_and_eyes_are_grey(picture: np.ndarray) -> None:
    front = sides(picture)[0].astype(int)
    row, column = front_pixel(np.array([0.030, 0.0, 0.0]))
    eye = front[row - 2 : row + 3, column - 2 : column + 3]
    assert np.ptp(eye, axis=-1).max() <= 5
    row, column = front_pixel(np.array([0.0, 0.055, 0.0]))
    forehead = front[row - 15 : row + 16, column - 15 : column + 16].reshape(-1, 3)
    dark = forehead.max(axis=1) < 60
    assert 0.05 < dark.mean() < 0.6
    assert np.ptp(forehead[~dark], axis=1).max() > 40


def test_a_dot_marks_each_landmark_that_is_on_the_side_that_is_seen(
    mapping: HeadMapping, picture: np.ndarray
) -> None:
    front = dots(sides(picture)[0])
    for name in ("nose_tip", "chin", "mouth_left", "eye_right_outer"):
        assert front[front_pixel(mapping.points[name])], name
    # Far from any landmark there are none.
    row, column = front_pixel(np.array([0.04, -0.05, 0.0]))
    assert not front[row - 4 : row + 5, column - 4 : column + 5].any()


def test_a_landmark_of_the_other_side_is_not_drawn(mapping: HeadMapping) -> None:
    ears = {name: mapping.points[name] for name in ("ear_left", "ear_right")}
    for name, seen in (("ear_left", True), ("ear_right", False)):
        drawn = draw_mapping(MESH, replace(mapping, points={name: ears[name]}))
        # From the subject's left.
        assert dots(sides(drawn)[2]).any() == seen, name


def test_a_head_in_other_units_gives_the_same_picture(mapping: HeadMapping, picture: np.ndarray) -> None:
    larger = replace(MESH, vertices=MESH.vertices * np.float32(128.0))
    apart = draw_mapping(larger, map_head(larger)).astype(int) - picture
    assert (np.abs(apart) > 20).any(axis=-1).mean() < 0.01
