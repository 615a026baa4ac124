"""``mmtalker map``: where on the canonical head a mesh's vertices lie, as numbers and as a picture."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.cli.exits import Exit, Stop, stopping_with
from mmtalker.cli.heads import read_named_head
from mmtalker.io.arrays import write_arrays
from mmtalker.io.png import write_png
from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import HeadMapping
from mmtalker.mesh.mesh import Mesh
from mmtalker.progress import silent
from mmtalker.worker.cache import DiskCache


def map_command(options: argparse.Namespace) -> None:
    """Map a head, write what was found, say how sure it is.

    Raises:
        Stop, MMTalkerError: what went wrong; nothing half-written is left behind.
    """
    for path, suffix in ((options.out, ".npz"), (options.picture, ".png")):
        if path is not None and path.suffix.lower() != suffix:
            raise Stop(Exit.USAGE, f"'{path}' must end in {suffix}.")
    mesh = read_named_head(options.head)
    began = time.monotonic()
    mapping = _map(mesh, options.cache_dir)
    seconds = time.monotonic() - began
    with stopping_with(Exit.OUTPUT):
        write_arrays(options.out, arrays_of(mesh, mapping), compress=True)
        if options.picture is not None:
            # Only now: it needs SciPy, which a map without a picture can do without.
            from mmtalker.mapping.picture import draw_mapping

            write_png(draw_mapping(mesh, mapping), options.picture)
    for warning in mapping.warnings:
        print(f"Warning: {warning}", file=sys.stderr)
    regions = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in mapping.regions.items())
    print(
        f"Wrote {options.out}: {mesh.vertex_count:,} vertices mapped in {seconds:.1f} s, "
        f"confidence {mapping.confidence:.2f} ({regions}), mouth {mapping.mouth}."
    )


def _map(mesh: Mesh, cache_dir: Path | None) -> HeadMapping:
    if cache_dir is None:
        return map_head(mesh)
    # Here and not above, since the worker's store comes with all of the pipeline.
    from mmtalker.worker.backend import load_backend
    from mmtalker.worker.prepared import PreparedStore

    return PreparedStore(load_backend("cpu"), DiskCache(cache_dir)).mapping(mesh, silent)


def arrays_of(mesh: Mesh, mapping: HeadMapping) -> dict[str, NDArray[Any]]:
    """Everything of a mapping as named arrays.

    ``uv`` (V, 2), ``role`` (V,), ``jaw_weight`` (V,), ``leader`` (V,), ``landmark_names`` (L,),
    ``landmark_points`` (L, 3) in head space, ``region_names`` and ``region_confidence`` (R,),
    ``confidence``, ``mouth``, ``topology``, ``scale``, ``rotation`` (3, 3) and ``translation`` (3,) to
    canonical space, ``vertices`` (V, 3).
    """
    fit = mapping.to_canonical
    return {
        "vertices": mesh.vertices,
        "uv": mapping.uv,
        "role": mapping.role,
        "jaw_weight": mapping.jaw_weight,
        "leader": mapping.leader,
        "landmark_names": np.array(list(mapping.points), dtype=np.str_),
        "landmark_points": np.array(list(mapping.points.values()), dtype=np.float64).reshape(-1, 3),
        "region_names": np.array(list(mapping.regions), dtype=np.str_),
        "region_confidence": np.array(list(mapping.regions.values()), dtype=np.float64),
        "confidence": np.array([mapping.confidence]),
        "mouth": np.array([str(mapping.mouth)]),
        "topology": np.array([mapping.topology]),
        "scale": np.array([fit.scale]),
        "rotation": fit.rotation,
        "translation": fit.translation,
    }
