"""What is kept with each scene, and with each head."""

from .parts import MMTALKER_PG_part
from .scene import MMTALKER_PG_scene

__all__ = ["MMTALKER_PG_part", "MMTALKER_PG_scene"]
