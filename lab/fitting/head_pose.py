"""Taking the head's own motion out of tracked landmarks: where the skull is in each frame of a film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

ITERATIONS = 6
"""Gauss-Newton steps; a talking head turns by a few degrees, so that the third changes nothing."""


@dataclass(frozen=True)
class Pose:
    """Weak perspective: a point x is seen at ``scale * (rotation x)[:2] + shift``.

    Attributes:
        rotation: (N, 3, 3).
        scale: (N,) pixels in a unit of the head.
        shift: (N, 2) pixels.
    """

    rotation: Float64
    scale: Float64
    shift: Float64

    def project(self, points: Float64) -> Float64:
        """Return (N, P, 2) pixels of (P, 3) points that every frame has, or (N, P, 3) of its own."""
        own = np.broadcast_to(points, (len(self.scale), *points.shape[-2:]))
        turned = np.einsum("nij,npj->npi", self.rotation[:, :2], own)
        seen: Float64 = self.scale[:, None, None] * turned + self.shift[:, None]
        return seen

    def frontal(self, pixels: Float64, depth: Float64) -> Float64:
        """Return where (N, P, 2) pixels are seen from the front.

        Args:
            pixels: of each frame.
            depth: (P,) or (N, P) z of the points in the head's space.

        Returns:
            (N, P, 2) x and y in the head's space.
        """
        depth = np.broadcast_to(depth, pixels.shape[:2])
        seen = (pixels - self.shift[:, None]) / self.scale[:, None, None]
        flat = seen - self.rotation[:, None, :2, 2] * depth[..., None]
        upright: Float64 = np.einsum("nij,npj->npi", np.linalg.inv(self.rotation[:, :2, :2]), flat)
        return upright


def fit_pose(points: Float64, pixels: Float64, weights: Float64 | None = None) -> Pose:
    """Find the pose in which a rigid head is seen at given pixels, by Gauss-Newton from the front.

    Args:
        points: (P, 3) at least four, not in one plane.
        pixels: (N, P, 2), y up.
        weights: (P,) of the points; None for equal ones.
    """
    share = np.ones(len(points)) if weights is None else weights
    share = share / share.sum()
    middle = share @ points
    seen = np.einsum("p,npi->ni", share, pixels)
    centred, target = points - middle, pixels - seen[:, None]
    rotation = np.broadcast_to(np.eye(3), (len(pixels), 3, 3))
    scale = np.full(len(pixels), _size(target, share).mean() / float(_size(centred[None, :, :2], share)[0]))
    for _ in range(ITERATIONS):
        turned = np.einsum("nij,pj->npi", rotation, centred)
        residual = target - scale[:, None, None] * turned[..., :2]
        jacobian = np.zeros((*target.shape, 4))
        x, y, z = np.moveaxis(turned * scale[:, None, None], 2, 0)
        jacobian[:, :, 0, 1], jacobian[:, :, 0, 2] = z, -y
        jacobian[:, :, 1, 0], jacobian[:, :, 1, 2] = -z, x
        jacobian[..., 3] = turned[..., :2]
        weighted = jacobian * share[None, :, None, None]
        normal = np.einsum("npij,npik->njk", weighted, jacobian)
        step = np.linalg.solve(normal, np.einsum("npij,npi->nj", weighted, residual)[..., None])[..., 0]
        rotation = _rotation(step[:, :3]) @ rotation
        scale = scale + step[:, 3]
    offset = np.einsum("nij,j->ni", rotation[:, :2], middle)
    return Pose(rotation, scale, seen - scale[:, None] * offset)


def _size(points: Float64, share: Float64) -> Float64:
    """(N,) root mean square distance of centred (N, P, 2) points from their middle."""
    size: Float64 = np.sqrt(np.einsum("p,npi->n", share, points**2))
    return size


def _rotation(vectors: Float64) -> Float64:
    """(N, 3, 3) rotations by (N, 3) rotation vectors (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    x, y, z = (vectors / np.maximum(angle[:, 0], 1e-12)).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    rotation: Float64 = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    return rotation


def stabilise(landmarks: Float64, columns: list[int], rounds: int = 3) -> Float64:
    """Align every frame to the average face by a similarity transform, with the tracker's own depth.

    It needs no head model and serves to find out whose head it is.

    Args:
        landmarks: (N, P, 3) tracked points.
        columns: the points that the skull carries.

    Returns:
        (N, P, 3) in pixels of the average frame.
    """
    reference = landmarks[len(landmarks) // 2, columns]
    aligned = landmarks
    for _ in range(rounds):
        aligned = _procrustes(landmarks, columns, reference)
        reference = aligned[:, columns].mean(axis=0)
    return aligned


def _procrustes(points: Float64, columns: list[int], reference: Float64) -> Float64:
    """Similarity-align every frame's ``columns`` to ``reference`` (Umeyama 1991), move all points along."""
    source = points[:, columns]
    source_mean = source.mean(axis=1, keepdims=True)
    target_mean = reference.mean(axis=0)
    a, b = source - source_mean, reference - target_mean
    u, s, vt = np.linalg.svd(np.einsum("nki,kj->nij", a, b))
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    d = np.ones_like(s)
    d[:, 2] = sign
    rotation = np.einsum("nij,nj,njk->nik", u, d, vt)
    scale = (s * d).sum(axis=1) / (a**2).sum(axis=(1, 2))
    turned = np.einsum("nki,nij->nkj", points - source_mean, rotation)
    moved: Float64 = turned * scale[:, None, None] + target_mean
    return moved
