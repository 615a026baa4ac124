"""The walls between the parts: who may import what, and what may be in the repository."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "vendor" / "mmtalker"
ADDON = ROOT / "mmtalker_addon"
BLENDERLESS = [ADDON / "core", ADDON / "engine"]
# For who rebuilds assets, makes a corpus or trains: imported inside functions alone, and only in the lab.
DEVELOPING = {"anny", "igl", "PIL", "onnx", "onnxruntime", "pocketsphinx", "matplotlib"}
LAB = ROOT / "lab"
FLOORS = {
    BACKEND: [
        "errors",
        "limits",
        "memory",
        "threads",
        "shipped",
        "progress",
        "version",
        "device",
        "motion",
        "mesh",
        "animation",
        "io",
        "speech",
        "mapping",
        "contact",
        "model",
        "shape_keys",
        "prepared",
        "pipeline",
        "worker",
        "cli",
    ],
    ADDON: ["compat", "prefs", "core", "engine", "bridge", "props", "ops", "ui", "registration"],
    ROOT: ["vendor", "mmtalker_addon", "tools", "demo", "lab", "benchmarks"],
}
"""What stands on what, from the ground up: imports go down. ``vendor`` stands for ``mmtalker``."""
OLD_PLACES = {BACKEND / "mesh" / "mapping.py"}
"""Modules that only hand on what moved up, for scripts from outside."""
HEAVY = {"torch", "scipy", "soundfile", "safetensors"}
MEBIBYTE = 1 << 20

# Run in a fresh interpreter: nothing that this test run has imported already can help.
IMPORT_WITHOUT = """
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError("blocked by the test: " + name)

sys.meta_path.insert(0, Blocked())
for name in {modules!r}:
    importlib.import_module(name)
