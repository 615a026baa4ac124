"""What the name of an object or material says about a part of a head."""

from __future__ import annotations

import re
from enum import IntEnum


class Kind(IntEnum):
    """What a name claims."""

    NOTHING = 0
    EYE = 1
    TEETH = 2
    """Teeth, gums or what clings to them, upper or lower."""
    TEETH_UPPER = 3
    TEETH_LOWER = 4
    TONGUE = 5
    LASHES = 6
    """Whatever follows the skin it hugs."""
    STILL = 7
    """Hair, clothes, glasses: it does not move."""


# The first that matches counts: eyelashes are no eyes, and a material says more than the body that it is on.
_CLAIMS: tuple[tuple[Kind, str], ...] = (
    (Kind.STILL, r"eye_?(glass|wear|patch)|glasses|goggle|spectacle|sunglass|ear_?ring|necklace"),
    (
        Kind.LASHES,
        r"(?<![fps])lash|brow(?!n)|cilia|tear|lacrimal|lacrymal|caruncle|canthus|occlusion|eye_?shell|eye_?edge"
        r"|eye_?liner?(?!\w)|cartilage|eye_?blend|eye_?shadow|beard|m(o)?ustache|stubble|goatee|sideburn|fuzz",
    ),
    (
        Kind.STILL,
        r"hair|scalp|pony_?tail|bangs|fringe|hat_|_hat|^hat$|cap_|_cap|^cap$|helmet|hood|head_?wear|wig",
    ),
    (Kind.TONGUE, r"tongue|zunge|langue"),
    (Kind.TEETH, r"teeth|tooth|denture|gums?(_|$)|gingiva|saliva|braces|fang|molar|incisor|canine|zaehne"),
    (Kind.EYE, r"eye_?ball|eyes?(?!_?(lid|socket|line|bag))|cornea|iris|irides|sclera|pupil|limbus"),
    (
        Kind.STILL,
        r"cloth|shirt|jacket|outfit|dress|shoe|foot_?wear|pants|collar|scarf|suit|jewel|pierc|bra_|armor",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _CLAIMS)
_UPPER = re.compile(r"(^|_)(upper|up|top|maxilla\w*|u)(_|$)|upper")
_LOWER = re.compile(r"(^|_)(lower|low|bottom|down|mandib\w*|l)(_|$)|lower")


def kind_of(name: str) -> Kind:
    """What a name claims: English, as the common tools for heads write it.

    Words may be joined in any way: ``CC_Base_EyeOcclusion``, ``Genesis8Eyelashes``, ``teeth lower.001``.
    """
    # At a small letter before a capital one, and wherever there is no letter, a word ends.
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "_", name).strip("_").lower()
    for kind, pattern in _PATTERNS:
        if pattern.search(words):
            return _jaw_of(words) if kind == Kind.TEETH else kind
    return Kind.NOTHING


def _jaw_of(words: str) -> Kind:
    upper, lower = bool(_UPPER.search(words)), bool(_LOWER.search(words))
    if upper == lower:
        return Kind.TEETH
    return Kind.TEETH_UPPER if upper else Kind.TEETH_LOWER
