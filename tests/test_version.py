"""The version is stated once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mmtalker.errors import MMTalkerError
from mmtalker.version import read_version, source_digest, version

ROOT = Path(__file__).resolve().parents[1]


def test_the_version_is_the_manifests():
    assert version() == tomllib.loads((ROOT / "blender_manifest.toml").read_text())["version"]


@pytest.mark.parametrize("content", [None, 'id = "mmtalker"', "version = "])
def test_a_manifest_that_states_none_is_an_error_that_names_it(tmp_path, content):
    manifest = tmp_path / "blender_manifest.toml"
    if content is not None:
        manifest.write_text(content)
    with pytest.raises(MMTalkerError, match=r"blender_manifest\.toml.*Reinstall"):
        read_version(manifest)


def test_the_digest_changes_with_code_and_assets_alone(tmp_path):
    def package(name: str, code: str, asset: bytes) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.py").write_text(code)
        (folder / "b.npz").write_bytes(asset)
        return folder

    first = source_digest(package("first", "x = 1", b"1"))
    same = package("same", "x = 1", b"1")
    (same / "a.cpython-311.pyc").write_bytes(b"compiled")
    assert source_digest(same) == first
    others = [source_digest(package("code", "x = 2", b"1")), source_digest(package("asset", "x = 1", b"2"))]
    assert first not in others
