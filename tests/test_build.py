"""build.py's promises: its options, when it sets up anew, what it installs, and what the package holds."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tools import commands, environments, interpreters, package
from tools.console import Fault, run_guarded
from tools.environments import Environment
from tools.interpreters import Interpreter

ROOT = Path(__file__).resolve().parent.parent


def an_environment(folder: Path, torch: str = "cpu", version: str = "3.11") -> Environment:
    return Environment(folder, Interpreter(Path(sys.executable), version), torch, ("backend.txt", "dev.txt"))


class TestOptions:
    def test_every_command_explains_itself(self) -> None:
        for command in ("setup", "demo", "test", "lint", "bench", "package"):
            result = subprocess.run(
                [sys.executable, "build.py", command, "--help"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert result.returncode == 0
            assert "usage: build.py " + command in result.stdout

    def test_what_test_does_not_know_goes_to_pytest(self) -> None:
        options, rest = commands.parser().parse_known_args(
            ["test", "--all", "tests/mesh", "-k", "chart", "-x"]
        )
        assert options.everything
        assert rest == ["tests/mesh", "-k", "chart", "-x"]

    def test_unknown_option_of_setup_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as end:
            commands.main(["setup", "--gpu"])
        assert end.value.code == 2
        assert "--gpu" in capsys.readouterr().err

    def test_unknown_blender_is_refused(self) -> None:
        with pytest.raises(SystemExit):
            commands.parser().parse_args(["test", "--blender", "3.6"])


class TestStamp:
    def test_is_ready_once_stamped_with_the_same_locks(self, tmp_path: Path) -> None:
        wanted = an_environment(tmp_path)
        assert not environments.is_ready(wanted)
        wanted.python.parent.mkdir(parents=True)
        wanted.python.touch()
        environments.write_stamp(wanted)
        assert environments.is_ready(wanted)

    def test_is_not_ready_without_its_interpreter(self, tmp_path: Path) -> None:
        wanted = an_environment(tmp_path)
        environments.write_stamp(wanted)
        assert not environments.is_ready(wanted)

    @pytest.mark.parametrize("other", [{"torch": "cuda"}, {"version": "3.13"}])
    def test_changes_with_the_options(self, tmp_path: Path, other: dict[str, str]) -> None:
        assert an_environment(tmp_path).digest() != an_environment(tmp_path, **other).digest()

    def test_changes_with_a_lock_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("backend.txt", "dev.txt", "torch-cpu.txt"):
            (tmp_path / name).write_text("numpy==1.26.4\n")
        monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
        before = an_environment(tmp_path).digest()
        (tmp_path / "torch-cpu.txt").write_text("numpy==1.26.5\n")
        assert an_environment(tmp_path).digest() != before

    def test_damaged_stamp_counts_as_none(self, tmp_path: Path) -> None:
        an_environment(tmp_path).stamp.write_text("{half")
        assert environments.read_stamp(tmp_path) == {}


class TestTorchChoice:
    def test_an_explicit_device_decides(self) -> None:
        assert environments.choose_torch("cpu", "3.11", "cuda") == "cpu"

    def test_auto_keeps_what_was_installed(self) -> None:
        assert environments.choose_torch("auto", "3.11", "cuda") == "cuda"

    @pytest.mark.parametrize(("gpu", "build"), [(True, "cuda"), (False, "cpu")])
    def test_auto_looks_for_a_gpu_at_first(
        self, monkeypatch: pytest.MonkeyPatch, gpu: bool, build: str
    ) -> None:
        monkeypatch.setattr(environments, "nvidia_gpu", lambda: gpu)
        monkeypatch.setattr(environments, "cuda_build_exists", lambda version: True)
        assert environments.choose_torch("auto", "3.11", None) == build

    def test_cuda_is_refused_where_there_is_no_such_build(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(environments, "cuda_build_exists", lambda version: False)
        with pytest.raises(Fault, match="--device cpu"):
            environments.choose_torch("cuda", "3.11", None)

    @pytest.mark.parametrize(
        ("system", "version", "exists"),
        [
            ("linux", "3.11", True),
            ("win32", "3.11", False),
            ("win32", "3.13", True),
            ("darwin", "3.13", False),
        ],
    )
    def test_cuda_builds(self, system: str, version: str, exists: bool) -> None:
        assert environments.cuda_build_exists(version, system) is exists


class TestInterpreters:
    def test_a_python_without_blender_gives_way_to_one_with(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = Interpreter(Path("/somewhere/python3.13"), "3.13")
        monkeypatch.setattr(interpreters, "running", lambda: Interpreter(Path("/usr/bin/python3"), "3.12"))
        monkeypatch.setattr(interpreters, "find", lambda version: found if version == "3.13" else None)
        assert interpreters.choose() == found

    def test_no_suitable_python_is_said_with_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(interpreters, "running", lambda: Interpreter(Path("/usr/bin/python3"), "3.12"))
        monkeypatch.setattr(interpreters, "find", lambda version: None)
        with pytest.raises(Fault, match=r"3\.11.*3\.13.*Install one of them"):
            interpreters.choose()


class TestFailures:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ("OSError: [Errno 28] No space left on device", "disk is full"),
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
                "not the one that the lock",
            ),
            (
                "NewConnectionError(...)\nERROR: No matching distribution found for x",
                "not be reached",
            ),
            ("ERROR: No matching distribution found for bpy==4.5.15", "no file for this machine"),
            ("Segmentation fault", "installation failed"),
        ],
    )
    def test_pip_failures_become_sentences(self, words: str, sentence: str) -> None:
        fault = str(environments.explain(words))
        assert sentence in fault
        assert words.splitlines()[-1] in fault

    def test_a_program_that_hangs_is_killed(self, tmp_path: Path) -> None:
        hang = [sys.executable, "-c", "import time; time.sleep(600)"]
        assert run_guarded(hang, tmp_path, {}, limit=0.5) == 124


class TestLocks:
    LOCKS = sorted(path for path in (ROOT / "requirements").glob("*.txt"))

    @pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
    def test_every_requirement_is_pinned_with_a_hash(self, lock: Path) -> None:
        entries = re.sub(r"^#.*\n", "", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for entry in entries.replace("\\\n", " ").strip().splitlines():
            assert re.match(r"[\w.-]+==[\w.+]+", entry), entry
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry

    def test_locks_agree_where_they_are_installed_together(self) -> None:
        for version, blender in interpreters.BLENDER_OF_PYTHON.items():
            pins: dict[str, set[str]] = {}
            for name in ("backend", "dev", f"blender-{blender}", "train"):
                for package_name, pin in pins_for(ROOT / "requirements" / f"{name}.txt", version):
                    pins.setdefault(package_name, set()).add(pin)
            assert {name: found for name, found in pins.items() if len(found) > 1} == {}


def pins_for(lock: Path, version: str) -> list[tuple[str, str]]:
    """(package, version) of a lock's lines whose Python marker holds for ``version``."""
    older = version in {"3.11"}
    lines = [
        line for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line and line[0].isalnum()
    ]
    kept = [line for line in lines if ("python_full_version >= '3.12'" if older else "< '3.12'") not in line]
    return [(line.split("==")[0], line.split("==")[1].split()[0]) for line in kept]


