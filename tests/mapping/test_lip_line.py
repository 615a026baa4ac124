"""Where the lips meet, on heads whose places are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmtalker.mapping.lip_line import find_lip_line
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.regions import NO_REGION, find_regions
from mmtalker.mapping.types import REGIONS, Mouth
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.roles import Role
from tests.mesh.samples import moved, some_similarity, split_along_seams, triangulated

HEAD = load_canonical()


def test_the_line_runs_between_the_lips_from_the_right_corner_to_the_left():
    line = find_lip_line(HEAD.mesh, map_head(HEAD.mesh))
    np.testing.assert_allclose(line[0], HEAD.vertices[HEAD.landmarks["mouth_right"]])
    np.testing.assert_allclose(line[-1], HEAD.vertices[HEAD.landmarks["mouth_left"]])
    assert (np.diff(line[:, 0]) > 0).all()  # x is to the subject's left
    between = HEAD.vertices[HEAD.lip_pairs].mean(axis=1)
    np.testing.assert_allclose(line[1:-1], between, atol=1e-5)


@pytest.mark.parametrize("change", [triangulated, lambda m: split_along_seams(m, np.random.default_rng(1))])
def test_the_line_is_in_the_heads_own_space(change):
    mesh = change(moved(HEAD.mesh, some_similarity()))
    line = find_lip_line(mesh, map_head(mesh))
    expected = some_similarity().apply(find_lip_line(HEAD.mesh, map_head(HEAD.mesh)))
    np.testing.assert_allclose(line, expected, atol=0.01)  # of a head 20 units high


def test_corners_that_were_moved_are_its_ends():
    moved_corner = HEAD.vertices[HEAD.landmarks["mouth_right"]] + np.array([0.004, 0.001, 0.0])
    mapping = map_head(HEAD.mesh, {"mouth_right": moved_corner})
    line = find_lip_line(HEAD.mesh, mapping)
    np.testing.assert_allclose(line[0], mapping.points["mouth_right"])
    np.testing.assert_allclose(line[0], moved_corner, atol=0.002)  # on the skin
    assert (np.diff(line[:, 0]) > 0).all()


def test_a_head_without_a_mouth_has_no_line():
    mapping = replace(map_head(HEAD.mesh), mouth=Mouth.MISSING)
    assert find_lip_line(HEAD.mesh, mapping).shape == (0, 3)


def test_every_part_of_the_face_is_where_it_should_be():
    mapping = map_head(HEAD.mesh)
    regions = find_regions(mapping)
    for landmark, region in {
        "nose_tip": "nose",
        "chin": "jaw",
        "lip_upper_outer": "mouth",
        "eye_left_upper": "eye_left",
        "eye_right_lower": "eye_right",
        "forehead": "face",
        "ear_left": "face",
    }.items():
        assert REGIONS[regions[HEAD.landmarks[landmark]]] == region, landmark
    assert set(REGIONS) == {REGIONS[number] for number in np.unique(regions) if number != NO_REGION}
    assert (regions[mapping.role == Role.EYE_LEFT] == NO_REGION).all()
