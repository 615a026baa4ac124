"""The buttons."""

from .generate import MMTALKER_OT_cancel, MMTALKER_OT_generate
from .head import MMTALKER_OT_add_demo_head, MMTALKER_OT_use_active
from .log import MMTALKER_OT_show_log
from .set_up import MMTALKER_OT_set_up

CLASSES = (
    MMTALKER_OT_use_active,
    MMTALKER_OT_add_demo_head,
    MMTALKER_OT_generate,
    MMTALKER_OT_cancel,
    MMTALKER_OT_set_up,
    MMTALKER_OT_show_log,
)
