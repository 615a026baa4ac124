"""Reading the ICT-FaceKit light model: its neutral, ARKit shapes and identities, in metres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.mesh import Mesh
from mmtalker.motion.arkit import ARKIT_NAMES

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

VERTEX_COUNT = 26719
SKIN_COUNT = 14062
FACE_COUNT = 9409
MOUTH_SOCKET = slice(11248, 13294)
EYE_SOCKETS = slice(13294, 14062)
GUMS = slice(14062, 16611)
TONGUE = slice(16611, 17039)
UPPER_TEETH = slice(17039, 19247)
LOWER_TEETH = slice(19247, 21451)
EYEBALLS = slice(21451, 24591)
LASHES = slice(25351, 26719)

MULTI_PIE = np.array([
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269,
    3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081, 0, 4275,
    6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
])  # fmt: skip
"""Vertices of the 68 Multi-PIE landmarks."""


@dataclass(frozen=True)
class IctModel:
    """The model's arrays.

    Attributes:
        neutral: (V, 3) metres, y up, left is the subject's left (+x).
        faces: (F, 4), -1 pads triangles.
        shapes: (52, V, 3) metres in ARKit order; tongueOut is zero, since the model has none.
        identities: (100, V, 3) metres for one standard deviation.
    """

    neutral: Float32
    faces: Int64
    shapes: Float32
    identities: Float32

    def mesh(self, vertices: Float32 | None = None) -> Mesh:
        """The model's mesh, or another identity on it."""
        return Mesh.from_polygons(self.neutral if vertices is None else vertices, self.faces)


@lru_cache(maxsize=1)
def load_ict(data: Path) -> IctModel:
    """Read the model from the folder of training data.

    Raises:
        MMTalkerError: FILE_FORMAT when the file is absent or is another version.
    """
    file = Path(data) / "heads" / "ict_facekit" / "ict_facekit.npz"
    try:
        with np.load(file, allow_pickle=False) as arrays:
            neutral = arrays["neutral_cm"].astype(np.float32) * 0.01
            expressions = arrays["expression_delta_cm"].astype(np.float32) * 0.01
            names = [str(name) for name in arrays["expression_names"]]
            identities = arrays["identity_delta_cm"].astype(np.float32) * 0.01
            faces = arrays["faces"].astype(np.int64)
    except (OSError, KeyError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The ICT head model at {file} cannot be read ({error}). "
            "Give the folder that holds heads/ict_facekit with --data or MMTALKER_DATA.",
        ) from error
    if len(neutral) != VERTEX_COUNT:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The head model at {file} has {len(neutral)} vertices and not {VERTEX_COUNT}. "
            "Get ICT-FaceKit light, or leave ICT heads out.",
        )
    shapes = np.stack([_arkit(name, names, expressions) for name in ARKIT_NAMES])
    return IctModel(neutral, faces, shapes, identities)


def _arkit(name: str, names: list[str], expressions: Float32) -> Float32:
    """One ARKit shape: the model writes sides as _L and _R, and has two shapes in halves to be added."""
    own = name.removesuffix("Left") + "_L" if name.endswith("Left") else name
    own = own.removesuffix("Right") + "_R" if own.endswith("Right") else own
    for candidates in ([name], [own], [f"{name}_L", f"{name}_R"]):
        if all(candidate in names for candidate in candidates):
            total: Float32 = np.sum([expressions[names.index(c)] for c in candidates], axis=0)
            return total
    return np.zeros_like(expressions[0])
