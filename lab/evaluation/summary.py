"""A few figures of one network, for the end of a training run."""

from __future__ import annotations

from lab.corpus.clips import Corpus
from lab.evaluation.run import evaluate_systems
from lab.evaluation.score import Figures
from lab.evaluation.systems import network_systems
from lab.evaluation.table import merge_variants
from lab.evaluation.takes import Encode
from mmtalker.model.network import MMTalkerNetwork

KEPT = (
    "lve_mm",
    "eve_mm",
    "gap_correlation",
    "width_correlation",
    "jaw_correlation",
    "lag_ms",
    "closure_recall",
    "closure_precision",
    "bite_nearer",
    "silence_ratio",
)


def network_figures(
    network: MMTalkerNetwork, corpus: Corpus, encode: Encode, limit: int | None = None
) -> dict[str, Figures]:
    """Return the most telling figures of a network by test set, with three digits.

    Args:
        network: in evaluation mode.
        corpus: with test sets; without them nothing is returned.
        encode: speech to features.
        limit: clips of each set.
    """
    if not corpus.test_sets():
        return {}
    report = evaluate_systems(corpus, network_systems(network, "network"), encode, limit=limit)
    figures = {found.name: merge_variants(found.figures)["network"] for found in report.sets}
    return {
        name: {key: float(f"{value:.3g}") for key in KEPT if (value := own.get(key)) is not None}
        for name, own in figures.items()
    }