"""


def modules_of(package: Path, top: Path) -> list[str]:
    """Dotted names of all modules under ``package``, as imported from ``top``."""
    names = [path.relative_to(top).with_suffix("") for path in sorted(package.rglob("*.py"))]
    return [".".join(name.parts).removesuffix(".__init__") for name in names if name.name != "__main__"]


def imports_of(path: Path) -> Iterator[str]:
    """Top-level names of the absolute imports of a file, those inside functions too.

    What stands under ``if TYPE_CHECKING`` is left out: it is never run.
    """
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
        if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            pending.extend(ast.iter_child_nodes(node))


def importers(folder: Path, forbidden: set[str]) -> dict[str, set[str]]:
    """Files under ``folder`` that import something forbidden, and what."""
    found = {str(path.relative_to(ROOT)): forbidden & set(imports_of(path)) for path in folder.rglob("*.py")}
    return {name: what for name, what in found.items() if what}


def import_without(blocked: set[str], modules: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    script = IMPORT_WITHOUT.format(blocked=blocked, modules=modules)
    # -c puts the current folder on the module path.
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "vendor")},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("package", BLENDERLESS, ids=lambda path: path.name)
def test_addon_half_without_blender_imports_with_bpy_blocked(package: Path) -> None:
    # Its parent package, the add-on's __init__, is Blender's side: so it is imported from beside.
    modules = modules_of(package, ADDON)
    result = import_without({"bpy", "mathutils", *HEAVY}, modules, ADDON)
    assert result.returncode == 0, result.stderr


def test_backend_imports_with_bpy_absent() -> None:
    modules = modules_of(BACKEND, ROOT / "vendor")
    blocked = {"bpy", "mathutils", "mmtalker_addon", "demo", "lab", "librosa", "av"} | DEVELOPING
    result = import_without(blocked, modules, ROOT / "vendor")
    assert result.returncode == 0, result.stderr


def test_backend_never_imports_blender_nor_the_addon() -> None:
    assert importers(ROOT / "vendor", {"bpy", "mathutils", "mmtalker_addon"}) == {}


def test_backend_needs_nothing_beyond_what_the_extension_installs() -> None:
    installed = {"torch", "numpy", "scipy", "soundfile", "safetensors", "av", "mmtalker"}
    found = {path: set(imports_of(path)) for path in BACKEND.rglob("*.py")}
    foreign = {str(path): names - installed - set(sys.stdlib_module_names) for path, names in found.items()}
    assert {name: what for name, what in foreign.items() if what} == {}


def test_lab_imports_with_what_only_some_of_its_commands_need_absent() -> None:
    result = import_without({"bpy", "mathutils", *DEVELOPING - {"PIL"}}, modules_of(LAB, ROOT), ROOT)
    assert result.returncode == 0, result.stderr


def test_addon_never_imports_torch_nor_the_backend() -> None:
    assert importers(ADDON, HEAVY | {"mmtalker"}) == {}


@pytest.mark.parametrize("package", BLENDERLESS, ids=lambda path: path.name)
def test_addon_half_without_blender_never_mentions_bpy(package: Path) -> None:
    assert importers(package, {"bpy", "bmesh", "bpy_extras", "mathutils", "gpu", "aud"}) == {}


def test_wire_format_needs_numpy_alone() -> None:
    names = set(imports_of(BACKEND / "worker" / "wire.py"))
    assert names <= {"numpy", "__future__"} | set(sys.stdlib_module_names)


def rooms_of(top: Path) -> Iterator[tuple[str, Path, str]]:
    """Every import from one room of ``top`` into another: the room, the file, the other room."""
    package = {"vendor": "mmtalker"}
    names = {package.get(room, room): room for room in FLOORS[top]}
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top).parts
        room = parts[0].removesuffix(".py")
        if room not in FLOORS[top] or path in OLD_PLACES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in _targets(node, path, top):
                if names.get(target, room) != room:
                    yield room, path, names[target]


def _targets(node: ast.AST, path: Path, top: Path) -> list[str]:
    """Rooms that an import statement names."""
    if isinstance(node, ast.Import):
        dotted = [alias.name.split(".") for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level:
        base = path.relative_to(top.parent).parts[: -node.level]
        stem = [*base, *(node.module or "").split(".")] if node.module else [*base]
        dotted = [stem] if node.module else [[*stem, alias.name] for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        dotted = [[*str(node.module).split("."), alias.name] for alias in node.names]
    else:
        return []
    if top == ROOT:
        return [parts[0] for parts in dotted]
    return [parts[1] for parts in dotted if parts[0] == top.name and len(parts) > 1]


@pytest.mark.parametrize("top", FLOORS, ids=lambda path: path.name if path != ROOT else "repository")
def test_imports_go_down(top: Path) -> None:
    order = {room: floor for floor, room in enumerate(FLOORS[top])}
    up = [
        f"{path.relative_to(ROOT)}: {room} imports {other}"
        for room, path, other in rooms_of(top)
        if order[other] > order[room]
    ]
    assert up == []


def test_old_places_are_imported_by_nobody_here() -> None:
    for path in (
        path for top in (BACKEND, LAB, ROOT / "benchmarks", ROOT / "tests") for path in top.rglob("*.py")
    ):
        names = {
            node.module
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom)
        }
        assert "mmtalker.mesh.mapping" not in names, path


@pytest.mark.parametrize("top", [BACKEND, ADDON], ids=lambda path: path.name)
def test_every_room_has_its_floor(top: Path) -> None:
    rooms = {
        path.name.removesuffix(".py")
        for path in top.iterdir()
        if path.suffix == ".py" or any(path.glob("*.py"))
    }
    assert rooms - {"__init__", "__main__"} == set(FLOORS[top])


def test_an_import_inside_a_function_says_why() -> None:
    silent = []
    for path in (path for top in (BACKEND, ADDON, LAB) for path in top.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for function in ast.walk(ast.parse(text)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            inner = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            if inner and not any("#" in line for line in lines[function.lineno - 1 : inner[-1].end_lineno]):
                silent.append(f"{path.relative_to(ROOT)}:{inner[0].lineno}")
    assert silent == []


def tracked_files() -> list[Path]:
    result = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in result.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    # Folders that only one machine or person has. /usr, /proc and the like are everybody's.
    private = re.compile(rb"(?<![\w.])(/(?:work|root|home|Users)/[\w.]|[A-Z]:\\Users\\\w)")
    found = {}
    for path in tracked_files():
        content = path.read_bytes()
        match = None if b"\0" in content[:8192] else private.search(content)
        if match:
            found[str(path.relative_to(ROOT))] = match.group().decode()
    found.pop("tests/test_architecture.py", None)
    assert found == {}


def test_lock_files_name_neither_an_index_nor_a_folder() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert not [line for line in lines if "://" in line or "@" in line or "index" in line], path.name


def test_weights_and_assets_in_the_repository_stay_small() -> None:
    places = (ROOT / "vendor" / "weights", BACKEND / "assets", ROOT / "demo")
    sizes = {path: path.stat().st_size for path in tracked_files() if any(p in path.parents for p in places)}
    assert sum(sizes.values()) < 30 * MEBIBYTE
