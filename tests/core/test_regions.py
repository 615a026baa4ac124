"""Names and colours of the parts of a face."""

import numpy as np
import pytest

from mmtalker_addon.core.regions import REGIONS, in_words, is_doubtful, paint_vertices


def test_parts_are_numbered_as_the_backend_numbers_them():
    pytest.importorskip("scipy", reason="the backend needs it")
    from mmtalker.mapping.types import REGIONS as BACKENDS

    assert tuple(region.name for region in REGIONS) == BACKENDS


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(1.0, "sure (100 %)"), (0.79, "fairly sure (79 %)"), (0.4, "unsure (40 %)")],
)
def test_confidence_in_words(confidence, words):
    assert in_words(confidence) == words
    assert is_doubtful(confidence) == (not words.startswith("sure"))


def test_parts_differ_in_hue_and_neighbouring_cells_in_brightness():
    uv = np.array([[0.01, 0.01], [0.05, 0.01], [0.05, 0.05], [0.01, 0.01], [0.0, 0.0]], np.float32)
    role = np.array([0, 0, 0, 0, 5], np.uint8)
    region = np.array([0, 0, 0, 6, 255], np.uint8)
    colours = paint_vertices(uv, role, region)
    assert colours.shape == (5, 4) and (colours[:, 3] == 1.0).all()
    np.testing.assert_allclose(colours[0, :3], REGIONS[0].colour)
    np.testing.assert_allclose(colours[1, :3] / colours[0, :3], colours[1, 0] / colours[0, 0])
    assert colours[1, 0] < colours[0, 0]
    np.testing.assert_allclose(colours[2], colours[0])
    assert not np.allclose(colours[3], colours[0])
    assert colours[4, 0] > 0.5  # teeth
