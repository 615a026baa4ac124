"""Which voice says which text how fast, in an order whose every beginning is balanced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import zip_longest
from zlib import crc32

import numpy as np

TEXTS = "kokoro_texts.tsv"
"""language, use, text and Kokoro's letters; ``python -m lab kokoro-texts`` makes it."""

LANGUAGE_OF_VOICE = {
    "a": "en-US", "b": "en-GB", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt", "z": "zh",
}  # fmt: skip
"""By the first letter of a voice's name."""

HELD_OUT_VOICES = (
    "af_heart", "am_michael", "bf_emma", "em_alex", "ff_siwis", "hf_alpha", "im_nicola", "jf_alpha",
    "pf_dora", "zf_xiaoxiao",
)  # fmt: skip
"""Never heard in training: two of American English and one of each other language."""

ROUNDS = 51
"""Texts that each training voice says: with the tests, a little over three hours."""

FOREIGN_EVERY = 3
"""Each third text of a voice is in a language that is not its own: those that were heard least come first."""

PACES = ((0.9, 1.1), (0.8, 0.9), (1.1, 1.3))
SHARE_OF_PACES = (0.5, 0.2, 0.3)
"""How often a text is said at about the voice's own pace, slowly, and quickly."""

EDGE_SECONDS = (0.25, 0.6)
"""Silence before and after."""

HALF_AS_MUCH = ("de", "nl", "pl", "tr")
"""Languages that no voice has as its own."""


@dataclass(frozen=True)
class Text:
    """A row of the table: what is said, and Kokoro's letters for it."""

    language: str
    test: bool
    text: str
    letters: str


@dataclass(frozen=True)
class Line:
    """A clip to record.

    Attributes:
        name: of the clip, unique.
        voice: who says it.
        text: what is said.
        speed: 1 is the voice's own pace.
        edges: seconds of silence before and after.
        test_set: ``kokoro-voices``, ``kokoro-texts`` or None for training.
    """

    name: str
    voice: str
    text: Text
    speed: float
    edges: tuple[float, float]
    test_set: str | None


@cache
def read_texts() -> tuple[Text, ...]:
    """Read all texts."""
    table = resources.files(__package__).joinpath(TEXTS).read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines()[1:]]
    return tuple(Text(lang, use == "test", text, letters) for lang, use, text, letters in rows)


def plan(voices: Sequence[str], texts: Sequence[Text], rounds: int = ROUNDS) -> list[Line]:
    """Return the clips to record, in an order whose every beginning is balanced over voices and languages.

    In each round every training voice says one text; between the rounds the tests are said, one text of each
    language at a time, by the held-out voices and by a training voice of the language.
    """
    training = _training_rounds(sorted(set(voices) - set(HELD_OUT_VOICES)), texts, rounds)
    tests = _test_rounds(sorted(voices), texts)
    return [line for pair in zip_longest(training, tests, fillvalue=()) for lines in pair for line in lines]


def _training_rounds(voices: Sequence[str], texts: Sequence[Text], rounds: int) -> Iterator[list[Line]]:
    """Yield what each voice says, round after round."""
    order = {
        language: [mine[i] for i in np.random.default_rng(place).permutation(len(mine))]
        for place, (language, mine) in enumerate(_by_language(texts, test=False).items())
    }
    said: Counter[str] = Counter()
    for turn in range(rounds):
        lines = []
        for place, voice in enumerate(voices):
            language = LANGUAGE_OF_VOICE[voice[0]]
            if (turn + place) % FOREIGN_EVERY == 0:
                others = [other for other in order if other != language]
                language = min(others, key=lambda o: said[o] * (2 if o in HALF_AS_MUCH else 1))
            text = order[language][said[language] % len(order[language])]
            said[language] += 1
            lines.append(_line(f"{voice}-{turn:03d}", voice, text, None))
        yield lines


def _test_rounds(voices: Sequence[str], texts: Sequence[Text]) -> Iterator[list[Line]]:
    """Yield the test clips of one text of each language after another."""
    tests = _by_language(texts, test=True)
    for turn in range(max(len(mine) for mine in tests.values())):
        lines = []
        for language, mine in tests.items():
            own = [voice for voice in voices if LANGUAGE_OF_VOICE[voice[0]] == language]
            heard = [v for v in own if v not in HELD_OUT_VOICES] or [
                v for v in voices if v not in HELD_OUT_VOICES
            ]
            text = mine[turn % len(mine)]
            for voice in [v for v in own if v in HELD_OUT_VOICES]:
                lines.append(_line(f"{voice}-test-{turn:02d}", voice, text, "kokoro-voices"))
            voice = heard[turn % len(heard)]
            lines.append(_line(f"{voice}-test-{language}-{turn:02d}", voice, text, "kokoro-texts"))
        yield lines


def _by_language(texts: Sequence[Text], test: bool) -> dict[str, list[Text]]:
    found: dict[str, list[Text]] = {}
    for text in texts:
        if text.test == test:
            found.setdefault(text.language, []).append(text)
    return found


def _line(name: str, voice: str, text: Text, test_set: str | None) -> Line:
    """Add the pace and the silent edges, which the clip's name decides."""
    rng = np.random.default_rng(crc32(name.encode()))
    slowest, fastest = PACES[rng.choice(len(PACES), p=SHARE_OF_PACES)]
    edges = rng.uniform(*EDGE_SECONDS, size=2)
    return Line(
        name,
        voice,
        text,
        round(rng.uniform(slowest, fastest), 3),
        (float(edges[0]), float(edges[1])),
        test_set,
    )
