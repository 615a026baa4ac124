"""The baselines by name: each fitted on a corpus's batches, ready to be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from lab.baselines.base import Baseline, Draws
from lab.baselines.decoder import Decoder
from lab.baselines.faceformer import FaceFormerStyle
from lab.baselines.fit import KnownPoints, fit
from lab.baselines.ridge import fit_ridge
from lab.baselines.selftalk import SelfTalkStyle
from lab.baselines.small import SmallNetwork
from lab.baselines.visemes import VisemeRule
from lab.baselines.voca import VocaStyle
from lab.evaluation.face import Face
from lab.evaluation.score import LIST_NEEDS
from lab.evaluation.systems import still
from lab.evaluation.takes import System
from lab.phonetics.phone_recogniser import PhoneRecogniser
from lab.training.config import TrainConfig
from mmtalker.motion.arkit import ARKIT_INDEX
from mmtalker.progress import Progress, silent

DECODERS: Mapping[str, type[Decoder]] = {
    "small network": SmallNetwork,
    "VOCA-style": VocaStyle,
    "FaceFormer-style": FaceFormerStyle,
    "SelfTalk-style": SelfTalkStyle,
}

STILL, RULE, RIDGE = "still face", "viseme rule", "ridge"

BASELINES = (STILL, RULE, RIDGE, *DECODERS)


def baseline_system(
    name: str,
    draws: Draws,
    face: Face,
    config: TrainConfig,
    out: Path,
    device: torch.device,
    recogniser: PhoneRecogniser | None = None,
    progress: Progress = silent,
) -> System:
    """Fit the baseline called ``name``, or what is left of its training.

    Args:
        name: one of :data:`BASELINES`.
        draws: where batches come from.
        face: whose motion it learns; it can be evaluated on no other.
        config: of the network's training. The decoders take as many steps as the network learns motion in.
        out: folder for what was fitted.
        device: where to compute.
        recogniser: hears the phones of speech that nobody wrote down.
        progress: of the ridge, which has no log.
    """
    if name == STILL:
        return still
    if name == RULE:
        rule = VisemeRule(face.shapes, recogniser)
        return lambda _: rule.predict
    fitted = _fitted(name, draws, face, config, out, device, progress)
    return lambda _: fitted.predict


def _fitted(
    name: str,
    draws: Draws,
    face: Face,
    config: TrainConfig,
    out: Path,
    device: torch.device,
    progress: Progress,
) -> Baseline:
    if name == RIDGE:
        return fit_ridge(draws, face.shapes, config, out / "ridge.npz", device, progress)
    torch.manual_seed(config.seed)
    layers, width = len(config.model.speech_layers), config.model.speech_width
    decoder = DECODERS[name](layers, width, len(face.uv)).to(device)
    needs = {part: [ARKIT_INDEX[channel] for channel in known] for part, known in LIST_NEEDS.items()}
    points = KnownPoints(face.lists, needs, len(face.uv))
    return fit(decoder, draws, torch.from_numpy(face.shapes), points, config, out / name)
