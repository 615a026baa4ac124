"""The mirrored face swaps left and right."""

from __future__ import annotations

from lab.training.targets import mirror_order
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

JAW = ARKIT_INDEX["jawOpen"]


def test_mirroring_twice_is_nothing_and_once_swaps_the_sides() -> None:
    order = mirror_order()

    assert [ARKIT_NAMES[i] for i in order[order]] == list(ARKIT_NAMES)
    assert ARKIT_NAMES[order[ARKIT_INDEX["mouthSmileLeft"]]] == "mouthSmileRight"
    assert order[JAW] == JAW
