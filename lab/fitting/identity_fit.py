"""Whose face it is: a head model's identity fitted to the landmarks of a resting face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.fitting.head_pose import Pose, fit_pose

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

LANDMARK_ERROR_CM = 0.14
"""How far a tracked landmark lies from the model's place of the same name, root mean square."""

NEAR_CM = 0.3
"""A point takes the depth of the foremost vertex that is seen this near to it."""

ROUNDS = 30


@dataclass(frozen=True)
class Person:
    """A head model that looks like the one who was filmed.

    Attributes:
        identity: (I,) weights of the identity components, standard deviations.
        vertices: (V, 3) of the person at rest, cm, y up, x to the subject's left.
        pose: in which the resting face is seen; one frame.
        error: root mean square distance of the landmarks in the image, cm.
    """

    identity: Float64
    vertices: Float64
    pose: Pose
    error: float

    def depth(self, pixels: Float64) -> Float64:
        """Return the (P,) depth, cm, of what is foremost at (P, 2) pixels of the resting face."""
        seen = self.pose.project(self.vertices)[0]
        near = float(self.pose.scale[0]) * NEAR_CM
        away = np.linalg.norm(pixels[:, None] - seen[None], axis=2)
        within = away < np.maximum(near, away.min(axis=1, keepdims=True) + 1e-6)
        foremost: Float64 = np.where(within, self.vertices[:, 2], -np.inf).max(axis=1)
        return foremost


def fit_person(
    neutral: Float64, components: Float64, rows: Int64, pixels: Float64, weights: Float64
) -> Person:
    """Find the most probable identity and pose for one image, in turn.

    Identity weights are normally distributed with deviation one, landmarks err by
    ``LANDMARK_ERROR_CM``: a ridge regression for a given pose.

    Args:
        neutral: (V, 3) the model's mean head, cm.
        components: (I, V, 3) what one standard deviation of each identity component adds.
        rows: (P,) vertices of the landmarks.
        pixels: (P, 2) of the landmarks in the resting face, y up.
        weights: (P,) of the landmarks.
    """
    identity = np.zeros(len(components))
    root = np.sqrt(weights)[:, None]
    mean, spread = neutral[rows], components[:, rows]
    for _ in range(ROUNDS):
        pose = fit_pose(mean + np.tensordot(identity, spread, axes=1), pixels[None], weights)
        view = pose.rotation[0, :2]
        matrix = (np.einsum("ij,kpj->kpi", view, spread) * root).reshape(len(spread), -1)
        target = (((pixels - pose.shift) / pose.scale - mean @ view.T) * root).ravel()
        gram = matrix @ matrix.T + LANDMARK_ERROR_CM**2 * np.eye(len(spread))
        identity = np.linalg.solve(gram, matrix @ target)
    vertices = neutral + np.tensordot(identity, components, axes=1)
    pose = fit_pose(vertices[rows], pixels[None], weights)
    residual = (pose.project(vertices[rows])[0] - pixels) / pose.scale
    error = float(np.sqrt((weights[:, None] * residual**2).sum() / weights.sum()))
    return Person(identity, vertices, pose, error)
