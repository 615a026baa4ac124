"""What a mapping says: where on the canonical head the vertices of a mesh lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.mesh.mesh import Float32, Float64, Int32, Similarity

REGIONS = ("mouth", "eye_left", "eye_right", "brows", "nose", "jaw", "face")
"""Parts of the face that have a confidence of their own; ``face`` is the rest."""


class Mouth(StrEnum):
    """What kind of mouth a head has."""

    PARTED = "parted"
    """Lips are two: it can open."""

    FUSED = "fused"
    """Lips are one surface, as in scans and statues: nothing can open until it is cut."""

    MISSING = "missing"
    """There is none, or none that was found."""


@dataclass(frozen=True)
class Hints:
    """What names say about a mesh's parts; an artist's names are no proof, but they break ties.

    Attributes:
        names: words that parts are called by: of objects and materials.
        face: (F,) index into ``names`` of every polygon's part.
    """

    names: tuple[str, ...]
    face: NDArray[np.int32]


@dataclass(frozen=True)
class HeadMapping:
    """Where a head's vertices lie on the canonical head.

    Attributes:
        topology: ``anny``, ``ict``, or ``any`` for a head whose places were found by looking at it.
        uv: (V, 2) place in the chart, 0 where the role is not one of ``CHART_ROLES``.
        role: (V,) a :class:`mmtalker.mesh.roles.Role` each.
        jaw_weight: (V,) how much teeth, gums and tongue follow the jaw, 0..1.
        leader: (V,) vertex whose displacement a lash vertex takes over, -1 where there is none.
        confidence: 0..1.
        to_canonical: from the head's own space to canonical space.
        landmarks: vertex by name; left is the subject's left.
        warnings: sentences for the user about the mapping, not about the mesh.
        points: (3,) position in head space of each landmark, on the surface though rarely on a vertex.
        regions: 0..1 for each of ``REGIONS``.
        triangles: (T, 3) its surface: vertices that an exporter split are one here, and all triangles turn
            outwards.
        owner: (V,) the vertex that stands for each in ``triangles``; itself where nothing was split.
        mouth: whether it can open.
        moved: names of the landmarks that the animator moved.
    """

    topology: str
    uv: Float32
    role: NDArray[np.uint8]
    jaw_weight: Float32
    leader: Int32
    confidence: float
    to_canonical: Similarity
    landmarks: dict[str, int]
    warnings: tuple[str, ...]
    points: Mapping[str, Float64]
    regions: Mapping[str, float]
    triangles: Int32
    owner: Int32
    mouth: Mouth = Mouth.PARTED
    moved: tuple[str, ...] = ()

    @property
    def lopsided(self) -> bool:
        """Whether the animator moved landmarks of one side and not those of the other."""
        swap = {"left": "right", "right": "left"}
        other = {"_".join(swap.get(word, word) for word in name.split("_")) for name in self.moved}
        return other != set(self.moved)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays, for a cache."""
        fit = self.to_canonical
        about = {name: getattr(self, name) for name in _TOLD} | {
            "mouth": str(self.mouth),
            "points": {name: list(map(float, point)) for name, point in self.points.items()},
            "to_canonical": [float(fit.scale), fit.rotation.tolist(), fit.translation.tolist()],
        }
        kept = {name: getattr(self, name) for name in _ARRAYS}
        return kept | {"about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> HeadMapping:
        """Rebuild from :meth:`to_arrays`."""
        described: dict[str, Any] = json.loads(arrays["about"].tobytes().decode())
        scale, rotation, translation = described["to_canonical"]
        described |= {
            **{name: arrays[name] for name in _ARRAYS},
            "warnings": tuple(described["warnings"]),
            "moved": tuple(described["moved"]),
            "mouth": Mouth(described["mouth"]),
            "points": {name: np.array(point) for name, point in described["points"].items()},
            "to_canonical": Similarity(scale, np.array(rotation), np.array(translation)),
        }
        return HeadMapping(**described)


_ARRAYS = ("uv", "role", "jaw_weight", "leader", "triangles", "owner")
_TOLD = ("topology", "confidence", "landmarks", "warnings", "regions", "moved")
