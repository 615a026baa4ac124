"""From the model's raw curves to the ones that are keyed: rest, idle motion, blinks, range."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.motion.blink import blink_curves, blink_times
from mmtalker.motion.idle import add_idle_motion, draw_idle_motion
from mmtalker.motion.phrases import find_phrases
from mmtalker.motion.silence import rest_gate
from mmtalker.motion.styles import DEFAULT_STYLE

Float32 = NDArray[np.float32]


LARGEST_OPTION = 1000.0
"""No option means anything beyond it, and float32 curves stay finite below it."""


@dataclass(frozen=True)
class AnimateOptions:
    """What a person may turn without running the model again.

    Attributes:
        mouth_strength: factor on jaw and mouth channels.
        brow_strength: factor on brow channels.
        idle_motion: factor on the motion of brows and lids that speech does not tell; 0 for none.
        blink_rate: blinks a minute; 0 for none. In conversation people blink 26 times on the average
            (Bentivoglio et al. 1997), GRID's speaker reads with 47.
        silence_rest: how far the mouth comes to rest in long silence; 0 keeps what the model says. Short
            pauses stay as they are.
        style: whose way of speaking: one of the model's styles.
        style_strength: how far it goes from the model's default; 0 for none of it, negative for the opposite.
    """

    mouth_strength: float = 1.0
    brow_strength: float = 1.0
    idle_motion: float = 1.0
    blink_rate: float = 30.0
    silence_rest: float = 1.0
    style: str = DEFAULT_STYLE
    style_strength: float = 1.0

    @staticmethod
    def from_json(values: dict[str, Any]) -> AnimateOptions:
        """Build from a message's fields.

        Raises:
            MMTalkerError: BAD_REQUEST for an unknown name or a value that is not a number of sensible size.
        """
        known = {field.name: field.default for field in fields(AnimateOptions)}
        for name, value in values.items():
            if name not in known:
                raise MMTalkerError(
                    ErrorCode.BAD_REQUEST,
                    f"There is no option {name!r}. The options are {', '.join(sorted(known))}.",
                )
            if isinstance(known[name], str):
                if not isinstance(value, str):
                    raise MMTalkerError(ErrorCode.BAD_REQUEST, f"The option {name!r} must be a name.")
            # By comparison, since a whole number may be too large for isfinite.
            elif not isinstance(value, bool | int | float) or not abs(value) <= LARGEST_OPTION:
                raise MMTalkerError(
                    ErrorCode.BAD_REQUEST,
                    f"The option {name!r} must be a finite number of at most {LARGEST_OPTION:g}.",
                )
        return AnimateOptions(**values)


def finish_curves(
    raw: Float32,
    names: tuple[str, ...],
    level: Float32,
    voice: Float32,
    rate: float,
    options: AnimateOptions,
    seed: int,
) -> Float32:
    """Apply everything that needs no inference.

    Args:
        raw: (R, K) the network's activations.
        names: K channels.
        level: (R,) loudness of the speech in dB of full scale.
        voice: (R,) how probable it is that somebody speaks.
        rate: of all three, Hz.
        options: the user's choices.
        seed: of idle motion and blinks; any whole number.

    Returns:
        (R, K) within 0..1.
    """
    curves = raw.astype(np.float32, copy=True)
    mouth = [i for i, name in enumerate(names) if name.startswith(("jaw", "mouth", "tongue", "cheekPuff"))]
    brows = [i for i, name in enumerate(names) if name.startswith("brow")]
    curves[:, mouth] *= options.mouth_strength
    curves[:, brows] *= options.brow_strength
    rest = np.clip(options.silence_rest, 0.0, 1.0) * (1.0 - rest_gate(voice, level, rate))
    curves[:, mouth] *= 1.0 - rest[:, None]
    phrases = find_phrases(level, rate)
    # Each draws from its own source: blinks stay as they are with or without idle motion. A seed may be
    # negative.
    for_idle, for_blinks = (np.random.default_rng(s) for s in np.random.SeedSequence(seed % 2**64).spawn(2))
    idle_motion = draw_idle_motion(len(raw), rate, phrases, for_idle)
    curves = add_idle_motion(np.clip(curves, 0.0, 1.0, out=curves), names, options.idle_motion * idle_motion)
    starts = blink_times(len(raw) / rate, options.blink_rate, phrases, for_blinks)
    # In place of the model's own lids: it can but tell the mean, which is half shut where a blink is likely.
    lids = [names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")]
    curves[:, lids] = blink_curves(starts, len(raw), rate, for_blinks)
    return np.clip(curves, 0.0, 1.0, out=curves)
