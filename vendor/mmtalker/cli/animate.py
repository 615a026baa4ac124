"""``mmtalker animate``: a head and a recording in, an animation file out."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from mmtalker.cli.bar import ProgressBar
from mmtalker.cli.exits import Exit, Stop, stopping_with
from mmtalker.cli.heads import DEMO_HEAD, read_named_head
from mmtalker.io.results import check_result_path, write_animation
from mmtalker.limits import check_frames
from mmtalker.progress import span
from mmtalker.speech.audio import load_audio
from mmtalker.worker.backend import BackendFactory, load_backend
from mmtalker.worker.cache import DiskCache
from mmtalker.worker.prepared import PreparedStore

if TYPE_CHECKING:
    from mmtalker.animation import Animation


@dataclass(frozen=True)
class AnimateCommand:
    """What the command line asked for.

    Attributes:
        head: a file, or the word ``demo``.
        audio: a sound file.
        out: the file to write; its suffix says what.
        fps: frames a second of the result.
        device: ``auto``, ``cpu`` or ``cuda``.
        style, style_strength, silence_rest: see :class:`mmtalker.motion.finish.AnimateOptions`; None for its
            default.
        seed: of what is not in the speech, such as blinks.
        start: seconds into the sound file.
        duration: seconds to use, or None for the rest.
        cache_dir: where prepared heads and speech are kept; None for nowhere.
        weights: folder of a trained model; None for the shipped one.
    """

    head: str
    audio: Path
    out: Path
    fps: float = 30.0
    device: str = "auto"
    style: str | None = None
    style_strength: float | None = None
    silence_rest: float | None = None
    seed: int = 0
    start: float = 0.0
    duration: float | None = None
    cache_dir: Path | None = None
    weights: Path | None = None

    @staticmethod
    def from_arguments(options: argparse.Namespace) -> AnimateCommand:
        """Take the fields from parsed arguments of the same names."""
        return AnimateCommand(
            **{field.name: getattr(options, field.name) for field in fields(AnimateCommand)}
        )


def animate(command: AnimateCommand, load: BackendFactory | None = None) -> None:
    """Read, prepare, animate and write; end with one line on standard output.

    Args:
        command: what to do.
        load: makes the backend; None for the real one with the command's weights.

    Raises:
        Stop, MMTalkerError: what went wrong; nothing half-written is left behind.
    """
    started = time.monotonic()
    _check_output(command.out, command.head)
    # All that can be wrong with the files is found before any weights are read.
    mesh = read_named_head(command.head)
    with ProgressBar(sys.stderr) as progress:
        audio = load_audio(
            command.audio,
            start=command.start,
            duration=command.duration,
            progress=span(progress, 0.0, 0.02),
        )
        check_frames(command.fps, None, audio.seconds)
        progress("starting", 0.02)
        backend = load(command.device) if load else load_backend(command.device, command.weights)
        store = PreparedStore(backend, DiskCache(command.cache_dir) if command.cache_dir else None)
        head = store.head(mesh, span(progress, 0.02, 0.35)).value
        speech = store.speech(audio, span(progress, 0.35, 0.80)).value
        seconds, warnings = audio.seconds, audio.warnings
        del audio  # 230 MB of an hour, which is not needed any more
        chosen = {name: getattr(command, name) for name in ("style", "style_strength", "silence_rest")}
        animation = backend.talker.animate(
            head,
            speech,
            fps=command.fps,
            seed=command.seed,
            options=backend.read_options(
                {name: value for name, value in chosen.items() if value is not None}
            ),
            progress=span(progress, 0.80, 0.98),
        )
        progress("writing", 0.98)
        _write(animation, command.out)
    for warning in dict.fromkeys((*warnings, *head.warnings, *animation.warnings)):
        print(f"Warning: {warning}", file=sys.stderr)
    print(
        f"Wrote {command.out}: {len(animation.curves)} frames at {command.fps:g} fps, "
        f"{len(animation.names)} shape keys, {seconds:.1f} s of speech "
        f"in {time.monotonic() - started:.1f} s ({backend.talker.device_name})."
    )


def _check_output(out: Path, head: str) -> None:
    """Find out before the work what would spoil the writing after it."""
    with stopping_with(Exit.USAGE):
        check_result_path(out)
    if out.is_dir():
        raise Stop(Exit.OUTPUT, f"'{out}' is a folder. Give the name of a file to write inside it.")
    if head != DEMO_HEAD and out.exists() and Path(head).exists() and out.samefile(head):
        raise Stop(
            Exit.USAGE, f"'{out}' is the head itself and would be replaced. Choose another name for OUT."
        )
    folder = next(folder for folder in out.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Stop(
            Exit.OUTPUT, f"Nothing can be written into '{folder}': {error.strerror}. Choose another folder."
        ) from error


def _write(animation: Animation, out: Path) -> None:
    with stopping_with(Exit.OUTPUT):
        write_animation(animation, out)
