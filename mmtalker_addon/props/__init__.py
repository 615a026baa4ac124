"""What is kept with each scene."""

from .scene import MMTALKER_PG_scene

__all__ = ["MMTALKER_PG_scene"]
