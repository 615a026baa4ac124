"""The evaluation: every system on every test set of a corpus, by the same points and formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lab.corpus.clips import Clip, Corpus
from lab.evaluation.contact import closes
from lab.evaluation.face import Face, canonical_face
from lab.evaluation.metrics import check_motion
from lab.evaluation.report import TRUTH, Example, Report, SetReport
from lab.evaluation.score import Score, make_reference, pool, score, score_truth
from lab.evaluation.takes import Encode, Prediction, System, Take, read_take, read_truth
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.progress import Progress, silent, span
from mmtalker.speech.features import FEATURE_RATE

EXAMPLES = 3
"""Clips of each set that are kept to look at."""


def evaluate_systems(
    corpus: Corpus,
    systems: Mapping[str, System],
    encode: Encode,
    *,
    sets: Sequence[str] | None = None,
    limit: int | None = None,
    face: Face | None = None,
    progress: Progress = silent,
) -> Report:
    """Measure all systems on the same recordings.

    Args:
        corpus: where the recordings are.
        systems: by name, each made ready for the face before it is asked about a recording.
        encode: speech to features, the same for all systems.
        sets: test sets, or sources all of whose clips are to be measured; None for every test set.
        limit: at most so many clips of each set, evenly spaced; None for all.
        face: whose motion is measured; None for the canonical head's.
        progress: told about every recording.

    Raises:
        MMTalkerError: BAD_REQUEST for a set that the corpus does not have; INTERNAL for a prediction of
            the wrong shape or with NaN.
    """
    chosen = choose_clips(corpus, sets, limit)
    own_face = face or canonical_face()
    predictions = {name: system(own_face) for name, system in systems.items()}
    total = sum(len(clips) for clips in chosen.values())
    done, found = 0, []
    for name, clips in chosen.items():
        part = span(progress, done / total, (done + len(clips)) / total)
        found.append(_evaluate_set(name, corpus, clips, predictions, encode, own_face, part))
        done += len(clips)
    return Report({}, tuple(found))


def choose_clips(corpus: Corpus, sets: Sequence[str] | None, limit: int | None) -> dict[str, list[Clip]]:
    """Return the clips to measure by set; the arguments are those of :func:`evaluate_systems`."""
    offered = corpus.test_sets()
    sources = {source.name: [c for c in corpus.clips if c.source == source.name] for source in corpus.sources}
    for name in sets or ():
        if name not in offered and name not in sources:
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"The corpus has no test set {name!r}. It has the sets {', '.join(sorted(offered))} and the "
                f"sources {', '.join(sorted(sources))}, all of whose clips can be measured too.",
            )
    if not offered and not sets:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            "The corpus has no test clips. Build it anew, or name a source to measure.",
        )
    chosen = {name: offered.get(name) or sources[name] for name in (sets or sorted(offered))}
    return {name: _thinned(clips, limit) for name, clips in chosen.items()}


def _thinned(clips: list[Clip], limit: int | None) -> list[Clip]:
    if limit is None or limit >= len(clips):
        return clips
    return [clips[i] for i in np.linspace(0, len(clips) - 1, limit).round().astype(int)]


def _evaluate_set(
    name: str,
    corpus: Corpus,
    clips: list[Clip],
    predictions: Mapping[str, Prediction],
    encode: Encode,
    face: Face,
    progress: Progress,
) -> SetReport:
    scores: dict[str, list[Score]] = {TRUTH: [], **{system: [] for system in predictions}}
    seconds = 0.0
    for done, clip in enumerate(clips):
        take = read_take(corpus, clip, encode)
        seconds += len(take.features) / FEATURE_RATE
        for system, found in score_take(corpus, take, predictions, face).items():
            scores[system].append(found)
        progress(name, (done + 1) / len(clips))
    with_scores = {system: found for system, found in scores.items() if found}
    languages = sorted({clip.language for clip in clips})
    filmed = {source.name: source.motion for source in corpus.sources}
    known = with_scores.get(TRUTH, [])
    return SetReport(
        name=name,
        face=face.name,
        clips=len(clips),
        minutes=seconds / 60.0,
        truth=" and ".join(sorted({filmed[s.clip.source] for s in known})) or "unknown",
        compared=tuple(dict.fromkeys(part for s in known for part in s.compared)),
        figures={system: pool(found) for system, found in with_scores.items()},
        languages={} if len(languages) < 2 else {
            language: {
                system: pool([s for s in found if s.clip.language == language])
                for system, found in with_scores.items()
            }
            for language in languages
        },
        examples=_examples(with_scores),
    )  # fmt: skip


def score_take(
    corpus: Corpus, take: Take, predictions: Mapping[str, Prediction], face: Face
) -> dict[str, Score]:
    """Measure all systems, and the truth itself where it is known, on one recording."""
    known = read_truth(corpus, take)
    truth = None if known is None else make_reference(face, known)
    scores = {} if truth is None else {TRUTH: score_truth(take, truth)}
    for name, predict in predictions.items():
        what = f"{name} on {take.clip.source}/{take.clip.name}"
        made = check_motion(predict(take), len(take.features), len(face.rest), what)
        scores[name] = score(face, take, made, truth)
    return scores


def _examples(scores: Mapping[str, list[Score]]) -> tuple[Example, ...]:
    """Keep the lip gaps of the first clips of a set."""
    by_clip: dict[tuple[str, str], dict[str, Score]] = {}
    for system, found in scores.items():
        for one in found:
            by_clip.setdefault((one.clip.source, one.clip.name), {})[system] = one
    examples = []
    for of_systems in list(by_clip.values())[:EXAMPLES]:
        any_score = next(iter(of_systems.values()))
        examples.append(
            Example(
                clip=any_score.clip.name,
                times=any_score.times,
                closures=tuple((p.start, p.end) for p in any_score.clip.phones if closes(p.name)),
                gaps={system: one.tracks.gap for system, one in of_systems.items()},
                errors={
                    system: np.sqrt(one.errors.lips)
                    for system, one in of_systems.items()
                    if one.errors is not None and one.errors.lips is not None
                },
            )
        )
    return tuple(examples)
