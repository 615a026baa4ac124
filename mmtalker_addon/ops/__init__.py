"""The buttons."""

from .check import (
    MMTALKER_OT_check_head,
    MMTALKER_OT_done_check,
    MMTALKER_OT_refit_head,
    MMTALKER_OT_reset_landmarks,
    MMTALKER_OT_reset_selected,
)
from .cut import MMTALKER_OT_cut_mouth
from .fbx import MMTALKER_OT_bring_back_modifiers, MMTALKER_OT_prepare_fbx
from .generate import MMTALKER_OT_cancel, MMTALKER_OT_generate
from .head import MMTALKER_OT_add_demo_head, MMTALKER_OT_use_active
from .log import MMTALKER_OT_show_log
from .outcome import MMTALKER_OT_show_all
from .parts import MMTALKER_OT_add_parts, MMTALKER_OT_remove_part
from .set_up import MMTALKER_OT_set_up

CLASSES = (
    MMTALKER_OT_use_active,
    MMTALKER_OT_add_demo_head,
    MMTALKER_OT_add_parts,
    MMTALKER_OT_remove_part,
    MMTALKER_OT_check_head,
    MMTALKER_OT_refit_head,
    MMTALKER_OT_reset_landmarks,
    MMTALKER_OT_reset_selected,
    MMTALKER_OT_done_check,
    MMTALKER_OT_cut_mouth,
    MMTALKER_OT_generate,
    MMTALKER_OT_cancel,
    MMTALKER_OT_prepare_fbx,
    MMTALKER_OT_bring_back_modifiers,
    MMTALKER_OT_show_all,
    MMTALKER_OT_set_up,
    MMTALKER_OT_show_log,
)
