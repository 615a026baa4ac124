"""A corpus's filmed speech as examples of articulation, and motion for the speech that nobody filmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmtalker.data.articulation.ears import Listen, corpus_ears
from mmtalker.data.articulation.gestures import effort
from mmtalker.data.articulation.model import ArticulationModel, Example, fit_articulation
from mmtalker.data.articulation.report import HeldOut, report
from mmtalker.data.corpus import Clip, Corpus, Motion, read_corpus, write_motion
from mmtalker.data.phonology import feature_track
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.audio import load_audio
from mmtalker.speech.features import FEATURE_RATE, frame_count

Ears = Callable[[Path, Progress], Listen]
"""Folder of a corpus, progress -> what hears articulatory features."""

ABSENT = (ErrorCode.BAD_REQUEST, ErrorCode.WEIGHTS_MISSING)
"""Errors that say that there are no ears."""


def animate_unfilmed(
    out: Path,
    progress: Progress = silent,
    without: Sequence[str] = (),
    ears: Ears = corpus_ears,
    say: Callable[[str], None] = print,
) -> ArticulationModel:
    """Write motion for every clip of a corpus that has phones and was not filmed.

    Channels of the mouth are known there, those of the upper face are not. Motion that was written
    before is written anew.

    Args:
        out: folder of the corpus, with its manifest.
        progress: told about the whole.
        without: sources that must not be learned from.
        ears: makes what hears articulatory features where phones are unknown, called if that is needed.
        say: told the errors on held-out clips.

    Returns:
        The model that made the motion.

    Raises:
        MMTalkerError: FILE_FORMAT without a corpus; BAD_REQUEST when no filmed speech is left to learn from.
    """
    corpus = read_corpus(out)
    model = fit_corpus(corpus, span(progress, 0.0, 0.5), without, ears, say)
    filmed = _filmed(corpus)
    todo = [clip for clip in corpus.clips if clip.phones and clip.source not in filmed]
    for done, clip in enumerate(todo):
        audio = load_audio(corpus.audio(clip))
        track = feature_track(clip.phones, np.arange(frame_count(audio)) / FEATURE_RATE)
        curves = model.curves(track, None, clip.phones, effort(audio.samples))
        write_motion(out, clip, Motion(curves, FEATURE_RATE, model.known))
        progress("articulation", 0.5 + 0.5 * (done + 1) / len(todo))
    return model


def fit_corpus(
    corpus: Corpus,
    progress: Progress = silent,
    without: Sequence[str] = (),
    ears: Ears = corpus_ears,
    say: Callable[[str], None] = print,
) -> ArticulationModel:
    """Fit a model to the filmed training clips of a corpus, and say its errors on the held-out ones.

    Clips whose phones are unknown are left out where there are no ears for them, and ``say`` is told why.
    The arguments are those of :func:`animate_unfilmed`.
    """
    filmed = _filmed(corpus)
    clips = [clip for clip in corpus.clips if clip.source in filmed]
    listen: Listen | None = None
    if any(not clip.phones for clip in clips):
        try:
            listen = ears(corpus.folder, span(progress, 0.0, 0.5))
        except MMTalkerError as error:
            if error.code not in ABSENT:
                raise
            say(f"Without filmed speech of unknown phones: {error.message}")
    examples: list[Example] = []
    held_out: dict[str, list[HeldOut]] = {}
    for done, clip in enumerate(clips):
        example = filmed_example(corpus, clip, listen)
        if example is not None and clip.test_set is not None:
            held_out.setdefault(clip.speaker, []).append(HeldOut(example, clip.phones))
        elif example is not None and clip.source not in without:
            examples.append(example)
        progress("articulation", 0.5 + 0.5 * (done + 1) / len(clips))
    model = fit_articulation(examples)
    for line in report(model, held_out):
        say(line)
    return model


def filmed_example(corpus: Corpus, clip: Clip, listen: Listen | None) -> Example | None:
    """Return a filmed clip as an example; None without motion, or with neither phones nor ears for them."""
    motion = corpus.motion(clip)
    if motion is None or not (clip.phones or listen):
        return None
    audio = load_audio(corpus.audio(clip))
    times = np.arange(frame_count(audio)) / FEATURE_RATE
    if clip.phones:
        track = feature_track(clip.phones, times)
    elif listen:
        track = listen(audio)
    return Example(track, motion.at(times), motion.known, clip.speaker, effort(audio.samples))


def _filmed(corpus: Corpus) -> set[str]:
    return {source.name for source in corpus.sources if source.motion == "filmed"}
