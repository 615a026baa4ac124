"""How views that disagree come to one similarity."""

from __future__ import annotations

import numpy as np

from mmtalker.mapping.locate import Correspondences, _best_similarity
from mmtalker.mesh.canonical import load_canonical
from mmtalker.mesh.mesh import Similarity
from mmtalker.mesh.rigid import rotation_about

HEAD = load_canonical()
TRUTH = Similarity(0.5, rotation_about(np.array([0.0, 1.0, 0.0]), 0.7), np.array([0.1, 0.2, -0.3]))
WRONG = Similarity(0.1, rotation_about(np.array([1.0, 0.0, 0.0]), 2.0), np.array([0.0, 0.0, 0.1]))


def said(fit: Similarity, count: int, scale: float, rng: np.random.Generator) -> Correspondences:
    """Pixels of which all say what is right if ``fit`` is, give or take a millimetre."""
    place = HEAD.vertices[rng.integers(0, HEAD.chart_count, count)].astype(np.float64)
    points = fit.inverse().apply(place + 0.001 * rng.normal(size=(count, 3)))
    return Correspondences(points, place, np.full(count, scale))


def test_views_that_agree_outweigh_one_that_is_surer_than_all_of_them() -> None:
    rng = np.random.default_rng(0)
    views = [said(TRUTH, 50, 0.006, rng), said(TRUTH, 50, 0.006, rng), said(TRUTH, 50, 0.006, rng)]
    alone = said(WRONG, 250, 0.006, rng)
    found = views[0].joined(views[1]).joined(views[2]).joined(alone)
    best = _best_similarity(found, np.repeat([3, 5, 8, 13], [50, 50, 50, 250]))
    assert best is not None
    fit, _ = best
    np.testing.assert_allclose(fit.rotation, TRUTH.rotation, atol=0.02)
    assert abs(fit.scale / TRUTH.scale - 1.0) < 0.02


def test_where_one_view_alone_sees_something_that_is_believed() -> None:
    best = _best_similarity(said(TRUTH, 60, 0.006, np.random.default_rng(1)), np.full(60, 4))
    assert best is not None
    np.testing.assert_allclose(best[0].translation, TRUTH.translation, atol=0.002)


def test_too_few_pixels_say_nothing() -> None:
    assert _best_similarity(said(TRUTH, 3, 0.006, np.random.default_rng(2)), np.zeros(3, dtype=int)) is None
