"""Curves as the csv of the Live Link Face app, which Unreal Engine and most face tools import.

One row a frame: ``Timecode,BlendShapeCount``, the 52 ARKit shapes with a capital first letter, then nine
rotations of head and eyes in radians. A time code is ``HH:MM:SS:FF.fff`` where FF counts sixtieths of
a second whatever the rate of the rows: so Unreal's own importer reads it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmtalker.io.atomic import replacing
from mmtalker.io.inputs import bad_file, read_bytes
from mmtalker.motion.arkit import ARKIT_NAMES

if TYPE_CHECKING:
    from mmtalker.animation import Animation

Float32 = NDArray[np.float32]

ROTATION_NAMES = (
    "HeadYaw",
    "HeadPitch",
    "HeadRoll",
    "LeftEyeYaw",
    "LeftEyePitch",
    "LeftEyeRoll",
    "RightEyeYaw",
    "RightEyePitch",
    "RightEyeRoll",
)
_LEADING = ("Timecode", "BlendShapeCount")
_TIMECODE_RATE = 60


@dataclass(frozen=True)
class Take:
    """Curves of one recording.

    Attributes:
        names: K columns; those of ARKit in its own spelling (``jawOpen``), others as in the file.
        curves: (T, K) values.
        times: (T,) seconds, as the time codes say.
    """

    names: tuple[str, ...]
    curves: Float32
    times: NDArray[np.float64]


def write_live_link(animation: Animation, path: Path) -> None:
    """Write the 52 ARKit curves of ``animation``.

    Channels that the format has no column for are left out, head and eyes do not rotate (the eyes' movement
    is in the eyeLook shapes), and a start before the audio's own becomes time code zero.
    """
    column_of = {name: index for index, name in enumerate(animation.names)}
    count = len(ARKIT_NAMES) + len(ROTATION_NAMES)
    written = [(target, column_of[name]) for target, name in enumerate(ARKIT_NAMES) if name in column_of]
    targets, columns = (list(side) for side in zip(*written, strict=True)) if written else ([], [])
    first = max(animation.start_time, 0.0)
    values = np.zeros(count, dtype=np.float64)
    # Row by row: the text of an hour is not held in memory.
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*_LEADING, *(name[0].upper() + name[1:] for name in ARKIT_NAMES), *ROTATION_NAMES])
        for index, curves in enumerate(animation.curves):
            values[targets] = curves[columns]
            code = timecode(first + index / animation.fps)
            writer.writerow([code, count, *(f"{value:.6f}" for value in values)])


def timecode(seconds: float) -> str:
    """``HH:MM:SS:FF.fff`` with FF in sixtieths of a second, to the nearest thousandth of one."""
    thousandths = round(seconds * _TIMECODE_RATE * 1000)
    whole, part = divmod(thousandths, _TIMECODE_RATE * 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{part / 1000:06.3f}"


def read_live_link(path: Path) -> Take:
    """Read a csv of the app or of :func:`write_live_link`; columns are found by name, in any order.

    Raises:
        MMTalkerError: ``FILE_FORMAT``, naming the line.
    """
    rows = csv.reader(io.StringIO(read_bytes(path).decode("utf-8-sig", errors="replace"), newline=""))
    try:
        header = [cell.strip() for cell in next(rows)]
        if [cell.lower() for cell in header[:2]] != [name.lower() for name in _LEADING]:
            raise bad_file(str(path), "its first two columns are not Timecode and BlendShapeCount")
        times: list[float] = []
        values: list[list[float]] = []
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise bad_file(
                    str(path), f"line {rows.line_num} has {len(row)} columns and not {len(header)}"
                )
            times.append(_seconds(row[0]))
            values.append([float(cell or 0.0) for cell in row[2:]])
    except (ValueError, csv.Error) as error:
        raise bad_file(str(path), f"line {rows.line_num} is not a time code and numbers") from error
    spelling = {name.lower(): name for name in ARKIT_NAMES}
    names = tuple(spelling.get(cell.lower(), cell) for cell in header[2:])
    curves = np.array(values, dtype=np.float32).reshape(len(times), len(names))
    return Take(names, curves, np.array(times, dtype=np.float64))


def _seconds(code: str) -> float:
    hours, minutes, seconds, frames = code.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(frames) / _TIMECODE_RATE
