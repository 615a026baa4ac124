"""The panel and its parts."""

from .panel import MMTALKER_PT_advanced, MMTALKER_PT_check, MMTALKER_PT_main, MMTALKER_PT_parts
from .parts import MMTALKER_UL_parts

CLASSES = (MMTALKER_UL_parts, MMTALKER_PT_main, MMTALKER_PT_check, MMTALKER_PT_parts, MMTALKER_PT_advanced)
