"""The vertex lists that metrics are counted over, read from the user's own files; none is shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.vertex_sets.dataset import VertexLists
from lab.vertex_sets.safe_pickle import read_data_pickle
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.inputs import read_bytes

MASK_THRESHOLD = 0.5
"""Weight above which a vertex of a Multiface mask belongs to its region."""

FLAME_MASKS = "FLAME_masks.pkl"

_REGION_FILES = {"lips": "lve.txt", "upper_face": "fdd.txt"}
_MASK_FILES = {
    "lips": "weighted_mouth_mask.txt",
    "eye_region": "weighted_eye_mask.txt",
    "upper_face": "forehead_mask.txt",
}


def find_lists(folders: tuple[Path, ...], vertex_count: int) -> VertexLists:
    """Read the lists that are there: FLAME's masks, ``lve.txt`` and ``fdd.txt``, or Multiface's weights.

    Args:
        folders: to look in; in each also the folders ``regions`` and ``templates``.
        vertex_count: of the topology, which every number must belong to.

    Raises:
        MMTalkerError: ``FILE_FORMAT`` when a list cannot be read or is of another topology.
    """
    lists: VertexLists = {}
    places = [place for folder in folders for place in (folder, folder / "regions", folder / "templates")]
    for place in places:
        if (place / FLAME_MASKS).is_file():
            found = _flame_lists(place / FLAME_MASKS)
        else:
            found = {
                region: _numbers(place / name)
                for region, name in _REGION_FILES.items()
                if (place / name).is_file()
            }
            found |= {
                region: _heavy(place / name, vertex_count)
                for region, name in _MASK_FILES.items()
                if region not in found and (place / name).is_file()
            }
        for region, numbers in found.items():
            if len(numbers) == 0 or numbers.min() < 0 or numbers.max() >= vertex_count:
                raise _bad(
                    place, f"the list of the {region} there does not fit a mesh of {vertex_count} vertices"
                )
            lists.setdefault(region, numbers)
    return lists


def _flame_lists(path: Path) -> VertexLists:
    """Lips, eye region, and both forehead and eye region as the upper face."""
    masks = read_data_pickle(path)
    try:
        lips, eyes, forehead = (
            np.unique(np.asarray(masks[name], dtype=np.int64)) for name in ("lips", "eye_region", "forehead")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _bad(path, f"it has no vertex numbers of lips, eye_region and forehead ({error})") from error
    return {"lips": lips, "eye_region": eyes, "upper_face": np.union1d(forehead, eyes)}


def _numbers(path: Path) -> NDArray[np.int64]:
    """Vertex numbers between commas or spaces, each once."""
    words = read_bytes(path).decode("utf-8", errors="replace").replace(",", " ").split()
    try:
        return np.unique(np.array([int(word) for word in words], dtype=np.int64))
    except (ValueError, OverflowError) as error:
        raise _bad(path, f"it is not a list of vertex numbers ({error})") from error


def _heavy(path: Path, vertex_count: int) -> NDArray[np.int64]:
    """Vertices whose weight is above the threshold; one weight for each vertex."""
    try:
        weights = np.array(read_bytes(path).decode("utf-8", errors="replace").split(), dtype=np.float64)
    except ValueError as error:
        raise _bad(path, f"it is not a list of weights ({error})") from error
    if len(weights) != vertex_count:
        raise _bad(path, f"it has {len(weights)} weights for {vertex_count} vertices")
    return np.flatnonzero(weights > MASK_THRESHOLD)


def _bad(path: Path, what: str) -> MMTalkerError:
    return MMTalkerError(
        ErrorCode.FILE_FORMAT, f"{path} cannot be used: {what}. Take the lists of the set's own topology."
    )
