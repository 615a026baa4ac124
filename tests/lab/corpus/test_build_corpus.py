"""``corpus build`` and ``corpus show``: sources that are there are built, others are named with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import lab.corpus.command as corpus_command
from lab.__main__ import main
from lab.corpus.build import Recipe, build_corpus, copy_heads, recipes
from lab.corpus.clips import (
    Clip,
    Source,
    has_clip,
    read_corpus,
    read_manifest,
    write_clip,
)
from lab.corpus.command import table
from lab.phonetics.phone_speech import Phone
from mmtalker.cli.exits import Exit
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.progress import Progress
from tests.lab.corpus.fake_speaker import TONE


def recipe(
    name: str,
    needs: Path | None,
    error: MMTalkerError | None = None,
    motion: str = "filmed",
    clips: Sequence[str] = ("one",),
) -> Recipe:
    """A source of clips half a second long, or one that cannot be built."""
    phones = (Phone("m", 0.0, 0.5),)

    def build(out: Path, progress: Progress) -> None:
        progress(name, 0.5)
        if error is not None:
            raise error
        for clip in clips:
            if not has_clip(out, name, clip):
                write_clip(
                    out, Clip(name, clip, f"{name}-speaker", "nl", "mama", phones, f"{name}-test"), TONE
                )

    return Recipe(Source(name, f"licence of {name}", motion), needs, build)


def test_sources_that_are_there_are_built(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    told: list[float] = []

    manifest = build_corpus(
        [recipe("a", tmp_path), recipe("b", tmp_path)], out, lambda stage, fraction: told.append(fraction)
    )

    assert set(manifest["sources"]) == {"a", "b"}
    assert manifest["sources"]["a"] == {
        "licence": "licence of a",
        "motion": "filmed",
        "clips": 1,
        "minutes": 0.01,
        "speakers": ["a-speaker"],
        "languages": ["nl"],
        "test_sets": ["a-test"],
    }
    assert read_manifest(out) == manifest
    assert [clip.source for clip in read_corpus(out).clips] == ["a", "b"]
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (recipe("b", Path("/nowhere/b")), "There is no folder /nowhere/b."),
        (recipe("b", None), "Its folder was not named. Give it with --b FOLDER."),
        (recipe("b", Path(), MMTalkerError(ErrorCode.BAD_REQUEST, "No package p.")), "No package p."),
        (recipe("b", Path(), MMTalkerError(ErrorCode.WEIGHTS_MISSING, "No encoder.")), "No encoder."),
    ],
    ids=["no folder", "not named", "no package", "no encoder"],
)
def test_a_source_that_is_not_there_is_left_out_with_a_sentence(
    tmp_path: Path, missing: Recipe, reason: str
) -> None:
    said: list[str] = []

    manifest = build_corpus([recipe("a", tmp_path), missing], tmp_path / "corpus", say=said.append)

    assert set(manifest["sources"]) == {"a"}
    assert said == [f"Without b: {reason}"]


def test_damaged_data_ends_the_build(tmp_path: Path) -> None:
    damaged = recipe("b", tmp_path, MMTalkerError(ErrorCode.FILE_FORMAT, "The file f is damaged."))

    with pytest.raises(MMTalkerError, match="The file f is damaged"):
        build_corpus([recipe("a", tmp_path), damaged], tmp_path / "corpus")


def test_one_source_alone_is_added_to_what_is_there(tmp_path: Path) -> None:
    sources = [recipe("a", tmp_path), recipe("b", tmp_path)]
    build_corpus(sources, tmp_path / "corpus", only=["a"])
    assert set(read_manifest(tmp_path / "corpus")["sources"]) == {"a"}

    manifest = build_corpus(sources, tmp_path / "corpus", only=["b"])

    assert set(manifest["sources"]) == {"a", "b"}


def test_a_source_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="no folder"):
        build_corpus([recipe("a", tmp_path / "nowhere")], tmp_path / "corpus", only=["a"])


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match=r"no source 'c'\. The sources are: a\."):
        build_corpus([recipe("a", tmp_path)], tmp_path / "corpus", only=["c"])


def test_without_any_source_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="No source could be built"):
        build_corpus([recipe("a", None)], tmp_path / "corpus", say=lambda sentence: None)
    assert not (tmp_path / "corpus").exists()


def test_the_head_model_is_copied_for_training(tmp_path: Path) -> None:
    model = tmp_path / "data" / "heads" / "ict_facekit"
    model.mkdir(parents=True)
    (model / "ict_facekit.npz").write_bytes(b"head")

    copy_heads(tmp_path / "data", tmp_path / "corpus")
    copy_heads(tmp_path / "data", tmp_path / "corpus")

    assert (tmp_path / "corpus/heads/ict_facekit/ict_facekit.npz").read_bytes() == b"head"


def test_every_source_has_its_own_name_and_licence(tmp_path: Path) -> None:
    sources = [made.source for made in recipes(tmp_path, None, 1)]

    assert len({source.name for source in sources}) == len(sources)
    assert all(source.licence and source.motion in ("filmed", "unfilmed") for source in sources)


def test_the_table_has_a_row_for_each_source_and_sums(tmp_path: Path) -> None:
    manifest = build_corpus([recipe("a", tmp_path), recipe("b", tmp_path)], tmp_path / "corpus")

    lines = table(manifest).splitlines()

    assert lines[0].split()[:4] == ["source", "motion", "clips", "minutes"]
    assert lines[1].split()[:5] == ["a", "filmed", "1", "0.0", "1"]
    assert lines[-1].split() == ["all", "2", "0.0", "2", "1", "languages"]


def test_show_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_corpus([recipe("a", tmp_path)], tmp_path)

    assert main(["corpus", "show", str(tmp_path)]) == Exit.OK

    assert "licence of a" in capsys.readouterr().out


def test_show_says_where_there_is_no_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "show", str(tmp_path)]) == Exit.USAGE

    assert "holds no corpus" in capsys.readouterr().err


def test_build_without_any_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["corpus", "build", "--data", str(tmp_path / "nowhere"), "-o", str(tmp_path / "corpus")])

    assert status == Exit.USAGE
    said = capsys.readouterr().err
    assert "Without grid: There is no folder" in said
    assert "Without kokoro: Its folder was not named. Give it with --kokoro FOLDER." in said
    assert "No source could be built" in said


def test_an_interrupted_build_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(out: Path, progress: Progress) -> None:
        raise KeyboardInterrupt

    sources = (recipe("a", tmp_path), Recipe(Source("b", "CC0", "filmed"), tmp_path, interrupted))
    monkeypatch.setattr(corpus_command, "recipes", lambda data, voices, jobs: sources)

    status = main(["corpus", "build", "--data", str(tmp_path), "-o", str(tmp_path / "corpus")])

    assert status == Exit.INTERRUPTED
    assert "clips that are whole are kept" in capsys.readouterr().err
    assert has_clip(tmp_path / "corpus", "a", "one")


@pytest.mark.parametrize("arguments", [["build", "--data", ".", "-o", ".", "--jobs", "0"], ["build"], []])
def test_a_wrong_command_line_ends_with_its_code(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["corpus", *arguments])
    assert stop.value.code == Exit.USAGE
