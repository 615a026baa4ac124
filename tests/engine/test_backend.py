"""Finding the interpreter and the folders that travel with the add-on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmtalker_addon.engine.backend import (
    BACKEND_VARIABLE,
    Backend,
    NoBackend,
    environment_python,
    find_backend,
)
from mmtalker_addon.engine.errors import EngineError
from mmtalker_addon.engine.paths import find_requirements, find_vendor, is_checkout
from mmtalker_addon.engine.stamp import write_stamp


def make_python(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", encoding="utf-8")
    path.chmod(0o755)
    return path


def ship(root: Path) -> Path:
    """Put what travels with the add-on into a folder; return that folder."""
    wire = root / "vendor" / "mmtalker" / "worker" / "wire.py"
    wire.parent.mkdir(parents=True)
    wire.touch()
    (root / "requirements").mkdir()
    (root / "requirements" / "backend.txt").write_text("numpy==2\n", encoding="utf-8")
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An add-on folder with ``vendor`` beside it."""
    addon = ship(tmp_path / "checkout") / "mmtalker_addon"
    addon.mkdir()
    return addon


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """An add-on folder with ``vendor`` inside it, as Blender unpacks the zip."""
    return ship(tmp_path / "extensions" / "mmtalker")


def set_up(user: Path, addon_root: Path) -> Path:
    python = make_python(environment_python(user / "backend"))
    write_stamp(
        user / "backend", [find_requirements(addon_root) / "backend.txt"], "Python 3.13.1, found at home"
    )
    return python


def test_vendor_is_found_in_a_checkout_and_in_an_extension(checkout: Path, extension: Path) -> None:
    assert find_vendor(checkout) == checkout.parent / "vendor"
    assert find_vendor(extension) == extension / "vendor"
    assert is_checkout(checkout) and not is_checkout(extension)
    assert find_requirements(checkout) == checkout.parent / "requirements"
    assert find_requirements(extension) == extension / "requirements"


def test_an_extension_without_its_backend_says_so(tmp_path: Path) -> None:
    addon = tmp_path / "extensions" / "mmtalker"
    addon.mkdir(parents=True)
    with pytest.raises(EngineError, match="Install the extension again") as caught:
        find_vendor(addon)
    assert caught.value.code == "extension_incomplete"
    with pytest.raises(EngineError, match="requirements"):
        find_requirements(addon)
    found = find_backend("", None, {}, addon)
    assert isinstance(found, NoBackend)
    assert str(addon) in found.reason


def test_this_checkout_has_a_vendor_with_the_codec() -> None:
    assert (find_vendor() / "mmtalker" / "worker" / "wire.py").is_file()


def test_the_order_is_preference_variable_setup_checkout(checkout: Path, tmp_path: Path) -> None:
    user = tmp_path / "user"
    own = make_python(environment_python(checkout.parent / ".venv"))
    installed = set_up(user, checkout)
    variable = make_python(tmp_path / "variable" / "python")
    preference = make_python(tmp_path / "preference" / "python")
    environ = {BACKEND_VARIABLE: str(variable)}

    def python(*arguments) -> Path:
        found = find_backend(*arguments, checkout)
        assert isinstance(found, Backend)
        assert found.vendor == checkout.parent / "vendor"
        return found.python

    assert python(str(preference), user, environ) == preference
    assert python("", user, environ) == variable
    assert python("  ", user, {}) == installed
    assert python("", tmp_path / "empty", {}) == own
    assert python("", None, {}) == own


def test_the_command_isolates_the_worker_from_the_users_settings(checkout: Path) -> None:
    python = make_python(environment_python(checkout.parent / ".venv"))
    found = find_backend("", None, {}, checkout)
    assert isinstance(found, Backend)
    assert found.command == (str(python), "-I", "-u", str(checkout.parent / "vendor"), "worker")


@pytest.mark.parametrize("named", ["preference", "variable"])
def test_a_named_python_that_is_not_there_is_told_and_not_passed_over(
    checkout: Path, tmp_path: Path, named: str
) -> None:
    make_python(environment_python(checkout.parent / ".venv"))
    gone = str(tmp_path / "gone" / "python")
    arguments = (gone, None, {}) if named == "preference" else ("", None, {BACKEND_VARIABLE: gone})
    found = find_backend(*arguments, checkout)
    assert isinstance(found, NoBackend)
    assert gone in found.reason


def test_what_an_own_python_lacks_is_told_but_a_developers_is_not_asked(
    checkout: Path, tmp_path: Path
) -> None:
    python = make_python(tmp_path / "python")
    asked = []

    def lacks(path: Path) -> str:
        asked.append(path)
        return "It lacks torch."

    found = find_backend(str(python), None, {}, checkout, lacks)
    assert isinstance(found, NoBackend)
    assert "It lacks torch." in found.reason and "preferences" in found.reason
    assert isinstance(find_backend("", None, {BACKEND_VARIABLE: str(python)}, checkout, lacks), Backend)
    assert asked == [python]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_a_named_file_that_must_not_be_run_is_told(checkout: Path, tmp_path: Path) -> None:
    plain = make_python(tmp_path / "python")
    plain.chmod(0o644)
    assert isinstance(find_backend(str(plain), None, {}, checkout), NoBackend)


def test_an_extension_does_not_take_a_venv_that_happens_to_lie_beside_it(extension: Path) -> None:
    make_python(environment_python(extension / ".venv"))
    make_python(environment_python(extension.parent / ".venv"))
    found = find_backend("", None, {}, extension)
    assert isinstance(found, NoBackend)
    assert "Set Up" in found.reason


def test_a_setup_for_other_packages_asks_for_another(extension: Path, tmp_path: Path) -> None:
    user = tmp_path / "user"
    set_up(user, extension)
    found = find_backend("", user, {}, extension)
    assert isinstance(found, Backend) and found.found.endswith("with Python 3.13.1, found at home")
    (extension / "requirements" / "backend.txt").write_text("numpy==3\n", encoding="utf-8")
    found = find_backend("", user, {}, extension)
    assert isinstance(found, NoBackend)
    assert "another version" in found.reason
