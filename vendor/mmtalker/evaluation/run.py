"""The evaluation: every system on every test set of a corpus, by the same points and formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmtalker.data.corpus import Corpus
from mmtalker.evaluation.face import Face
from mmtalker.evaluation.report import Report
from mmtalker.evaluation.takes import Encode, System
from mmtalker.progress import Progress, silent


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
    raise NotImplementedError
