"""How the networks are kept: back as they were written, or a sentence that says what to do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mapping.locate import Networks
from mmtalker.mapping.network import PixelConfig, PixelNetwork
from mmtalker.mapping.weights import checksum_path, load_networks, mapping_fingerprint, save_networks

CONFIGS = {"coarse": PixelConfig(5, (8, 12), 1), "fine": PixelConfig(7, (8, 12, 16), 2)}


@pytest.fixture
def networks() -> Networks:
    """Networks that have seen something, so that their running means are their own."""
    torch.manual_seed(0)
    made = {name: PixelNetwork(config) for name, config in CONFIGS.items()}
    for network in made.values():
        network(torch.randn(2, network.config.inputs, 32, 32))
        network.eval()
    return Networks(**made)


@pytest.fixture
def file(networks: Networks, tmp_path: Path) -> Path:
    save_networks(networks, tmp_path / "mapping.safetensors", {"steps": 12})
    return tmp_path / "mapping.safetensors"


def changed(file: Path, metadata: dict[str, str] | None, without: str = "\0") -> None:
    """Write the file anew with other metadata, or without some tensors."""
    tensors = safetensors.torch.load_file(file)
    kept = {name: value for name, value in tensors.items() if not name.startswith(without)}
    file.write_bytes(safetensors.torch.save(kept, metadata))
    vouch(file)


def vouch(file: Path) -> None:
    """Write the checksum of a changed file beside it, as whoever changes it on purpose could."""
    told = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    checksum_path(file).write_text(json.dumps(told), encoding="utf-8")


def refused(path: Path) -> str:
    with pytest.raises(MMTalkerError) as caught:
        load_networks(path)
    assert caught.value.code == ErrorCode.WEIGHTS_MISSING
    assert str(path) in caught.value.message
    assert caught.value.message.endswith("Reinstall MMTalker.")
    return caught.value.message


def test_networks_come_back_as_they_were_to_half_precision(networks: Networks, file: Path) -> None:
    read = load_networks(file)
    for name, network in vars(networks).items():
        back = getattr(read, name)
        assert back.config == CONFIGS[name]
        assert not back.training
        for key, value in network.state_dict().items():
            np.testing.assert_allclose(back.state_dict()[key], value, rtol=1e-3, atol=1e-6, err_msg=key)
        assert all(value.dtype == torch.float32 for value in back.parameters())


def test_they_answer_as_before(networks: Networks, file: Path) -> None:
    image = torch.randn(1, 7, 32, 32, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(load_networks(file).fine(image).place, networks.fine(image).place,
                               atol=0.01, rtol=0.01)  # fmt: skip


def test_what_was_read_can_be_written_again(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_networks(load_networks(file), again, {"steps": 12})
    one, other = safetensors.torch.load_file(file), safetensors.torch.load_file(again)
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[key]) for key, value in one.items())


def test_the_file_says_what_it_is_and_is_half_as_large(networks: Networks, file: Path) -> None:
    with safetensors.safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    assert json.loads(metadata["about"]) == {"steps": 12}
    numbers = sum(value.numel() for net in vars(networks).values() for value in net.state_dict().values())
    assert file.stat().st_size < 3 * numbers


def test_the_same_file_is_read_once(file: Path) -> None:
    assert load_networks(file) is load_networks(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors")


@pytest.mark.parametrize("keep", [0, 5, 200, -100])
def test_a_damaged_file_is_refused(file: Path, keep: int) -> None:
    file.write_bytes(file.read_bytes()[:keep])
    assert "checksum" in refused(file)
    vouch(file)
    refused(file)


def test_one_changed_number_is_refused(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-9] ^= 1
    file.write_bytes(data)
    assert "does not have the checksum that mapping.json names" in refused(file)


@pytest.mark.parametrize("text", [None, "", "null", "{}", '{"file": "x", "sha256": 3}', "[" * 100_000])
def test_a_checksum_that_is_not_there_or_makes_no_sense_is_told(file: Path, text: str | None) -> None:
    if text is None:
        checksum_path(file).unlink()
    else:
        checksum_path(file).write_text(text, encoding="utf-8")
    refused(file)


def test_something_else_is_refused(file: Path) -> None:
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1\n" * 4)
    refused(file)


def test_another_format_is_named(file: Path) -> None:
    changed(file, {"format": "99", "configs": "{}"})
    assert "'99'" in refused(file)


@pytest.mark.parametrize(
    "configs",
    [
        None,
        "not json",
        "{}",
        "[]",
        "null",
        "[" * 100_000,
        '{"coarse": {}, "fine": {}}',
        '{"coarse": 1}',
        '{"coarse": {"inputs": "5", "widths": [8, 12], "blocks": 1}}',
        '{"coarse": {"inputs": 5, "widths": [8.5, 12], "blocks": 1}}',
        '{"coarse": {"inputs": 5, "widths": [], "blocks": 1}}',
        '{"coarse": {"inputs": 5, "widths": [8, 12], "blocks": 1, "depth": 2}}',
        '{"coarse": {"inputs": 5, "widths": [8, 12], "blocks": -1}}',
    ],
)
def test_sizes_that_make_no_sense_are_refused(file: Path, configs: str | None) -> None:
    changed(file, {"format": "1"} if configs is None else {"format": "1", "configs": configs})
    refused(file)


def test_weights_of_other_programs_are_refused(file: Path) -> None:
    changed(file, None)
    refused(file)


def test_a_network_that_is_not_whole_is_refused(file: Path) -> None:
    with safetensors.safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    changed(file, metadata, without="fine.stem")
    refused(file)


def test_other_networks_make_another_fingerprint(file: Path, networks: Networks, tmp_path: Path) -> None:
    trained = tmp_path / "trained.safetensors"
    with torch.no_grad():
        next(networks.fine.parameters()).add_(1.0)
    save_networks(networks, trained, {"steps": 12})
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(file.read_bytes())
    found = [mapping_fingerprint(path) for path in (file, trained, tmp_path / "none", copy)]
    assert len(set(found[:3])) == 3
    assert found[3] == found[0]
