"""From a strip of the sequencer, or a bare sound file, to the seconds of audio and the frames of keys.

Everything goes by time: a frame is ``fps_base / fps`` seconds, so 23.976 and 29.97 do not drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_EPSILON = 1e-6
"""Frames; what float arithmetic may add to a whole number of frames must not cost a key."""


@dataclass(frozen=True)
class StripFacts:
    """A sound strip as the sequencer has it; frames of the scene, which may be fractions.

    Attributes:
        content_start: frame at which the file's first sample would sound (``strip.frame_start``).
        final_start: first frame that the strip shows, after its trim (``frame_final_start``).
        final_end: frame after its last (``frame_final_end``).
        speed: seconds of the file for each second of the scene; 2 is twice as fast.
        sound_offset: seconds by which the sound itself is shifted to later within the strip.
    """

    content_start: float
    final_start: float
    final_end: float
    speed: float = 1.0
    sound_offset: float = 0.0


@dataclass(frozen=True)
class ClipTiming:
    """What to decode and where the keys go.

    Attributes:
        audio_start: seconds into the file where decoding starts.
        audio_duration: seconds to decode; None for the rest of the file.
        fps: samples of the curves per second of the file; the scene's rate where the speed is 1.
        first_frame: scene frame of the first key, a whole number.
        frames: number of keys, one a frame; None where only the file's length can tell.
        start_time: seconds of the first key after the first decoded sample; negative before it.
    """

    audio_start: float
    audio_duration: float | None
    fps: float
    first_frame: int
    frames: int | None
    start_time: float


def frame_rate(fps: float, fps_base: float) -> float:
    """Return frames per second, such as 24 / 1.001 = 23.976."""
    if not (fps > 0 and fps_base > 0 and math.isfinite(fps / fps_base)):
        raise ValueError(f"the scene's frame rate {fps} / {fps_base} is not a rate")
    return fps / fps_base


def strip_timing(strip: StripFacts, fps: float, fps_base: float = 1.0) -> ClipTiming:
    """Return the timing of a strip, however it is offset, trimmed or shifted by parts of a frame.

    Keys stand on whole frames: from the last at or before the strip's first sound to the first
    at or after its end, so that both ends lie within them.

    Raises:
        ValueError: the strip shows nothing, or its speed is not above 0.
    """
    rate = frame_rate(fps, fps_base)
    if not strip.speed > 0:
        raise ValueError(f"a strip's speed must be above 0, not {strip.speed}")
    origin = strip.content_start + strip.sound_offset * rate
    start, end = max(strip.final_start, origin), strip.final_end
    if end - start < _EPSILON:
        raise ValueError("the strip shows no part of its sound")
    seconds_per_frame = strip.speed / rate
    audio_start = (start - origin) * seconds_per_frame
    first_frame = math.floor(start + _EPSILON)
    return ClipTiming(
        audio_start=audio_start,
        audio_duration=(end - start) * seconds_per_frame,
        fps=rate / strip.speed,
        first_frame=first_frame,
        frames=math.ceil(end - _EPSILON) - first_frame + 1,
        start_time=(first_frame - start) * seconds_per_frame,
    )


def file_timing(start_frame: float, fps: float, fps_base: float = 1.0) -> ClipTiming:
    """Return the timing of a whole sound file that starts at a frame of the scene."""
    rate = frame_rate(fps, fps_base)
    first_frame = math.floor(start_frame + _EPSILON)
    return ClipTiming(0.0, None, rate, first_frame, None, (first_frame - start_frame) / rate)
