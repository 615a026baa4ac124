"""Turn tracked face landmarks into ARKit activations by fitting a head's own shapes to them.

A tracker's own scores are weak where lips close, so lips, jaw and brows are fitted to the contour itself: the
head motion is taken out, the speaker's resting face is found in the silences, and each frame's displacement
from it is explained by the ICT head's expressions under a box constraint. Blinks come from the
tracker's eye scores, stretched to 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtalker.data.grid import GRID_FPS, GridMotion
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

# Points of the 478-point mesh that do not follow the jaw, the lips or the brows.
STABLE_POINTS = (168, 6, 197, 195, 33, 133, 362, 263, 127, 356, 10, 109, 338)

# (face-mesh point, Multi-PIE 68 landmark, weight). Left and right are the subject's.
LANDMARK_PAIRS: tuple[tuple[int, int, float], ...] = (
    (152, 8, 0.6),
    (148, 7, 0.2),
    (377, 9, 0.2),
    (61, 48, 1.5),
    (39, 49, 0.8),
    (37, 50, 0.8),
    (0, 51, 1.0),
    (267, 52, 0.8),
    (269, 53, 0.8),
    (291, 54, 1.5),
    (405, 55, 0.8),
    (314, 56, 0.8),
    (17, 57, 1.0),
    (84, 58, 0.8),
    (181, 59, 0.8),
    (78, 60, 0.8),
    (82, 61, 1.0),
    (13, 62, 1.2),
    (312, 63, 1.0),
    (308, 64, 0.8),
    (317, 65, 1.0),
    (14, 66, 1.2),
    (87, 67, 1.0),
    (63, 18, 0.4),
    (105, 19, 0.4),
    (66, 20, 0.4),
    (107, 21, 0.4),
    (336, 22, 0.4),
    (296, 23, 0.4),
    (334, 24, 0.4),
)
# (upper, lower) inner-lip points: their distance is what must be right at a closure.
GAP_PAIRS = ((13, 14), (82, 87), (312, 317))
GAP_WEIGHT = 4.0

MOUTH_CHANNELS = tuple(n for n in ARKIT_NAMES if n.startswith(("mouth", "jaw")) and n != "jawForward")
BROW_CHANNELS = tuple(n for n in ARKIT_NAMES if n.startswith("brow"))
FITTED_CHANNELS = MOUTH_CHANNELS + BROW_CHANNELS

EYE_DISTANCE_CM = 8.92
"""Between the outer eye corners; heads are brought to it, since costs are weighed against centimetres."""

# Channels that a frontal view tells apart badly pay more, so that the plain ones explain what they can.
CHANNEL_COST = {
    "jawOpen": 0.02,
    "mouthPucker": 0.03,
    "mouthFunnel": 0.08,
    "mouthClose": 0.12,
    "mouthFrownLeft": 0.6,
    "mouthFrownRight": 0.6,
    "jawLeft": 4.0,
    "jawRight": 4.0,
    "mouthLeft": 4.0,
    "mouthRight": 4.0,
}
DEFAULT_COST = 0.12


@dataclass(frozen=True)
class FitReport:
    """How well the fitted face repeats the tracked one.

    Attributes:
        gap_correlation: between the tracked and the refitted inner-lip gap, over all frames.
        gap_error_cm: mean absolute difference of the two gaps.
        residual_cm: root mean square distance of the mouth landmarks after the fit.
    """

    gap_correlation: float
    gap_error_cm: float
    residual_cm: float


def stabilise(landmarks: Float32, columns: list[int], rounds: int = 3) -> Float32:
    """Remove head motion by a similarity transform of each frame onto the average face.

    Args:
        landmarks: (N, P, 3) tracked points; frames with NaN stay NaN.
        columns: the points that the skull carries.

    Returns:
        (N, P, 3) in pixels of the average frame.
    """
    valid = np.isfinite(landmarks).all(axis=(1, 2))
    points = landmarks[valid].astype(np.float64)
    reference = points[len(points) // 2, columns]
    for _ in range(rounds):
        aligned = _procrustes(points, columns, reference)
        reference = aligned[:, columns].mean(axis=0)
    result = np.full(landmarks.shape, np.nan, dtype=np.float32)
    result[valid] = aligned
    return result


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


def resting_face(grid: GridMotion, stable: Float32) -> Float64:
    """Return the (P, 3) median face over silent frames with closed lips."""
    silent = np.zeros(len(stable), dtype=bool)
    for clip in grid.clips:
        for start, end, word in clip.words:
            if word == "sil":
                first = clip.rows.start + int(np.ceil((start + 0.1) * GRID_FPS))
                last = clip.rows.start + int((end - 0.1) * GRID_FPS)
                silent[first : min(last, clip.rows.stop)] = True
    gap = np.linalg.norm(stable[:, grid.column(13), :2] - stable[:, grid.column(14), :2], axis=1)
    closed = silent & (gap < np.nanpercentile(gap, 30))
    face: Float64 = np.nanmedian(stable[closed].astype(np.float64), axis=0)
    return face


def fit_activations(
    grid: GridMotion,
    neutral: Float32,
    shapes: Float32,
    landmark_vertices: NDArray[np.int64],
    iterations: int = 300,
) -> tuple[Float32, FitReport]:
    """Fit ARKit activations to every tracked frame.

    Args:
        grid: the recordings.
        neutral: (V, 3) head with known landmarks, x to the subject's left, y up, any unit.
        shapes: (52, V, 3) its ARKit displacements.
        landmark_vertices: (68,) its Multi-PIE landmark vertices.

    Returns:
        (N, 52) activations in 0..1, NaN where no face was found, and the fit's report.
    """
    stable = stabilise(grid.landmarks, [grid.column(p) for p in STABLE_POINTS if p in grid.landmark_index])
    rest = resting_face(grid, stable)
    # The image's x grows to the subject's left and its y grows downwards. Eye corners give the unit for
    # both axes: video pixels need not be square, so the vertical unit comes from eyes to lips.
    size = EYE_DISTANCE_CM / float(np.linalg.norm(np.subtract(*neutral[landmark_vertices[[36, 45]]])))
    neutral, shapes = neutral * size, shapes * size
    head = {mp: neutral[landmark_vertices[pie]] for mp, pie, _ in LANDMARK_PAIRS}
    eyes = neutral[landmark_vertices[[36, 45]]]
    scale_x = (eyes[1, 0] - eyes[0, 0]) / (rest[grid.column(263), 0] - rest[grid.column(33), 0])
    head_height = eyes[:, 1].mean() - (head[13][1] + head[14][1]) / 2
    rest_eyes = (rest[grid.column(263), 1] + rest[grid.column(33), 1]) / 2
    scale_y = head_height / ((rest[grid.column(13), 1] + rest[grid.column(14), 1]) / 2 - rest_eyes)
    unit = np.array([scale_x, -scale_y])

    moved = (stable[..., :2] - rest[:, :2]) * unit
    channels = [ARKIT_INDEX[name] for name in FITTED_CHANNELS]
    basis = shapes[channels]
    rows_target, rows_basis = [], []
    for point, pie, weight in LANDMARK_PAIRS:
        rows_target.append(weight * moved[:, grid.column(point)])
        rows_basis.append(weight * basis[:, landmark_vertices[pie], :2])
    pie_of = {point: pie for point, pie, _ in LANDMARK_PAIRS}
    for upper, lower in GAP_PAIRS:
        difference = moved[:, grid.column(upper)] - moved[:, grid.column(lower)]
        above, below = landmark_vertices[pie_of[upper]], landmark_vertices[pie_of[lower]]
        shape_difference = basis[:, above] - basis[:, below]
        rows_target.append(GAP_WEIGHT * difference[:, 1:])
        rows_basis.append(GAP_WEIGHT * shape_difference[:, 1:2])
    target = np.concatenate(rows_target, axis=1).astype(np.float64)
    matrix = np.concatenate(rows_basis, axis=1).T.astype(np.float64)

    valid = np.isfinite(target).all(axis=1)
    cost = np.array([CHANNEL_COST.get(name, DEFAULT_COST) for name in FITTED_CHANNELS])
    fitted = _box_least_squares(matrix, target[valid], cost, iterations)

    activations = np.full((len(target), len(ARKIT_NAMES)), np.nan, dtype=np.float32)
    activations[valid] = 0.0
    activations[np.ix_(valid, channels)] = fitted
    activations[:, ARKIT_INDEX["eyeBlinkLeft"]] = _stretch(grid.blink[:, 0])
    activations[:, ARKIT_INDEX["eyeBlinkRight"]] = _stretch(grid.blink[:, 1])
    return activations, _report(matrix, target[valid], fitted)


def _box_least_squares(matrix: Float64, target: Float64, cost: Float64, iterations: int) -> Float64:
    """Minimise |matrix a - target|^2 + sum cost a^2 over 0 <= a <= 1, all rows at once.

    Accelerated projected gradient (Beck and Teboulle 2009, FISTA).
    """
    gram = matrix.T @ matrix + np.diag(cost)
    pull = target @ matrix
    step = 1.0 / float(np.linalg.eigvalsh(gram)[-1])
    current = np.zeros((len(target), matrix.shape[1]))
    ahead, momentum = current, 1.0
    for _ in range(iterations):
        following = np.clip(ahead - step * (ahead @ gram - pull), 0.0, 1.0)
        next_momentum = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = following + (momentum - 1.0) / next_momentum * (following - current)
        current, momentum = following, next_momentum
    return current


def _stretch(scores: Float32) -> Float32:
    """Map a tracker's eye-closing score, which rests well above 0 and peaks below 1, to 0..1."""
    low, high = np.nanpercentile(scores, [40, 99.7])
    stretched: Float32 = np.clip((scores - low) / max(high - low, 1e-3), 0.0, 1.0)
    return stretched


def _report(matrix: Float64, target: Float64, fitted: Float64) -> FitReport:
    refitted = fitted @ matrix.T
    gap_row = target.shape[1] - len(GAP_PAIRS)
    true_gap, new_gap = target[:, gap_row] / GAP_WEIGHT, refitted[:, gap_row] / GAP_WEIGHT
    points = 2 * sum(pie >= 48 for _, pie, _ in LANDMARK_PAIRS)
    residual = (refitted - target)[:, 6 : 6 + points]
    return FitReport(
        gap_correlation=float(np.corrcoef(true_gap, new_gap)[0, 1]),
        gap_error_cm=float(np.abs(true_gap - new_gap).mean()),
        residual_cm=float(np.sqrt((residual**2).mean())),
    )
