"""Weights on disk: what is written is read back, and damage is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.model.loading import CONFIG_NAME, WEIGHTS_NAME, load_model, save_model
from tests.model.small import random_head, random_speech, small_network


def test_a_saved_network_gives_the_same_curves(tmp_path: Path) -> None:
    network, head, speech = small_network(), random_head(), random_speech(1, 20)

    save_model(network, tmp_path, {"licence": "none"})
    loaded = load_model(tmp_path).network

    assert loaded.config == network.config
    made = loaded.activations(head, speech, head.still())
    assert torch.allclose(made, network.activations(head, speech, head.still()), atol=0.02)
    assert json.loads((tmp_path / CONFIG_NAME).read_text())["about"] == {"licence": "none"}


def damage_weights(folder: Path) -> None:
    data = bytearray((folder / WEIGHTS_NAME).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / WEIGHTS_NAME).write_bytes(data)


def remove_weights(folder: Path) -> None:
    (folder / WEIGHTS_NAME).unlink()


def write_other_version(folder: Path) -> None:
    config = json.loads((folder / CONFIG_NAME).read_text())
    config["model"]["format_version"] = 99
    (folder / CONFIG_NAME).write_text(json.dumps(config))


def write_garbage(folder: Path) -> None:
    (folder / CONFIG_NAME).write_text("{")


@pytest.mark.parametrize("harm", [damage_weights, remove_weights, write_other_version, write_garbage])
def test_unusable_weights_are_told_in_a_sentence(tmp_path: Path, harm) -> None:  # type: ignore[no-untyped-def]
    save_model(small_network(), tmp_path, {})
    harm(tmp_path)

    with pytest.raises(MMTalkerError, match="Reinstall MMTalker") as caught:
        load_model(tmp_path)

    assert caught.value.code == ErrorCode.WEIGHTS_MISSING
