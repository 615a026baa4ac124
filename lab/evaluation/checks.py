"""Beside the test sets: unseen heads, resolutions, repetition and joins of long speech."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.corpus.clips import Corpus
from lab.evaluation.channels import CHANNELS, measure_channels
from lab.evaluation.face import canonical_face
from lab.evaluation.people import Row, measure_people, measure_resolutions, unseen_people
from lab.evaluation.speaker import Speaker
from lab.evaluation.stability import measure_seams, same_twice
from lab.evaluation.takes import Encode, Take, Truth, read_take, read_truth
from lab.heads.training_heads import anny_head
from mmtalker.model.network import MMTalkerNetwork
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.audio import Audio, load_audio

CHANNEL_CLIPS = 40
"""Test clips over which the use of channels is measured, about so many."""

HEAD_CLIPS = 5
"""Test clips with which heads are driven."""

LONG_SPEECH_S = 300.0
"""Seconds of speech in which seams are looked for."""


def run_checks(
    network: MMTalkerNetwork,
    corpus: Corpus,
    encode: Encode,
    *,
    ict: Path | None,
    people: int,
    seed: int,
    progress: Progress = silent,
) -> dict[str, Sequence[Row]]:
    """Return the rows of every check that the corpus has clips for, by the check's title.

    Args:
        network: the factorised form, in evaluation mode.
        corpus: whose test clips drive the heads.
        encode: speech to features.
        ict: folder of ``heads/ict_facekit``, or None to leave its people out.
        people: unseen people of each head model; 0 for none.
        seed: of people and blinks.
        progress: told how far it is.

    Raises:
        MMTalkerError: BAD_REQUEST when people are wanted and the package `anny` is not installed.
    """
    takes = _driving_takes(corpus, encode)
    checks: dict[str, Sequence[Row]] = {}
    if people and takes:
        checks["Unseen people, as modelled and at three resolutions"] = measure_people(
            network, unseen_people(ict, people, seed), takes, span(progress, 0.0, 0.6)
        )
    if takes:
        checks["The canonical head at three resolutions, beside the middle one"] = measure_resolutions(
            network, anny_head(), takes, span(progress, 0.6, 0.8)
        )
        difference = same_twice(network, canonical_face(), takes[0][0], seed)
        checks["The same seed twice"] = [{"largest difference of a curve": difference}]
    if filmed := _filmed_takes(corpus, encode):
        speaker = Speaker(network, canonical_face())
        checks[CHANNELS] = measure_channels(speaker, filmed, network.config.names)
    recordings = _long_speech(corpus)
    if recordings:
        row = measure_seams(network, canonical_face(), recordings, encode)
        checks["Speed of the lips where windows of long speech join"] = [row]
    progress("checks", 1.0)
    return checks


def _driving_takes(corpus: Corpus, encode: Encode) -> list[tuple[Take, Truth]]:
    """Return a few test clips whose motion is known, filmed ones first."""
    filmed = {source.name: source.motion == "filmed" for source in corpus.sources}
    clips = sorted(
        (clip for clips in corpus.test_sets().values() for clip in clips),
        key=lambda clip: not filmed[clip.source],
    )
    found: list[tuple[Take, Truth]] = []
    for clip in clips:
        if len(found) == HEAD_CLIPS:
            break
        if corpus.motion(clip) is not None:
            take = read_take(corpus, clip, encode)
            truth = read_truth(corpus, take)
            if truth is not None:
                found.append((take, truth))
    return found


def _filmed_takes(corpus: Corpus, encode: Encode) -> list[Take]:
    """Return test clips that were filmed, spread evenly over all of them."""
    filmed = {source.name for source in corpus.sources if source.motion == "filmed"}
    clips = [clip for clips in corpus.test_sets().values() for clip in clips if clip.source in filmed]
    return [read_take(corpus, clip, encode) for clip in clips[:: max(1, len(clips) // CHANNEL_CLIPS)]]


def _long_speech(corpus: Corpus) -> list[Audio]:
    """Return recordings of test clips that make ``LONG_SPEECH_S`` together, as far as there are so many."""
    recordings: list[Audio] = []
    seconds = 0.0
    for clips in corpus.test_sets().values():
        for clip in clips:
            if seconds >= LONG_SPEECH_S:
                return recordings
            recordings.append(load_audio(corpus.audio(clip)))
            seconds += recordings[-1].seconds
    return recordings
