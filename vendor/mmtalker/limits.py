"""The most of everything that is taken from a file or a request, and the sentences that refuse more.

Sizes follow from the input before memory is taken for them: a few bytes must not ask for gigabytes.
"""

from __future__ import annotations

from mmtalker.errors import ErrorCode, MMTalkerError

MOST_VERTICES = 4_000_000
"""Of a head as read from a file; 48 MB of positions. Heads of films have 200,000."""

MOST_TRIANGLES = 2_000_000
"""Of a mesh that is looked at: as many take a minute of one core, and 1.6 GB of memory."""

MOST_FILE_BYTES = 1 << 30
"""Of a head's file."""

MOST_PROPERTIES = 1_000
"""Columns of all tables of a ply file together; scanners and splats write about 60."""

MOST_SECONDS = 2 * 60 * 60
"""Of one recording; 460 MB at 16 kHz."""

LOWEST_RATE, HIGHEST_RATE = 2_000, 768_000
"""Hz of a recording. Below there is no speech, and one second would become many; nothing records above."""

MOST_FPS = 1_000.0
"""Frames a second of a result."""

MOST_FRAMES = 1_000_000
"""Of a result: two hours at 120 frames a second are 864,000."""

MOST_UNPACKED = 1 << 30
"""Bytes of the arrays in an archive, together."""


def check_count(name: str, what: str, count: int, most: int, remedy: str) -> None:
    """Refuse a file that holds more of something than is taken.

    Args:
        name: of the file.
        what: the plural that is counted.
        count: how many there are.
        most: how many are taken.
        remedy: a sentence that says what to do.

    Raises:
        MMTalkerError: ``FILE_FORMAT``.
    """
    if count > most:
        raise MMTalkerError(
            ErrorCode.FILE_FORMAT,
            f"{name} holds {count:,} {what}, and at most {most:,} are taken. {remedy}",
        )


COARSER = "Apply a Decimate modifier, or export the head alone and coarser."
"""What to do about a mesh that is too large."""


def check_frames(fps: float, frames: int | None, seconds: float, start_time: float = 0.0) -> None:
    """Refuse a frame rate or a number of frames that cannot be animated.

    Args:
        fps: frames a second.
        frames: how many, or None for as many as the speech has.
        seconds: of speech.
        start_time: seconds of the speech at the first frame.

    Raises:
        MMTalkerError: ``BAD_REQUEST``.
    """
    if not 0.0 < fps <= MOST_FPS:
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"{fps:g} frames a second cannot be animated. Choose a rate above 0, of at most {MOST_FPS:g}.",
        )
    count = fps * (seconds - start_time) if frames is None else frames
    if (frames is not None and frames < 1) or count > MOST_FRAMES:
        number = f"{count:,.0f}" if count < 1e15 else f"{float(min(count, 10**300)):.3g}"
        raise MMTalkerError(
            ErrorCode.BAD_REQUEST,
            f"{number} frames cannot be animated. Choose 1 to {MOST_FRAMES:,}: a shorter part of the "
            "recording, or a lower frame rate.",
        )
