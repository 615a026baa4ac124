"""``corpus leave-out``: what is left out is gone, and so is what others learned from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mmtalker.cli.corpus as corpus_command
from mmtalker.cli import main
from mmtalker.cli.exits import Exit
from mmtalker.data.corpus import Clip, Motion, Source, read_corpus, write_clip, write_manifest, write_motion
from mmtalker.data.leave_out import leave_out
from mmtalker.data.phone_speech import Phone
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.progress import Progress
from tests.corpus.fake_speaker import TONE

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


def animate(out: Path, progress: Progress) -> None:
    """Animate unfilmed speech by how many sources were filmed."""
    whole = read_corpus(out)
    filmed = sum(source.motion == "filmed" for source in whole.sources)
    for clip in whole.clips:
        if clip.source == "spoken":
            assert whole.motion(clip) is None, "nothing may be left of the old motion"
            write_motion(out, clip, motion(filmed / 10))


def test_a_source_is_gone_and_the_rest_is_animated_anew(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "less"

    leave_out(corpus, out, ["first"], articulate=animate)

    less, whole = read_corpus(out), read_corpus(corpus)
    assert [source.name for source in less.sources] == ["second", "spoken"]
    second, spoken = (less.motion(clip) for clip in less.clips)
    assert second is not None and np.allclose(second.curves, 0.5)
    assert spoken is not None and np.allclose(spoken.curves, 0.1, atol=1e-3)
    assert (out / "heads" / "ict_facekit" / "head.npz").read_bytes() == b"head"
    before = whole.motion(whole.clips[2])
    assert before is not None and np.allclose(before.curves, 0.5), "the whole corpus stays as it was"


def test_a_wrong_name_and_a_full_folder_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(MMTalkerError, match="no source 'third'") as unknown:
        leave_out(corpus, tmp_path / "less", ["third"], articulate=animate)
    with pytest.raises(MMTalkerError, match="holds a corpus already"):
        leave_out(corpus, corpus, ["first"], articulate=animate)

    assert unknown.value.code is ErrorCode.BAD_REQUEST
    assert not (tmp_path / "less").exists()


def test_without_film_unfilmed_speech_has_no_motion(corpus: Path, tmp_path: Path) -> None:
    def nothing_to_learn_from(out: Path, progress: Progress) -> None:
        raise MMTalkerError(ErrorCode.BAD_REQUEST, "Nothing to learn from.")

    told: list[str] = []
    leave_out(
        corpus, tmp_path / "less", ["first", "second"], say=told.append, articulate=nothing_to_learn_from
    )

    less = read_corpus(tmp_path / "less")
    assert less.motion(less.clips[0]) is None
    assert told == ["Without motion for speech that nobody filmed: Nothing to learn from."]


def test_the_command(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(corpus_command, "animate_unfilmed", lambda out, progress, say: animate(out, progress))

    status = main(["corpus", "leave-out", str(corpus), "second", "-o", str(tmp_path / "less")])

    assert status == Exit.OK
    assert "spoken" in capsys.readouterr().out
    assert main(["corpus", "leave-out", str(corpus), "second", "-o", str(tmp_path / "less")]) == Exit.USAGE
