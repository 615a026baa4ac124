"""Speech whose phones are known to the millisecond and whose motion nobody filmed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError


@dataclass(frozen=True)
class Phone:
    """One phone in IPA letters, ``sil`` for a pause; seconds from the start of its recording."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class PhoneClip:
    """One recording with its phones.

    Attributes:
        name: of the file, without its suffix.
        voice: who speaks.
        audio: path of the recording.
        phones: from the first sample to the last.
    """

    name: str
    voice: str
    audio: Path
    phones: tuple[Phone, ...]

    def faster(self, speed: float) -> tuple[Phone, ...]:
        """Return the phones of the recording played ``speed`` times as fast."""
        return tuple(Phone(p.name, p.start / speed, p.end / speed) for p in self.phones)


def read_phones(path: Path) -> tuple[Phone, ...]:
    """Read the ``phones`` of a clip's description.

    Raises:
        MMTalkerError: FILE_FORMAT when the file has none.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["phones"]
        return tuple(Phone(str(row["phone"]), float(row["start"]), float(row["end"])) for row in rows)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT, f"{path} does not describe the phones of a recording ({error})."
        ) from error


def load_phone_speech(folder: Path, without: tuple[str, ...] = ()) -> list[PhoneClip]:
    """Read all clips of a folder that ``tools/make_speech_corpus.py`` wrote, but some voices.

    Args:
        folder: of ``*.json`` files, each beside its ``*.flac``.
        without: voices to leave out.
    """
    clips = []
    for path in sorted(folder.glob("*.json")):
        voice = path.stem.rsplit("_", 1)[0]
        if voice not in without:
            clips.append(PhoneClip(path.stem, voice, path.with_suffix(".flac"), read_phones(path)))
    return clips
