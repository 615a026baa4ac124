"""How a network spreads speech over ARKit's channels, beside how a phone's face capture does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lab.evaluation.speaker import Speaker
from lab.evaluation.takes import Take
from lab.fitting.channel_prior import PHONE, deviations

Row = Mapping[str, str | float | None]

CHANNELS = "ARKit's channels in filmed test clips, beside a phone's face capture"
"""Title of the check."""


def measure_channels(speaker: Speaker, takes: Sequence[Take], names: Sequence[str]) -> list[Row]:
    """Compare the standard deviations of the mouth's channels with a phone's.

    Args:
        speaker: that says the recordings.
        takes: recordings, of which all frames count.
        names: of the network's channels.

    Returns:
        Rows of channel, its ``deviation``, that ``over`` the phone's, and ``beside_jaw``: the same where both
        are counted in deviations of jawOpen.
    """
    curves = np.clip(np.concatenate([speaker.curves(take) for take in takes]), 0.0, 1.0)
    found = deviations(curves.astype(np.float64), names)
    jaw = found["jawOpen"] / PHONE["jawOpen"][0]
    return [
        {
            "channel": name,
            "deviation": found[name],
            "over": found[name] / deviation,
            "beside_jaw": found[name] / deviation / jaw,
        }
        for name, (deviation, _) in PHONE.items()
    ]
