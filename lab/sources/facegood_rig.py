"""FACEGOOD's curves, and what each control of its rig says in ARKit's names.

The rig has 116 controls and these takes use 27 of them. The table below was written by hand, from the names
(which follow the action units of FACS) and from what the curves do at sounds that the audio gives away.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

Float32 = NDArray[np.float32]

FACEGOOD_FPS = 30.0
"""Rate of the curves, rows a second."""

TAKE_LAG = {"2_01": 0.025, "2_02": 0.025, "2_03": 0.025, "2_04": 0.025, "2_05": 0.045}
"""Seconds by which the curves of each take come after its audio.

Where jaw, lip rolling and rounding follow open vowels, bilabials and rounded sounds best, as a
linear readout of speech features tells those; it learned them from speech with known phone times.
"""

CONTROL_MAP: tuple[tuple[str, tuple[tuple[str, float], ...], str], ...] = (
    ("mouth_stretch_c", (("jawOpen", 0.85),), "jaw opening (AU 27); 95th percentile as GRID's jawOpen"),
    ("mouth_oh_c", (("mouthPucker", 0.5), ("mouthFunnel", 0.15)), "at [o w]: rounds, jaw driven apart"),
    ("mouth_oo_c", (("mouthPucker", 0.8),), "at [u y]: the narrower rounding, beside the pucker"),
    ("mouth_pucker_l", (("mouthPucker", 0.5),), "half of AU 18; ARKit has one for both sides"),
    ("mouth_pucker_r", (("mouthPucker", 0.5),), "the other half"),
    ("mouth_funnel_dl", (("mouthFunnel", 0.25),), "a quarter of AU 22, lower lip; at [ʂ ɕ] and rounding"),
    ("mouth_funnel_dr", (("mouthFunnel", 0.25),), "a quarter"),
    ("mouth_funnel_ul", (("mouthFunnel", 0.25),), "a quarter, upper lip"),
    ("mouth_funnel_ur", (("mouthFunnel", 0.25),), "a quarter"),
    ("mouth_lowerLipDepress_l", (("mouthLowerDownLeft", 1.0),), "AU 16, the same in both rigs"),
    ("mouth_lowerLipDepress_r", (("mouthLowerDownRight", 1.0),), "AU 16"),
    ("mouth_upperLipRaise_l", (("mouthUpperUpLeft", 1.0),), "AU 10, the same in both rigs"),
    ("mouth_upperLipRaise_r", (("mouthUpperUpRight", 1.0),), "AU 10"),
    (
        "mouth_suck_dl",
        (("mouthRollLower", 0.5),),
        "half of AU 28, lower lip; alone at [f], with the upper at [p m]",
    ),
    ("mouth_suck_dr", (("mouthRollLower", 0.5),), "the other half"),
    ("mouth_suck_ul", (("mouthRollUpper", 0.5),), "half of AU 28, upper lip"),
    ("mouth_suck_ur", (("mouthRollUpper", 0.5),), "the other half"),
    ("mouth_press_l", (("mouthPressLeft", 1.0),), "AU 24, the same in both rigs"),
    ("mouth_press_r", (("mouthPressRight", 1.0),), "AU 24"),
    ("mouth_lipCornerPull_l", (("mouthSmileLeft", 1.0),), "AU 12, the same in both rigs"),
    ("mouth_lipCornerPull_r", (("mouthSmileRight", 1.0),), "AU 12"),
    ("mouth_lipStretch_l", (("mouthStretchLeft", 1.0),), "AU 20, the same in both rigs"),
    ("mouth_lipStretch_r", (("mouthStretchRight", 1.0),), "AU 20"),
    (
        "mouth_chinRaise_u",
        (("mouthShrugUpper", 1.0),),
        "AU 17, upper lip's part; over the rolled lower lip at [f]",
    ),
    ("tooth_d_d", (), "the lower teeth inside the mouth, which ARKit moves with the jaw"),
    ("nose_wrinkle_l", (), "never above 0.03"),
    ("nose_wrinkle_r", (), "never above 0.03"),
)
"""Control, its (channel, factor) pairs and the reason. The rig's other controls stay at 0."""

KNOWN = np.array([name.startswith(("jaw", "mouth")) for name in ARKIT_NAMES])
"""(52,) channels that the takes say something about: the rig's lids and brows were left at rest."""

SEALED = 0.1
"""Rolling of both lips, or pressing, from which the lips are shut whatever the jaw does."""


@dataclass(frozen=True)
class Take:
    """One recording of FACEGOOD.

    Attributes:
        name: such as ``2_01``.
        audio: path of its 16 kHz mono recording.
        curves: (T, 52) ARKit activations at ``FACEGOOD_FPS``; None for a take of audio alone.
        lag: seconds by which the curves come after the audio.
    """

    name: str
    audio: Path
    curves: Float32 | None
    lag: float


def load_facegood(folder: Path) -> list[Take]:
    """Read all takes below ``folder``, those with curves first.

    Raises:
        MMTalkerError: FILE_FORMAT when the folder does not hold the curves or a take's audio.
    """
    try:
        with np.load(folder / "curves.npz", allow_pickle=False) as archive:
            names = [str(name) for name in archive["names"]]
            rows = {take: archive[f"curves_{take}"] for take in TAKE_LAG}
    except (OSError, KeyError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"The folder {folder} is not FACEGOOD's ({error}). Give the folder that holds curves.npz, "
            "audio and audio_only.",
        ) from error
    takes = [
        Take(take, folder / "audio" / f"1114_{take}.ogg", to_arkit(names, rows[take]), lag)
        for take, lag in TAKE_LAG.items()
    ]
    alone = sorted((folder / "audio_only").glob("1114_*.ogg"))
    return takes + [Take(path.stem.removeprefix("1114_"), path, None, 0.0) for path in alone]


def to_arkit(names: list[str], rows: NDArray[np.float16] | Float32) -> Float32:
    """Map the rig's curves to ARKit's.

    Args:
        names: (C,) of the controls.
        rows: (T, C) their values.

    Returns:
        (T, 52) in 0..1.
    """
    matrix = np.zeros((len(names), len(ARKIT_NAMES)))
    for control, channels, _ in CONTROL_MAP:
        for channel, factor in channels:
            matrix[names.index(control), ARKIT_INDEX[channel]] = factor
    curves = rows.astype(np.float64) @ matrix
    # mouthClose takes back what jawOpen opens, so that rolled or pressed lips touch as they do in the rig.
    rolled = np.minimum(curves[:, ARKIT_INDEX["mouthRollLower"]], curves[:, ARKIT_INDEX["mouthRollUpper"]])
    pressed = curves[:, [ARKIT_INDEX["mouthPressLeft"], ARKIT_INDEX["mouthPressRight"]]].mean(axis=1)
    sealed = np.clip((rolled + pressed) / SEALED, 0.0, 1.0)
    curves[:, ARKIT_INDEX["mouthClose"]] = sealed * curves[:, ARKIT_INDEX["jawOpen"]]
    mapped: Float32 = np.clip(curves, 0.0, 1.0).astype(np.float32)
    return mapped
