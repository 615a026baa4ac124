"""Our network as systems to evaluate: what it says, and what is keyed after finishing."""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.face import Face
from lab.evaluation.figures import Variant
from lab.evaluation.speaker import JointSpeaker, Speaker
from lab.evaluation.takes import Prediction, System, Take
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.model.regression import JointRegression
from mmtalker.motion.blink import BlinkStyle
from mmtalker.motion.finish import AnimateOptions, finish_curves
from mmtalker.speech.features import FEATURE_RATE

Float32 = NDArray[np.float32]


AS_FILMED = AnimateOptions(blink_rate=BlinkStyle().rate)
"""Who is compared with film blinks as often as the person in the film, not as the preset says."""


def network_systems(network: MMTalkerNetwork, name: str, seed: int = 0) -> dict[str, System]:
    """Return a network's systems by name.

    ``NAME raw`` is what it says, in the range of a key; ``NAME finished`` adds rest and blinks. The
    joint form has no curves that could be finished and gives the first alone. Both move the face by the
    shape keys that the network itself makes for it.

    Args:
        network: in evaluation mode.
        name: of the model.
        seed: of the blinks; every recording draws its own from it.
    """
    if isinstance(network.regression, JointRegression):
        return {f"{name} {Variant.RAW}": lambda face: JointSpeaker(network, face).motion}

    @lru_cache(maxsize=1)
    def speaker(face: Face) -> Speaker:
        return Speaker(network, face)

    def raw(face: Face) -> Prediction:
        own = speaker(face)
        return lambda take: own.move(np.clip(own.curves(take), 0.0, 1.0))

    def finished(face: Face) -> Prediction:
        own = speaker(face)
        names = network.config.names
        return lambda take: own.move(finish(own.curves(take), names, take, own.voice(take), seed))

    return {f"{name} {Variant.RAW}": raw, f"{name} {Variant.FINISHED}": finished}


def still(face: Face) -> Prediction:
    """Predict that the face rests: what a figure is worth that has nothing to do with speech."""
    return lambda take: np.zeros((len(take.features), *face.rest.shape), dtype=np.float32)


def finish(curves: Float32, names: tuple[str, ...], take: Take, voice: Float32, seed: int) -> Float32:
    """Return the (T, K) curves that are keyed; blinks differ from recording to recording."""
    own = zlib.crc32(f"{seed} {take.clip.source} {take.clip.name}".encode())
    return finish_curves(curves, names, take.level, voice, FEATURE_RATE, AS_FILMED, own)
