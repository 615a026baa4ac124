"""Damage at random: whatever the bytes become, a reader gives a sound mesh or a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.mesh import Mesh


def survives_damage(
    parse: Callable[[bytes], Mesh], content: bytes, times: int, changed: int, rng: np.random.Generator
) -> None:
    """Change ``changed`` bytes of ``content``, ``times`` times anew, and read each."""
    original = np.frombuffer(content, dtype=np.uint8)
    for _ in range(times):
        data = original.copy()
        data[rng.integers(0, len(data), changed)] = rng.integers(0, 256, changed)
        try:
            mesh = parse(data.tobytes())
        except MMTalkerError as error:
            assert error.code is ErrorCode.FILE_FORMAT
        else:
            assert 0 <= mesh.loop_vertices.min() <= mesh.loop_vertices.max() < mesh.vertex_count
