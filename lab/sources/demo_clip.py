"""Makes the demo's speech clips with the Kokoro-82M voice, with the exact time of every phone.

Run it only to change what the demo says; the clips it makes are in the repository. Kokoro comes as
`lab/sources/kokoro_voices.py` says; VOICES is the folder that holds its voices, and the rest of it
unless that is installed:

    python -m lab demo-clip --voices VOICES [--clip speech] [--out demo/assets]
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from lab.phonetics.kokoro_phones import KOKORO_RATE, Sound
from lab.phonetics.phone_speech import Phone
from lab.sources.kokoro_voices import Breath, Speaker, open_kokoro, record

EDGE_SECONDS = 0.4
"""Silence before and after a clip."""


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


def say_clip(clip: Clip, speaker: Speaker) -> tuple[Sound, tuple[Phone, ...]]:
    """Gives the sound (N,) and the phones that cover it from end to end, times in seconds."""
    last = len(clip.sentences) - 1
    breaths = [
        Breath(sentence.phones, clip.speed, clip.pause if place < last else 0.0)
        for place, sentence in enumerate(clip.sentences)
    ]
    return record(speaker, clip.voice, breaths, "en-US", (EDGE_SECONDS, EDGE_SECONDS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the arguments and writes each clip with its json beside it."""
    parser = argparse.ArgumentParser(
        prog="python -m lab demo-clip", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--voices", type=Path, required=True, help="folder of Kokoro's voices, *.bin")
    parser.add_argument("--clip", choices=[clip.name for clip in CLIPS], default="speech")
    parser.add_argument("--out", type=Path, default=Path("demo/assets"))
    options = parser.parse_args(arguments)
    clip = next(clip for clip in CLIPS if clip.name == options.clip)
    sound, phones = say_clip(clip, open_kokoro(options.voices))
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{clip.name}.{clip.extension}"
    soundfile.write(file, sound, KOKORO_RATE)
    facts = {
        "file": file.name,
        "text": " ".join(sentence.text for sentence in clip.sentences),
        "seconds": round(sound.size / KOKORO_RATE, 4),
        "voice": f"Kokoro-82M v1.0, {clip.voice}",
        "licence": "Words CC0; sound made with Kokoro-82M (hexgrad, Apache-2.0): see LICENSE.md",
        "phones": [
            {"phone": phone.name, "start": round(phone.start, 4), "end": round(phone.end, 4)}
            for phone in phones
        ],
    }
    described = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    file.with_suffix(".json").write_text(described, encoding="utf-8")
    print(f"{file}: {facts['seconds']} s, {len(phones)} phones, peak {np.abs(sound).max():.2f}")
    return 0
