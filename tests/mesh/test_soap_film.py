"""What hangs between fixed values lies in the middle of them."""

import numpy as np

from mmtalker.mesh.edges import adjacency_of
from mmtalker.mesh.soap_film import soap_film

STRIP = np.array([[k, k + 1, k + 2] for k in range(8)])
ADJACENCY = adjacency_of(STRIP, 10)


def test_free_ones_are_the_mean_of_their_neighbours_and_others_stay():
    values = np.random.default_rng(0).normal(size=(10, 2))
    free = np.ones(10, dtype=bool)
    free[[0, 4, 9]] = False
    hung = soap_film(values, ADJACENCY, free)
    np.testing.assert_array_equal(hung[~free], values[~free])
    mean = (ADJACENCY @ hung) / np.asarray(ADJACENCY.sum(axis=1))
    np.testing.assert_allclose(hung[free], mean[free])


def test_between_equal_values_all_are_equal_and_nothing_of_before_counts():
    values = np.full((10, 3), np.nan)
    values[[0, 9]] = [[1.0, 2.0, 3.0]]
    free = np.isnan(values[:, 0])
    np.testing.assert_allclose(soap_film(values, ADJACENCY, free), np.tile([1.0, 2.0, 3.0], (10, 1)))
