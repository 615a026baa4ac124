"""The command line: what it refuses before any work, what it prints, and the codes it ends with."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import mmtalker.cli.animate as animate_module
from mmtalker.cli import main
from mmtalker.cli.animate import AnimateCommand, animate
from mmtalker.cli.bar import ProgressBar
from mmtalker.cli.exits import EXPLANATION, Exit, Stop, explain, stopping_with
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.mesh.mesh import Mesh
from mmtalker.version import version
from tests.worker.conversation import tetrahedron, wav_bytes
from tests.worker.stub_backend import FAULTS, StubTalker, stub_backend

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def files(tmp_path) -> Path:
    """A folder with a head, a recording and something else."""
    (tmp_path / "head.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    (tmp_path / "speech.wav").write_bytes(wav_bytes(0.5))
    (tmp_path / "text.wav").write_text("no sound")
    return tmp_path


@pytest.fixture
def animated(monkeypatch, files) -> list:
    """Heads are read and results written by stubs; what was to be written is collected here."""
    written: list = []
    monkeypatch.setattr(animate_module, "read_named_head", lambda name: Mesh(**tetrahedron()))
    monkeypatch.setattr(animate_module, "_write", lambda animation, out: written.append((animation, out)))
    return written


def command(files: Path, **changes) -> AnimateCommand:
    plain = AnimateCommand(head="demo", audio=files / "speech.wav", out=files / "out.csv")
    return replace(plain, **changes)


def test_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"mmtalker {version()}\n"


def test_starting_imports_nothing_heavy():
    """The worker is started through it too, and moves its pipes before any native library is loaded."""
    script = (
        "import sys; from mmtalker.cli.entry import main\n"
        "try: main(['map', '--help'])\n"
        "except SystemExit: print(sorted({'numpy', 'scipy', 'torch'} & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "vendor", capture_output=True, text=True, timeout=60
    )
    assert result.stderr == "[]\n"


@pytest.mark.parametrize("arguments", [["--help"], ["animate", "--help"]])
def test_help_lists_the_exit_codes(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    listed = capsys.readouterr().out
    assert all(f"  {status.value} " in listed for status in Exit)


def test_the_explanation_has_every_code_once():
    lines = [line.split()[0] for line in EXPLANATION.splitlines() if line.startswith("  ")]
    assert lines == [str(status.value) for status in Exit]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sing"],
        ["animate", "demo"],
        ["animate", "demo", "speech.wav"],
        ["animate", "demo", "speech.wav", "-o", "x.csv", "--fps", "0"],
        ["animate", "demo", "speech.wav", "-o", "x.csv", "--fps", "nan"],
        ["animate", "demo", "speech.wav", "-o", "x.csv", "--fps", "1/0"],
        ["animate", "demo", "speech.wav", "-o", "x.csv", "--start", "-1"],
        ["animate", "demo", "speech.wav", "-o", "x.csv", "--device", "abacus"],
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == Exit.USAGE
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("head", "audio", "out", "status", "named"),
    [
        ("head.obj", "speech.wav", "out.fbx", Exit.USAGE, "out.fbx"),
        ("head.obj", "speech.wav", "out", Exit.USAGE, "has an ending"),
        ("none.obj", "speech.wav", "out.csv", Exit.HEAD, "none.obj"),
        ("speech.wav", "speech.wav", "out.csv", Exit.HEAD, "speech.wav"),
        ("head.obj", "none.wav", "out.csv", Exit.AUDIO, "none.wav"),
        ("demo", ".", "out.csv", Exit.AUDIO, "."),
        ("head.obj", "speech.wav", "speech.wav/out.csv", Exit.OUTPUT, "speech.wav"),
    ],
)
def test_a_wrong_file_is_refused_before_the_work(files, capsys, head, audio, out, status, named):
    heads = head if head == "demo" else str(files / head)
    assert main(["animate", heads, str(files / audio), "-o", str(files / out)]) == status
    said = capsys.readouterr()
    assert named in said.err and said.err.count("\n") == 1
    assert said.out == ""
    assert not (files / out).exists()


def test_a_folder_is_no_place_for_a_result(files, capsys):
    (files / "out.csv").mkdir()
    status = main(["animate", "demo", str(files / "speech.wav"), "-o", str(files / "out.csv")])
    assert status == Exit.OUTPUT
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_read_only_folder_is_found_before_the_work(files, capsys):
    (files / "locked").mkdir(mode=0o500)
    status = main(["animate", "demo", str(files / "speech.wav"), "-o", str(files / "locked" / "out.csv")])
    assert status == Exit.OUTPUT


def test_the_head_is_never_written_over(files):
    (files / "head.glb").write_bytes(b"glTF and so on")
    with pytest.raises(Stop, match="would be replaced") as stop:
        animate(command(files, head=str(files / "head.glb"), out=files / "head.glb"), lambda device: None)
    assert stop.value.status == Exit.USAGE


def test_animate_writes_the_result_and_says_so_in_one_line(files, animated, capsys):
    animate(command(files, fps=24.0, device="cpu"), lambda device: stub_backend())

    ((animation, out),) = animated
    assert out == files / "out.csv"
    assert animation.curves.shape == (12, 2)
    said = capsys.readouterr()
    assert said.out.startswith(
        f"Wrote {files / 'out.csv'}: 12 frames at 24 fps, 2 shape keys, 0.5 s of speech"
    )
    assert said.out.count("\n") == 1
    assert said.err.splitlines() == ["Warning: the neck is open", "Warning: a warning"]


def test_weights_that_are_not_there_are_named(files, capsys):
    pytest.importorskip("torch")
    arguments = [
        "animate",
        "demo",
        str(files / "speech.wav"),
        "-o",
        str(files / "out.csv"),
        "--device",
        "cpu",
    ]
    assert main([*arguments, "--weights", str(files / "none")]) == Exit.MODEL
    assert str(files / "none") in capsys.readouterr().err
    assert not (files / "out.csv").exists()


def test_a_part_of_the_recording_can_be_chosen(files, animated):
    animate(command(files, start=0.1, duration=0.2, fps=50.0), lambda device: stub_backend())
    assert animated[0][0].curves.shape == (10, 2)


def test_a_second_run_with_a_cache_prepares_nothing(files, animated):
    talker = StubTalker()
    for _ in range(2):
        animate(command(files, cache_dir=files / "cache"), lambda device: stub_backend(talker))
    assert talker.prepared == ["map", "head", "speech"]
    assert len(animated) == 2


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("memory", Exit.INTERNAL),
        ("bug", Exit.INTERNAL),
        ("disk", Exit.OUTPUT),
        ("weights", Exit.MODEL),
        ("mesh", Exit.HEAD),
    ],
)
def test_each_failure_has_its_exit_code_and_a_sentence(files, monkeypatch, capsys, fault, status):
    def fail(*_arguments):
        raise FAULTS[fault]

    monkeypatch.setattr(animate_module, "animate", fail)
    assert main(["animate", "demo", str(files / "speech.wav"), "-o", str(files / "out.csv")]) == status
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Traceback" not in said


def test_the_trace_is_there_for_who_asks(files, monkeypatch, capsys):
    def fail(*_arguments):
        raise FAULTS["bug"]

    monkeypatch.setattr(animate_module, "animate", fail)
    monkeypatch.setenv("MMTALKER_DEBUG", "1")
    main(["animate", "demo", str(files / "speech.wav"), "-o", str(files / "out.csv")])
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(files, monkeypatch, capsys):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(animate_module, "animate", interrupt)
    status = main(["animate", "demo", str(files / "speech.wav"), "-o", str(files / "out.csv")])
    assert status == Exit.INTERRUPTED
    assert capsys.readouterr().err == "Interrupted; nothing was written.\n"


def test_a_failure_to_read_or_write_takes_the_code_of_what_was_being_done():
    for error in (
        MMTalkerError(ErrorCode.FILE_FORMAT, "No."),
        PermissionError(13, "Permission denied", "x.obj"),
    ):
        with pytest.raises(Stop) as stop, stopping_with(Exit.HEAD):
            raise error
        assert explain(stop.value)[0] is Exit.HEAD


def test_a_name_that_the_console_cannot_show_fails_nothing(files, animated, monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", console)
    with_stub = partial(animate, load=lambda device: stub_backend())
    monkeypatch.setattr(animate_module, "animate", with_stub)
    out = files / "\u53e3.csv"
    assert main(["animate", "demo", str(files / "speech.wav"), "-o", str(out)]) == Exit.OK
    console.flush()
    assert b"\\u53e3.csv: 15 frames" in console.buffer.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_drawn_over_and_wiped_away():
    terminal = Terminal()
    with ProgressBar(terminal) as progress:
        progress("mapping", 0.5)
        progress("encoding", 1.0)
    drawn = terminal.getvalue().split("\r")
    assert drawn[1].startswith("[###############...............]  50 %  mapping")
    assert drawn[2].startswith("[##############################] 100 %  encoding")
    assert drawn[3].isspace() and len(drawn[3]) == len(drawn[2])
    assert terminal.getvalue().endswith("\r")


def test_the_bar_is_silent_in_a_pipe():
    pipe = io.StringIO()
    with ProgressBar(pipe) as progress:
        progress("mapping", 0.5)
    assert pipe.getvalue() == ""


def test_the_vendor_folder_runs_with_nothing_installed(tmp_path):
    """As Blender starts it: isolated, from any folder, without an environment."""
    done = subprocess.run(
        [sys.executable, "-I", "-u", str(ROOT / "vendor"), "--version"],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, f"mmtalker {version()}\n"), done.stderr
