"""Heads bent into other heads: near what they were, not folded, with the normals of the new surface."""

from __future__ import annotations

import numpy as np
import pytest

from lab.bank.bend import bend
from mmtalker.mapping.cloud import triangle_normals
from mmtalker.mesh.canonical import load_canonical

HEAD = load_canonical()
SKIN = HEAD.chart_triangles.astype(np.int64)
REST = HEAD.vertices[: HEAD.chart_count].astype(np.float32)
BEFORE, _ = triangle_normals(REST.astype(np.float64), SKIN)


def bent_head(seed: int) -> np.ndarray:
    return bend(REST, np.ones_like(REST), np.random.default_rng(seed))[0]


@pytest.mark.parametrize("seed", range(10))
def test_a_bent_head_is_another_one_without_folds(seed: int) -> None:
    bent = bent_head(seed)
    moved = np.linalg.norm(bent - REST, axis=1)
    assert 0.001 < np.median(moved) < 0.012 and moved.max() < 0.06
    after, weight = triangle_normals(bent.astype(np.float64), SKIN)
    assert weight.min() > 0.0
    assert (np.einsum("tk,tk->t", BEFORE, after) > 0.0).mean() > 0.995


@pytest.mark.parametrize("seed", range(5))
def test_normals_are_those_of_the_bent_surface(seed: int) -> None:
    # The corners of small triangles with a normal each: what a triangle becomes says what they should be.
    _, area = triangle_normals(REST.astype(np.float64), SKIN)
    small = area < np.quantile(area, 0.3)
    corners = REST[SKIN[small]].reshape(-1, 3)
    flat = np.repeat(BEFORE[small], 3, axis=0).astype(np.float32)
    bent, said = bend(corners, flat, np.random.default_rng(seed))
    np.testing.assert_allclose(np.linalg.norm(said, axis=1), 1.0, atol=1e-5)
    after, _ = triangle_normals(bent.astype(np.float64), np.arange(len(bent)).reshape(-1, 3))
    agreed = np.einsum("nk,nk->n", said, np.repeat(after, 3, axis=0))
    stayed = np.einsum("nk,nk->n", flat, np.repeat(after, 3, axis=0))
    assert np.quantile(agreed, 0.05) > 0.99
    assert (1.0 - agreed).mean() < 0.3 * (1.0 - stayed).mean()


def test_the_same_chance_bends_alike_and_leaves_what_it_was_given() -> None:
    before = REST.copy()
    one, same, other = (bent_head(seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.001
    np.testing.assert_array_equal(REST, before)


def test_where_there_is_no_face_it_is_stretched_alone() -> None:
    far = REST[:100] + np.float32(5.0)
    bent, facing = bend(far, np.ones_like(far), np.random.default_rng(0))
    factor = bent / far
    np.testing.assert_allclose(factor, np.broadcast_to(factor[0], factor.shape), rtol=1e-5)
    assert np.isfinite(facing).all()
