"""What the benchmarks that write a report share: arguments, encoded speech, and the files that they write."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lab.circumstances import circumstances
from lab.evaluation.takes import Encode
from lab.training.config import TrainConfig
from mmtalker.errors import ErrorCode, MMTalkerError
from mmtalker.io.atomic import replacing
from mmtalker.model.loading import DEFAULT_FOLDER
from mmtalker.speech.cache import FeatureCache
from mmtalker.speech.features import SpeechEncoder
from mmtalker.speech.weights import ENCODER_FILE_NAME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where data and results are, and how long to train."""
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="folder that 'corpus build' made")
    add("--cache", type=Path, metavar="DIR", help="folder for encoded speech (default: CORPUS/features)")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for what is trained and found")
    add("--config", type=Path, metavar="FILE", help="JSON that names the settings of training to change")
    add("--steps", type=int, metavar="N", help="of training; its other stages are shortened alike")
    add("--sets", nargs="+", metavar="NAME", help="test sets (default: all)")
    add("--limit", type=int, metavar="N", help="at most so many clips of each set")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_head_arguments(parser: argparse.ArgumentParser, counted: str, default: int, what: str) -> None:
    """Declare where data and results are, and which heads are drawn.

    Args:
        parser: that gets ``--data``, ``--out``, ``--seed`` and ``--COUNTED``.
        counted: what a number of is drawn.
        default: that number.
        what: it is, for the help.
    """
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="folder of heads/ict_facekit")
    add("-o", "--out", type=Path, required=True, metavar="DIR", help="folder for the result")
    add(f"--{counted}", type=_count, default=default, metavar="N", help=f"{what} (default: {default})")
    add("--seed", type=int, default=0, metavar="N", help="of what chance draws; N is not negative")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} are too few to be measured; give 1 or more")
    return count


def read_config(options: argparse.Namespace) -> TrainConfig:
    """Return the training that the arguments describe."""
    config = TrainConfig.load(options.config) if options.config else TrainConfig()
    return with_steps(config, options.steps) if options.steps else config


def with_steps(config: TrainConfig, steps: int) -> TrainConfig:
    """Return a run of the same proportions with another number of steps."""
    scale = steps / config.steps
    return replace(config, steps=steps, shape_steps=round(config.shape_steps * scale))


def load_encoder(config: TrainConfig, device: torch.device) -> SpeechEncoder:
    """Return the encoder with the layers that a network reads."""
    return SpeechEncoder(DEFAULT_FOLDER / ENCODER_FILE_NAME, device, config.model.speech_layers)


def cached(encoder: SpeechEncoder, cache: Path) -> Encode:
    """Return an encoding of test clips that looks into the cache first."""
    return FeatureCache(cache).through(encoder)


def about(module: str, arguments: Sequence[str] | None, config: TrainConfig, device: str) -> dict[str, Any]:
    """Return what has to be known to read and to repeat the figures.

    Args:
        module: that is run.
        arguments: given to it; None for the process's own.
        config: of training.
        device: where everything was computed.
    """
    return {**setting(module, arguments, device), "steps": config.steps, "seed": config.seed}


def setting(module: str, arguments: Sequence[str] | None, device: str) -> dict[str, Any]:
    """Return command, device and circumstances of any run; the arguments are those of :func:`about`."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    name = torch.cuda.get_device_name(0) if device == "cuda" else f"{torch.get_num_threads()} threads"
    return {
        "command": f"python -m {module} {shlex.join(words)}",
        "device": f"{device}, {name}",
        "torch": torch.__version__,
        **circumstances(),
    }


@dataclass(frozen=True)
class Findings:
    """What a run found.

    Attributes:
        text: to read, Markdown.
        data: the same, and more, as JSON.
        faulty: whether something went wrong that the report tells of.
    """

    text: str
    data: str
    faulty: bool = False


def as_json(data: Any) -> str:
    """Return JSON as the reports have it."""
    return json.dumps(data, indent=2) + "\n"


def publish(find: Callable[[], Findings], out: Path, name: str) -> int:
    """Run, print what was found, and keep it as ``NAME.md`` and ``NAME.json`` in the folder ``out``.

    Returns:
        The exit status: 0, 1 for faulty findings, 2 where there are none and standard error says why.
    """
    try:
        found = find()
        for suffix, content in ((".md", found.text), (".json", found.data)):
            with replacing(out / f"{name}{suffix}") as partial:
                partial.write_text(content, encoding="utf-8")
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    print(found.text)
    print(f"Wrote {out / name}.md and .json.")
    return 1 if found.faulty else 0


def claim(out: Path, config: TrainConfig) -> None:
    """Note down by which settings the folder ``out`` is trained, so that a later run can go on there.

    Raises:
        MMTalkerError: FILE_FORMAT when it was begun by others.
    """
    path, settings = out / "training.json", json.dumps(config.to_json(), indent=2, sort_keys=True) + "\n"
    if not path.exists():
        with replacing(path) as partial:
            partial.write_text(settings, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != settings:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"What is in {out} was trained with other settings. Delete it, or give another folder.",
        )
