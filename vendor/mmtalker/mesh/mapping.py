"""The old place of :mod:`mmtalker.mapping.map_head`, for scripts that name it; nothing here imports it."""

from __future__ import annotations

from mmtalker.mapping.map_head import map_head
from mmtalker.mapping.types import HeadMapping, Hints, Mouth

__all__ = ["HeadMapping", "Hints", "Mouth", "map_head"]