class TestPackage:
    def test_holds_the_addon_at_its_root_and_the_backend_beside(self) -> None:
        names = set(map(str, package.entries()))
        assert {"blender_manifest.toml", "__init__.py", "LICENSE", "vendor/mmtalker/__main__.py"} <= names
        assert {
            "requirements/backend.txt",
            "requirements/torch-cpu.txt",
            "requirements/torch-cuda.txt",
            "requirements/python.json",
        } <= names

    def test_holds_nothing_that_only_makes_or_judges_the_weights(self) -> None:
        names = [str(name) for name in package.entries()]
        assert not [name for name in names if {"lab", "benchmarks", "demo", "tests"} & set(name.split("/"))]
        backend = {name.split("/")[2] for name in names if name.startswith("vendor/mmtalker/")}
        assert not backend & {"data", "training", "evaluation", "transfer"}

    def test_holds_no_caches_nor_tests(self, tmp_path: Path) -> None:
        for name in ("mmtalker_addon/__init__.py", "mmtalker_addon/__pycache__/x.pyc", "vendor/.DS_Store"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        names = set(map(str, package.entries(tmp_path)))
        assert "__init__.py" in names
        assert not [
            name for name in names if "pycache" in name or name.endswith(".pyc") or ".DS_Store" in name
        ]

    def test_bytes_follow_from_the_contents(self, tmp_path: Path) -> None:
        source = tmp_path / "a.py"
        written = []
        for name in ("one.zip", "two.zip"):
            source.write_text("x = 1\n")
            source.touch()
            package.write_zip(tmp_path / name, {PurePosixPath("a.py"): source})
            written.append((tmp_path / name).read_bytes())
        assert written[0] == written[1]
        assert zipfile.ZipFile(tmp_path / "one.zip").read("a.py") == b"x = 1\n"

    def test_nothing_half_written_stays(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            package.write_zip(tmp_path / "out.zip", {PurePosixPath("a.py"): tmp_path / "missing.py"})
        assert list(tmp_path.iterdir()) == []

    def test_an_incomplete_checkout_is_not_packaged(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(package, "entries", lambda: {PurePosixPath("LICENSE"): ROOT / "LICENSE"})
        with pytest.raises(Fault, match="would lack __init__"):
            package.build(Path(sys.executable))

    def test_version_is_the_manifests(self) -> None:
        manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
        assert package.version() == manifest["version"]
