"""What a written sentence sounds like: words and their phones in IPA, by the program espeak-ng.

A development requirement of whoever builds a corpus: https://github.com/espeak-ng/espeak-ng, or the
package ``espeak-ng`` of a Linux distribution.
"""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from lab.phonetics.phonetic_chart import LETTERS
from mmtalker.errors import ErrorCode, MMTalkerError

PROGRAM = "espeak-ng"

STRESS = "ˈˌ"
"""Marks that are left out, since they say nothing of where a phone is made."""

CORRECTIONS = {
    "de": {"??": "ʊ_ʁ", "r": "ʁ", "ɾ": "ʁ", "ɜ": "ɐ"},
}
"""What else espeak-ng means by some of its phones; its version 1.51 prints two question marks for "ur"."""

_BETWEEN = "_"  # espeak-ng's mark between phones
_SWITCH = re.compile(r"\([a-z-]+\)")  # where it reads a word as another language


@dataclass(frozen=True)
class Word:
    """A word as it is said.

    Attributes:
        phones: in IPA without stress, one or more.
        pause: whether punctuation follows.
    """

    phones: tuple[str, ...]
    pause: bool = False


def pronounce(text: str, language: str) -> tuple[Word, ...]:
    """Return the words of a sentence as espeak-ng says them.

    Words that are said as one (``of the``) come as one.

    Args:
        text: any sentence.
        language: espeak-ng's name, such as ``en-us`` or ``de``.

    Raises:
        MMTalkerError: BAD_REQUEST when the program is not installed or does not know the language.
    """
    return _pronounce(" ".join(text.split()), language)


@functools.lru_cache(maxsize=4096)
def _pronounce(text: str, language: str) -> tuple[Word, ...]:
    command = [PROGRAM, "-q", "--ipa", f"--sep={_BETWEEN}", "-v", language, "--", text]
    try:
        said = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    except FileNotFoundError as error:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"To tell how a sentence sounds, the program '{PROGRAM}' is needed, and it was not found. "
            "Install it, for example by 'apt install espeak-ng'.",
        ) from error
    except subprocess.CalledProcessError as error:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"{PROGRAM} cannot say {text!r} in the language {language!r}: {error.stderr.strip()}",
        ) from error
    words: list[Word] = []
    for clause in said.splitlines():  # one line for each stretch between punctuation
        spoken = [_phones(word, CORRECTIONS.get(language, {})) for word in _SWITCH.sub(" ", clause).split()]
        kept = [phones for phones in spoken if phones]
        words += [Word(phones, pause=number == len(kept)) for number, phones in enumerate(kept, start=1)]
    return tuple(words)


def _phones(word: str, corrections: Mapping[str, str]) -> tuple[str, ...]:
    said = (phone.strip(STRESS) for phone in word.split(_BETWEEN))
    phones = _BETWEEN.join(corrections.get(phone, phone) for phone in said).split(_BETWEEN)
    return tuple(phone for phone in phones if LETTERS.keys() & set(phone))
