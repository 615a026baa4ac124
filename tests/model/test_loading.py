"""Weights on disk: what is written is read back, and damage is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.model.loading import CONFIG_NAME, WEIGHTS_NAME, load_model, save_model
from mmtalker.worker.failures import as_failure
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


def changed(**fields: Any) -> Any:
    """A harm that changes fields of the model's configuration."""

    def harm(config: dict[str, Any]) -> None:
        config["model"].update(fields)

    return harm


def put(name: str, value: Any) -> Any:
    """A harm that puts something in the place of a part of the configuration."""

    def harm(config: dict[str, Any]) -> None:
        config[name] = value

    return harm


HARMS = {
    "names null": (changed(names=None), "'names'"),
    "names none": (changed(names=[]), "'names'"),
    "names fewer": (changed(names=["jawOpen"]), "asks for"),
    "width text": (changed(width="x"), "'width'"),
    "width of no head": (changed(width=15), "'attention_heads'"),
    "members half": (changed(members=1.5), "'members'"),
    "members none": (changed(members=0), "'members'"),
    "members more": (changed(members=3), "lacks speech.members"),
    "members without end": (changed(members=10**400), "'members'"),
    "neighbours more than samples": (changed(neighbours=65), "'samples'"),
    "dropout": (changed(dropout=2), "'dropout'"),
    "noise": (changed(noise=float("inf")), "'noise'"),
    "fusion": (changed(fusion="triple"), "'fusion'"),
    "layers": (changed(speech_layers=[2, "6"]), "'speech_layers'"),
    "layers twice": (changed(speech_layers=[2, 2]), "'speech_layers'"),
    "people": (changed(people={"anna": 1}), "'people'"),
    "styles": (changed(styles=["open", "natural"]), "natural"),
    "map larger": (changed(map_resolution=2048), "asks for"),
    "grids larger": (changed(grid_resolutions=[2048] * 16), "asks for"),
    "unknown": (changed(colour="red"), "not known"),
    "one less": (lambda config: config["model"].pop("trunk_width"), "lacks the field 'trunk_width'"),
    "model null": (put("model", None), "format"),
    "model list": (put("model", [1]), "format"),
    "weights null": (put("weights", None), "'weights'"),
    "checksum a number": (put("weights", {"file": WEIGHTS_NAME, "sha256": 3}), "'sha256'"),
    "another file": (put("weights", {"file": "../x", "sha256": "0"}), "'file'"),
    "another rate": (put("rates", {"speech_hz": 16000, "features_hz": 50, "curves_hz": 60}), "'curves_hz'"),
    "rates gone": (lambda config: config.pop("rates"), "'rates'"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    save_model(small_network(), folder, {})
    return folder


@pytest.mark.parametrize(("harm", "words"), HARMS.values(), ids=HARMS.keys())
def test_each_field_of_the_configuration_is_looked_at(
    saved: Path, tmp_path: Path, harm: Any, words: str
) -> None:
    config = json.loads((saved / CONFIG_NAME).read_text())
    harm(config)
    (tmp_path / WEIGHTS_NAME).symlink_to(saved / WEIGHTS_NAME)
    (tmp_path / CONFIG_NAME).write_text(json.dumps(config))

    with pytest.raises(MMTalkerError) as caught:
        load_model(tmp_path)

    assert caught.value.code == ErrorCode.WEIGHTS_MISSING
    assert words in caught.value.message and "Reinstall MMTalker" in caught.value.message


@pytest.mark.parametrize("text", ["null", "[]", "3", "", "{", "[" * 100_000, '"x"', "\ud800"])
def test_what_is_no_configuration_is_told(saved: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / WEIGHTS_NAME).symlink_to(saved / WEIGHTS_NAME)
    (tmp_path / CONFIG_NAME).write_bytes(text.encode("utf-8", errors="surrogatepass"))
    with pytest.raises(MMTalkerError, match="Reinstall MMTalker"):
        load_model(tmp_path)


def test_want_of_memory_is_not_blamed_on_the_weights(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def starve(_data: bytes) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("mmtalker.model.loading.safetensors.torch.load", starve)
    with pytest.raises(MMTalkerError) as caught:
        load_model(saved)
    assert as_failure(caught.value).code == ErrorCode.OUT_OF_MEMORY
