"""``corpus leave-out``: what is left out is gone, and the rest is as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.__main__ import main
from lab.corpus.clips import Clip, Motion, Source, read_corpus, write_clip, write_manifest
from lab.corpus.leave_out import leave_out
from lab.phonetics.phone_speech import Phone
from mmtalker.cli.exits import Exit
from mmtalker.errors import ErrorCode, MMTalkerError
from tests.lab.corpus.fake_speaker import TONE

SOURCES = (
    Source("first", "CC0", "filmed"),
    Source("second", "CC0", "filmed"),
    Source("spoken", "CC0", "made"),
)


def motion(value: float) -> Motion:
    return Motion(np.full((5, 52), value, dtype=np.float32), 50.0, np.ones(52, dtype=bool))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "whole"
    for source in SOURCES:
        clip = Clip(source.name, "one", "someone", "nl", "mama", (Phone("m", 0.0, 0.5),), None)
        write_clip(folder, clip, TONE, motion(0.5))
    write_manifest(folder, SOURCES)
    (folder / "heads" / "ict_facekit").mkdir(parents=True)
    (folder / "heads" / "ict_facekit" / "head.npz").write_bytes(b"head")
    return folder


def test_a_source_is_gone_and_the_rest_stays(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "less"

    leave_out(corpus, out, ["first"])

    less, whole = read_corpus(out), read_corpus(corpus)
    assert [source.name for source in less.sources] == ["second", "spoken"]
    second = less.motion(less.clips[0])
    assert second is not None and np.allclose(second.curves, 0.5)
    assert (out / "heads" / "ict_facekit" / "head.npz").read_bytes() == b"head"
    before = whole.motion(whole.clips[0])
    assert before is not None and np.allclose(before.curves, 0.5), "the whole corpus stays as it was"


def test_a_wrong_name_and_a_full_folder_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="no source 'third'") as unknown:
        leave_out(corpus, tmp_path / "less", ["third"])
    with pytest.raises(MMTalkerError, match="holds a corpus already"):
        leave_out(corpus, corpus, ["first"])

    assert unknown.value.code is ErrorCode.BAD_REQUEST
    assert not (tmp_path / "less").exists()


def test_the_command(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["corpus", "leave-out", str(corpus), "second", "-o", str(tmp_path / "less")])

    assert status == Exit.OK
    assert "spoken" in capsys.readouterr().out
    assert main(["corpus", "leave-out", str(corpus), "second", "-o", str(tmp_path / "less")]) == Exit.USAGE
