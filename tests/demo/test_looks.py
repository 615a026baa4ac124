"""The shipped head's painted picture: everything has its colour in its place."""

from __future__ import annotations

import numpy as np
import pytest

from demo import head
from demo.paint import HAIR, paint
from demo.portrait import draw, look_up
from mmtalker.mesh.canonical import MATERIALS, load_canonical
from mmtalker.motion.arkit import ARKIT_INDEX


@pytest.fixture(scope="module")
def looks():
    canonical = load_canonical()
    features = head.features_of(canonical)
    return canonical, features, paint(features, 512)


def test_lips_are_redder_than_the_chin_and_the_brow_darker_than_the_forehead(looks):
    canonical, features, picture = looks
    at = {name: canonical.vertices[index] for name, index in canonical.landmarks.items()}
    middle_of_lip = (at["lip_lower_inner"] + at["lip_lower_outer"]) / 2
    lips, chin, forehead = (
        look_up(picture, features.skin_places(point[None]))[0]
        for point in (middle_of_lip, at["chin"], at["forehead"])
    )
    assert lips[0] / lips[1] > 1.3 * chin[0] / chin[1]
    above_eye = features.eyes[0] + np.array([0.0, 0.021, 0.0], dtype=np.float32)
    brow = look_up(picture, features.skin_places(above_eye[None]))[0]
    assert brow.mean() < 0.6 * forehead.mean()


def test_the_crown_has_hair_and_the_pupil_is_black_in_the_middle_of_the_iris(looks):
    canonical, features, picture = looks
    crown = canonical.vertices[: canonical.chart_count][
        canonical.vertices[: canonical.chart_count, 1].argmax()
    ]
    assert look_up(picture, features.skin_places(crown[None]))[0].mean() < 4 * np.mean(HAIR)
    ahead = features.eyes[0] + np.array([[0, 0, 1.0], [0.34, 0, 1.0], [1.0, 0, 1.0]]) * features.eye_radius
    pupil, iris, white = look_up(picture, features.eye_places(ahead.astype(np.float32), left=True)).mean(
        axis=1
    )
    assert pupil < 0.05 < iris < 0.3 < white


def test_every_corner_lies_in_the_picture_and_teeth_do_not_lie_on_skin(looks):
    canonical, features, _ = looks
    places = head.corner_places(canonical, features)
    assert places.min() >= 0.0
    assert places.max() <= 1.0
    polygon = np.repeat(np.arange(canonical.mesh.face_count), np.diff(canonical.mesh.loop_starts))
    material = np.asarray(MATERIALS)[canonical.material[polygon]]
    assert places[material == "teeth", 0].min() > places[material == "skin", 0].max()


def test_the_whole_head_is_in_the_picture_and_the_mouth_in_its_box():
    canonical = load_canonical()
    camera = head.camera_for(canonical)
    flat = camera.project(canonical.vertices, 100)
    assert flat[:, :2].min() > 0
    assert flat[:, :2].max() < 100
    left, top, right, bottom = head.mouth_box(canonical, camera, 100)
    lips = flat[canonical.lip_pairs.ravel()]
    assert ((lips[:, 0] > left) & (lips[:, 0] < right) & (lips[:, 1] > top) & (lips[:, 1] < bottom)).all()


def test_an_open_mouth_is_dark_inside():
    canonical = load_canonical()
    camera, surface = head.camera_for(canonical), head.surface_of(canonical)
    wide = canonical.vertices + canonical.shapes[ARKIT_INDEX["jawOpen"]]
    left, top, right, bottom = head.mouth_box(canonical, camera, 120)
    shut, opened = (
        draw(points, surface, camera, 120)[top:bottom, left:right] for points in (canonical.vertices, wide)
    )
    assert np.percentile(opened.mean(axis=2), 5) < 0.6 * np.percentile(shut.mean(axis=2), 5)


def test_the_lip_gap_is_none_at_rest_and_grows_with_the_jaw():
    canonical = load_canonical()
    values = np.zeros((3, len(canonical.shapes)), dtype=np.float32)
    values[1:, ARKIT_INDEX["jawOpen"]] = 0.2, 0.4
    gap = head.gaps(canonical, canonical.vertices, canonical.shapes, values)
    assert gap[0] == 0.0
    assert 0.001 < gap[1] < gap[2] < 0.04
