"""``lab evaluate`` on a corpus of moving vertices: VOCASET, BIWI or Multiface."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from lab.evaluation.vertex_evaluation import vertex_evaluate, write_vertex_report
from lab.evaluation.vertex_systems import NetworkSystem, VertexSystem, files_system, still_system
from lab.vertex_sets.store import read_vertex_corpus
from mmtalker.cli.bar import ProgressBar
from mmtalker.cli.exits import Exit, stopping_with
from mmtalker.device import choose_device
from mmtalker.model.loading import DEFAULT_FOLDER, load_model
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME


def evaluate_main(argv: Sequence[str] | None = None) -> int:
    """Parse ``evaluate`` for a corpus of moving vertices, measure, and write the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m lab evaluate",
        description="Measure a network, and files that others predicted, on a corpus of moving vertices.",
    )
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="folder that 'corpus import' made")
    add("--weights", type=Path, required=True, metavar="DIR", help="folder of a network trained on it")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for tables and predictions")
    add("--sets", nargs="+", metavar="NAME", help="test sets (default: all)")
    add(
        "--predictions",
        nargs="+",
        default=(),
        type=Path,
        metavar="DIR",
        help="folders of other systems' SUBJECT_SENTENCE_condition_TRAINSUBJECT.npy, measured beside",
    )
    add("--cache", type=Path, metavar="DIR", help="folder for encoded speech (default: CORPUS/features)")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    options = parser.parse_args(argv)
    text = evaluate_vertices(
        options.corpus,
        options.weights,
        options.out,
        options.cache or options.corpus / "features",
        choose_device(options.device),
        options.sets,
        tuple(options.predictions),
    )
    print(text)
    return Exit.OK


def evaluate_vertices(
    folder: Path,
    weights: Path,
    out: Path,
    cache: Path,
    device: torch.device,
    sets: Sequence[str] | None = None,
    others: tuple[Path, ...] = (),
) -> str:
    """Measure a network on a vertex corpus; write tables and predictions, return the table.

    Args:
        folder: of the corpus.
        weights: of the network.
        out: for ``report.json``, ``report.md`` and ``predictions/SET/*.npy``.
        cache: for encoded speech.
        device: where the network runs.
        sets: test sets; None for all.
        others: folders of other systems' predictions, each named by its folder.
    """
    corpus = read_vertex_corpus(folder)
    network = load_model(weights, device).network
    encoder = SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, device, network.config.speech_layers)
    encode = FeatureCache(cache).through(encoder)
    systems: dict[str, VertexSystem] = {"mmtalker": NetworkSystem(network, corpus, encode)}
    systems |= {path.name: files_system(corpus, path) for path in others}
    systems["still"] = still_system(corpus)
    with ProgressBar(sys.stderr) as progress:
        figures = vertex_evaluate(corpus, systems, sets, out / "predictions", progress)
    with stopping_with(Exit.OUTPUT):
        return write_vertex_report(corpus, figures, out)
