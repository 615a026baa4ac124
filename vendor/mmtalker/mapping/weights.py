"""The networks that find a face: how they are kept, and read once."""

from __future__ import annotations

import hashlib
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.io.settings import Row, Rule, Whole, Word, check_settings
from mmtalker.mapping.locate import Networks
from mmtalker.mapping.network import PixelConfig, PixelNetwork
from mmtalker.shipped import shipped
from mmtalker.version import source_digest

FILE = shipped("weights") / "mapping.safetensors"
"""Where the shipped networks lie."""

FORMAT = "1"

_SIZES: dict[str, Rule] = {
    "inputs": Whole(1, 256),
    "widths": Row(Whole(1, 2048), 1, 8),
    "blocks": Whole(0, 64),
}


def save_networks(networks: Networks, path: Path, about: dict[str, Any]) -> None:
    """Write both networks in half precision, with their sizes and what ``about`` says of them.

    A file of the same name that ends in ``.json`` holds the checksum.
    """
    tensors = {
        # What was read has its channels last, which the file format does not know.
        f"{name}.{key}": (value.half() if value.dtype.is_floating_point else value).contiguous()
        for name, network in vars(networks).items()
        for key, value in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "configs": json.dumps({name: net.config.to_json() for name, net in vars(networks).items()}),
        "about": json.dumps(about),
    }
    data = safetensors.torch.save(tensors, metadata)
    with replacing(path) as partial:
        partial.write_bytes(data)
    beside = {"file": path.name, "sha256": hashlib.sha256(data).hexdigest()}
    with replacing(checksum_path(path)) as partial:
        partial.write_text(json.dumps(beside, indent=2) + "\n", encoding="utf-8")


def checksum_path(path: Path) -> Path:
    """Where the checksum of the networks in ``path`` is."""
    return path.with_suffix(".json")


@lru_cache(maxsize=1)
def load_networks(path: Path = FILE) -> Networks:
    """Read what :func:`save_networks` wrote.

    Raises:
        MMTalkerError: WEIGHTS_MISSING when the file is absent, damaged or of another version.
    """
    try:
        _check_sum(path)
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"it is of format {metadata.get('format')!r} and not {FORMAT}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        configs = json.loads(metadata["configs"])
        if not isinstance(configs, dict):
            raise ValueError("its sizes are no fields")
        return Networks(**{name: _network(name, configs.get(name), tensors) for name in ("coarse", "fine")})
    except (OSError, KeyError, ValueError, RuntimeError, RecursionError, SafetensorError) as error:
        raise MMTalkerError(
            ErrorCode.WEIGHTS_MISSING,
            f"The networks that find faces, {path}, cannot be used: {error}. Reinstall MMTalker.",
        ) from error


@cache
def mapping_fingerprint(path: Path = FILE) -> str:
    """Return what changes whenever the same head could be mapped otherwise: by code or by networks.

    Where the networks are missing, heads of known topology can be mapped all the same.
    """
    networks = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
    return hashlib.sha256(f"{source_digest()}\n{networks}".encode()).hexdigest()


def _check_sum(path: Path) -> None:
    """Raise ValueError unless the networks are the ones that were written with their checksum."""
    beside = checksum_path(path)
    values = json.loads(beside.read_text(encoding="utf-8"))
    stored = check_settings(values, {"file": Word(), "sha256": Word()}, beside.name)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != stored["sha256"]:
            raise ValueError(f"it does not have the checksum that {beside.name} names")


def _network(name: str, config: Any, tensors: dict[str, torch.Tensor]) -> PixelNetwork:
    network = PixelNetwork(PixelConfig(**check_settings(config, _SIZES, f"the network '{name}'")))
    prefix = f"{name}."
    own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    network.load_state_dict(
        {key: value.float() if value.dtype.is_floating_point else value for key, value in own.items()}
    )
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.eval()
    return network
