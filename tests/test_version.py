"""The version is stated once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mmtalker.errors import MMTalkerError
from mmtalker.version import read_version, version

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
