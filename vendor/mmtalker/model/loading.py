"""Saving and loading a network: safetensors beside a config.json that describes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.io.settings import Whole, Word, check_settings
from mmtalker.model.config import ModelConfig
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.shipped import shipped
from mmtalker.speech.audio import SAMPLE_RATE
from mmtalker.speech.features import FEATURE_RATE

WEIGHTS_NAME = "mmtalker.safetensors"
CONFIG_NAME = "config.json"

RATES = {"speech_hz": SAMPLE_RATE, "features_hz": FEATURE_RATE, "curves_hz": FEATURE_RATE}
"""What the network was trained at, stored beside it."""

DEFAULT_FOLDER = shipped("weights")
"""Where the shipped weights lie."""


@dataclass(frozen=True)
class LoadedModel:
    """A network ready for inference.

    Attributes:
        network: in evaluation mode, in float32.
        checksum: SHA-256 of the weights file.
    """

    network: MMTalkerNetwork
    checksum: str


def save_model(network: MMTalkerNetwork, folder: Path, about: dict[str, Any]) -> None:
    """Write weights (float16) and configuration; ``about`` names sources, licence and figures."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().half() for name, value in network.state_dict().items()}
    data = safetensors.torch.save(tensors)
    config = {
        "model": network.config.to_json(),
        "rates": RATES,
        "weights": {"file": WEIGHTS_NAME, "sha256": hashlib.sha256(data).hexdigest()},
        "about": about,
    }
    with replacing(folder / WEIGHTS_NAME) as partial:
        partial.write_bytes(data)
    with replacing(folder / CONFIG_NAME) as partial:
        partial.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_model(folder: Path = DEFAULT_FOLDER, device: torch.device | str = "cpu") -> LoadedModel:
    """Read a network that :func:`save_model` wrote.

    Raises:
        MMTalkerError: WEIGHTS_MISSING when a file is absent, damaged or of another version.
    """
    try:
        config, sha256 = _read_config(folder / CONFIG_NAME)
        data = (folder / WEIGHTS_NAME).read_bytes()
        checksum = hashlib.sha256(data).hexdigest()
        if checksum != sha256:
            raise ValueError(f"{WEIGHTS_NAME} does not have the checksum that {CONFIG_NAME} names")
        tensors = {name: value.float() for name, value in safetensors.torch.load(data).items()}
        _check_sizes(config, tensors)
        network = MMTalkerNetwork(config, tensors["sampler.area"])
        network.load_state_dict(tensors, strict=True)
    except MMTalkerError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, RecursionError, SafetensorError) as error:
        raise MMTalkerError(
            ErrorCode.WEIGHTS_MISSING,
            f"The model weights in {folder} cannot be used: {error}. Reinstall MMTalker, or give the "
            "folder of weights that you trained.",
        ) from error
    return LoadedModel(network.to(device).eval(), checksum)


def _read_config(path: Path) -> tuple[ModelConfig, str]:
    """Return the network's configuration and the checksum of its weights; ValueError says what is wrong."""
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{CONFIG_NAME} holds no fields")
    values = {name: values.get(name) for name in ("model", "rates", "weights")}
    weights = check_settings(
        values["weights"], {"file": Word((WEIGHTS_NAME,)), "sha256": Word()}, f"'weights' in {CONFIG_NAME}"
    )
    rates = {name: Whole(rate, rate) for name, rate in RATES.items()}
    check_settings(values["rates"], rates, f"'rates' in {CONFIG_NAME}")
    return ModelConfig.from_json(values["model"]), weights["sha256"]


def _check_sizes(config: ModelConfig, tensors: dict[str, Tensor]) -> None:
    """Compare the sizes that ``config`` asks for with the weights', before memory is taken for them."""
    with torch.device("meta"):
        wanted = MMTalkerNetwork(config, tensors["sampler.area"].to("meta")).state_dict()
    for name, value in wanted.items():
        if name not in tensors:
            raise ValueError(f"{WEIGHTS_NAME} lacks {name}")
        if tensors[name].shape != value.shape:
            found, asked = (tuple(one.shape) for one in (tensors[name], value))
            raise ValueError(f"{CONFIG_NAME} asks for {name} of {asked}, and {WEIGHTS_NAME} has {found}")
