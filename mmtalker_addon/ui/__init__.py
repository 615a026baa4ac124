"""The panel and its parts."""

from .panel import MMTALKER_PT_advanced, MMTALKER_PT_check, MMTALKER_PT_main

CLASSES = (MMTALKER_PT_main, MMTALKER_PT_check, MMTALKER_PT_advanced)
