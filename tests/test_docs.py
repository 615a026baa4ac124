"""Every command and every Python line of README and docs works."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from lab.__main__ import COMMANDS
from lab.evaluation.vertex_command import evaluate_main
from tools.commands import parser as build_parser

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "lab" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(
    r"^(?:\.venv/bin/)?python3? (?:-m (?P<module>\w+)|(?P<script>build\.py))(?: (?P<rest>.*))?$"
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)")


def commands() -> Iterator[tuple[str, str, str]]:
    """Document, module or script, and arguments of everything that a reader may type."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        lines = [
            line
            for block in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
            for line in block.splitlines()
        ]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"(?m)^```.*?^```", "", text, flags=re.S))
        for line in lines:
            found = COMMAND.match(line.partition(" # ")[0].strip())
            if found:
                yield document.name, found["module"] or found["script"], found["rest"] or ""


def words(arguments: str) -> list[str]:
    """What is typed, without the brackets around what may be left out."""
    return shlex.split(arguments.replace("[", "").replace("]", "").replace("...", ""))


class Parsed(Exception):
    """The arguments were understood."""


@pytest.fixture
def parse_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every program stop once it has understood its arguments."""
    real = argparse.ArgumentParser.parse_args

    def parse(self: argparse.ArgumentParser, *given: object) -> None:
        real(self, *given)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)


LAB = sorted({(name, rest) for name, module, rest in commands() if module == "lab" and rest.split()})
BUILD = sorted({(name, rest) for name, module, rest in commands() if module == "build.py"})
PRODUCT = sorted({(name, rest) for name, module, rest in commands() if module == "mmtalker"})
BENCHMARKS = sorted({(name, rest) for name, module, rest in commands() if module == "benchmarks"})


def test_the_documents_have_commands_of_every_kind() -> None:
    assert len(LAB) > 10 and len(BUILD) > 5 and len(PRODUCT) > 3


@pytest.mark.parametrize(("document", "arguments"), LAB)
@pytest.mark.usefixtures("parse_alone")
def test_the_lab_understands_its_commands(document: str, arguments: str) -> None:
    name, *rest = words(arguments)
    assert name in COMMANDS, f"{document}: {arguments}"
    # Whether a corpus is one of moving vertices is looked up first; these options are for such a one alone.
    vertices = name == "evaluate" and "--predictions" in rest
    main = evaluate_main if vertices else import_module(COMMANDS[name][0]).main
    if rest:  # a name alone stands for the command, not for something to type
        with pytest.raises(Parsed):
            main(rest)


@pytest.mark.parametrize(("document", "arguments"), BUILD)
def test_build_understands_its_commands(document: str, arguments: str) -> None:
    options, unknown = build_parser().parse_known_args(words(arguments.partition(" {")[0]))
    assert not unknown or options.command in ("test", "bench"), f"{document}: {arguments}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples name: HEAD.obj, VOICE.wav and a model's RUN."""
    import soundfile

    from mmtalker.mesh.canonical import load_canonical
    from mmtalker.model.loading import DEFAULT_FOLDER

    mesh = load_canonical().mesh
    faces = [
        " ".join(str(vertex + 1) for vertex in corners)
        for corners in map(list, _polygons(mesh.loop_vertices, mesh.loop_starts))
    ]
    lines = [f"v {x:g} {y:g} {z:g}" for x, y, z in mesh.vertices] + [f"f {face}" for face in faces]
    (tmp_path / "HEAD.obj").write_text("\n".join(lines), encoding="utf-8")
    samples, rate = soundfile.read(ROOT / "demo" / "assets" / "speech.flac", frames=24_000)
    soundfile.write(tmp_path / "VOICE.wav", samples, rate)
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "RUN", ignore=shutil.ignore_patterns("whisper*"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _polygons(vertices: object, starts: object) -> Iterator[list[int]]:
    import numpy as np

    parts = np.split(np.asarray(vertices), np.asarray(starts)[1:])
    yield from (part.tolist() for part in parts if len(part))


@pytest.mark.parametrize(("document", "arguments"), PRODUCT)
def test_examples_of_the_command_line_do_what_they_say(document: str, arguments: str, folder: Path) -> None:
    given = words(arguments)
    if given[:1] not in (["animate"], ["map"]) or len(given) < 3:
        pytest.skip("names a command and is none to type")
    pytest.importorskip("torch")
    from mmtalker.cli import main
    from mmtalker.model.loading import DEFAULT_FOLDER
    from mmtalker.speech.weights import ENCODER_FILE_NAME

    if not (DEFAULT_FOLDER / ENCODER_FILE_NAME).is_file():
        pytest.skip("no speech encoder here")
    assert main(given) == 0
    written = [value for flag, value in pairwise(given) if flag in ("-o", "--picture")]
    assert written and all((folder / name).stat().st_size > 0 for name in written)


def python_blocks() -> list[tuple[str, str]]:
    texts = [(document.name, document.read_text(encoding="utf-8")) for document in DOCUMENTS]
    return [
        (name, code)
        for name, text in texts
        for code in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    ]


@pytest.mark.parametrize(("document", "code"), python_blocks())
def test_python_of_the_documents_runs(document: str, code: str, folder: Path) -> None:
    pytest.importorskip("torch")
    from mmtalker.model.loading import DEFAULT_FOLDER
    from mmtalker.speech.weights import ENCODER_FILE_NAME

    if not (DEFAULT_FOLDER / ENCODER_FILE_NAME).is_file():
        pytest.skip("no speech encoder here")
    before = set(folder.iterdir())
    exec(compile(code, document, "exec"), {})
    assert set(folder.iterdir()) - before


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    lost = [target for target, _ in LINK.findall(text) if not (document.parent / target).exists()]
    assert lost == []
