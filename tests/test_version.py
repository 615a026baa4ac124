"""The version is stated once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mmtalker.errors import MMTalkerError
from mmtalker.shipped import shipped
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


def test_pip_reads_the_same_version_and_asks_for_what_the_extension_installs() -> None:

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pattern = project["tool"]["hatch"]["version"]["pattern"]
    found = re.search(pattern, (ROOT / "blender_manifest.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None and found["version"] == version()
    wanted = {re.split(r"[<>=]", name)[0] for name in project["project"]["dependencies"]}
    pinned = (ROOT / "requirements" / "backend.in").read_text(encoding="utf-8")
    assert wanted - {"torch"} <= {re.split(r"[<>= ]", line)[0] for line in pinned.splitlines()}


def test_what_is_shipped_is_found_in_a_checkout() -> None:
    assert shipped("blender_manifest.toml").is_file() and (shipped("weights") / "config.json").is_file()
