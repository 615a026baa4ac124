"""Mapping a head: one that is known, one whose skin is known, or any that a face is found on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from mmtalker.mapping.known_head import map_known_head
from mmtalker.mapping.known_skin import map_known_skin
from mmtalker.mapping.types import HeadMapping, Hints
from mmtalker.mesh.check import check_mesh, check_size
from mmtalker.mesh.mesh import Float64, Mesh


def map_head(
    mesh: Mesh,
    corrections: Mapping[str, Float64] = MappingProxyType({}),
    hints: Hints | None = None,
) -> HeadMapping:
    """Say where in the chart a head's vertices lie.

    A known topology, or its skin among other parts, is recognised by its vertices' number and order, and
    confirmed by its shape: there all places are known exactly. Any other head is looked at, see
    :mod:`mmtalker.mapping`.

    Args:
        mesh: the head.
        corrections: (3,) position in head space of each landmark that the animator moved. On a known
            topology the places around follow; on any other head they are pins of the fit.
        hints: names of the mesh's parts; a known topology that is one mesh needs none.

    Raises:
        MMTalkerError: BAD_MESH for broken geometry; UNSUPPORTED_HEAD where no face is found, or too many
            triangles to look for one;
            WEIGHTS_MISSING where what looks for it is not there.
    """
    check_mesh(mesh)
    mapping = map_known_head(mesh, corrections) or map_known_skin(mesh, corrections, hints)
    if mapping is None:
        check_size(mesh)
        # Only now: to know a head takes no torch.
        from mmtalker.mapping.any_head import map_any_head
        from mmtalker.mapping.weights import load_networks

        mapping = map_any_head(mesh, load_networks(), corrections, hints)
    return replace(mapping, moved=tuple(sorted(mapping.points.keys() & corrections.keys())))
