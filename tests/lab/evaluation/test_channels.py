"""A network's use of ARKit's channels beside a phone's."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lab.evaluation.channels import measure_channels
from lab.fitting.channel_prior import PHONE
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES


def test_deviations_are_counted_over_the_phone_s_and_over_those_of_the_jaw() -> None:
    curves = np.zeros((100, 52), dtype=np.float32)
    curves[::2, ARKIT_INDEX["jawOpen"]] = 4.0 * PHONE["jawOpen"][0]  # twice the phone's deviation
    for side in ("Left", "Right"):
        curves[::2, ARKIT_INDEX[f"mouthLowerDown{side}"]] = 2.0 * PHONE["mouthLowerDown"][0]

    rows = measure_channels(SimpleNamespace(curves=lambda take: curves), [None, None], ARKIT_NAMES)

    found = {row["channel"]: row for row in rows}
    assert found["jawOpen"]["over"] == pytest.approx(2.0, rel=1e-3)
    assert found["mouthLowerDown"]["over"] == pytest.approx(1.0, rel=1e-3)
    assert found["mouthLowerDown"]["beside_jaw"] == pytest.approx(0.5, rel=1e-3)
    assert found["mouthSmile"]["over"] == 0.0
