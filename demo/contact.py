"""Draws the contact sheet: the head every few hundred ms, the mouth at chosen sounds, voice and lip gap."""

# ruff: noqa: RUF001  (phonetic letters are meant as they stand)

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from demo.clip import CLOSED, SILENCE, Clip, Phone
from demo.measure import speech_level

Picture = NDArray[np.uint8]
Box = tuple[int, int, int, int]

WIDTH = 1600
MARGIN = 16
COLUMNS = 10
MOUTHS = 12
STRIP_HEIGHT = 250
PAPER, INK, FAINT = (250, 249, 246), (40, 42, 46), (150, 152, 156)
VOICE, GAP, SHUT = (120, 150, 190), (196, 78, 52), (226, 170, 90)
OPEN_VOWELS = ("ɑ", "aʊ", "oʊ", "aɪ", "eɪ", "u")


def draw_banner(
    stills: Sequence[Picture],
    moments: Sequence[float],
    times: NDArray[np.floating],
    gap: NDArray[np.floating],
    clip: Clip,
) -> Image.Image:
    """Draw a few large stills at ``moments`` seconds over the curves of ``draw_curves``."""
    words = [f"{shown(clip.phone_at(moment))}   {moment:.2f} s" for moment in moments]
    rows = [
        _title(f"“{clip.text}”"),
        _grid(list(zip(stills, words, strict=True)), len(stills)),
        draw_curves(times, gap, clip),
    ]
    return _stack(rows)


def draw_sheet(
    frames: Sequence[Picture], times: NDArray[np.floating], gap: NDArray[np.floating], clip: Clip, mouth: Box
) -> Image.Image:
    """Draw the sheet.

    Args:
        frames: (size, size, 3) pictures of the head.
        times: (T,) seconds of the frames.
        gap: (T,) lip gap in metres.
        clip: what is said.
        mouth: left, top, right and bottom of the mouth in the pictures.
    """
    every = pick_evenly(len(frames), 3 * COLUMNS)
    sounds = pick_sounds(clip.phones, MOUTHS)
    closest = [int(np.argmin(np.abs(times - moment))) for _, moment in sounds]
    heads = [(close_up(frames[i]), f"{times[i]:.2f} s  {shown(clip.phone_at(times[i]))}") for i in every]
    mouths = [
        (frames[i][mouth[1] : mouth[3], mouth[0] : mouth[2]], f"{name}  {times[i]:.2f} s")
        for i, (name, _) in zip(closest, sounds, strict=True)
    ]
    rows = [
        _title(f"“{clip.text}”"),
        _grid(heads, COLUMNS),
        _title("The mouth in the middle of closed sounds and of open or round vowels"),
        _grid(mouths, MOUTHS),
        _title("Voice (blue), lip gap (red), p b m (yellow)"),
        draw_curves(times, gap, clip),
    ]
    return _stack(rows)


def pick_evenly(count: int, wanted: int) -> list[int]:
    """Rows of ``wanted`` frames spread over ``count``, first and last included."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(wanted, count))})


def pick_sounds(phones: Sequence[Phone], wanted: int) -> list[tuple[str, float]]:
    """Names and middles of ``wanted`` phones, half of them closed and half of them open, in time's order."""
    half = wanted // 2
    closed = [p for p in phones if p.name in CLOSED]
    opened = sorted((p for p in phones if p.name in OPEN_VOWELS), key=lambda p: p.end - p.start, reverse=True)
    chosen = [closed[i] for i in pick_evenly(len(closed), half)] + opened[:half] if closed else opened[:half]
    return [(p.name, (p.start + p.end) / 2) for p in sorted(chosen, key=lambda p: p.start)]


def close_up(picture: Picture) -> Picture:
    """The face: a part of the picture, a little below its middle."""
    edge = len(picture) // 9
    return picture[edge + edge // 2 : -edge // 2, edge:-edge]


def shown(phone: str) -> str:
    """How a phone is written on the sheet."""
    return "·" if phone == SILENCE else phone


def draw_curves(times: NDArray[np.floating], gap: NDArray[np.floating], clip: Clip) -> Image.Image:
    """Draw the voice's waveform, the lip gap in millimetres over it, and the phones below."""
    strip = Image.new("RGB", (WIDTH, STRIP_HEIGHT), PAPER)
    pen = ImageDraw.Draw(strip)
    left, right, top, bottom = MARGIN + 34, WIDTH - MARGIN, 10, STRIP_HEIGHT - 44

    def across(seconds: float) -> float:
        return left + (right - left) * seconds / clip.seconds

    for phone in clip.phones:
        if phone.name in CLOSED:
            pen.rectangle((across(phone.start), top, across(phone.end), bottom), SHUT)
    middle, tall = (top + bottom) / 2, (bottom - top) / 2
    moments = np.linspace(0, clip.seconds, right - left)
    level = speech_level(clip, moments, window=0.012)
    for x, height in enumerate(level / max(float(level.max()), 1e-9) * tall):
        pen.line((left + x, middle - height, left + x, middle + height), fill=VOICE)
    _draw_gap(pen, across, times, gap, top, bottom)
    small = _font(13)
    for index, phone in enumerate(p for p in clip.phones if p.name != SILENCE):
        centre = across((phone.start + phone.end) / 2)
        pen.text((centre, bottom + 9 + 15 * (index % 2)), phone.name, INK, small, anchor="mm")
    for second in range(int(clip.seconds) + 1):
        pen.text((across(second), STRIP_HEIGHT - 7), f"{second} s", FAINT, _font(11), anchor="mm")
    return strip


def _draw_gap(
    pen: ImageDraw.ImageDraw,
    across: Callable[[float], float],
    times: NDArray[np.floating],
    gap: NDArray[np.floating],
    top: int,
    bottom: int,
) -> None:
    most = max(float(gap.max()), 1e-6)

    def up(value: float) -> float:
        return bottom - 2 - (bottom - top - 6) * value / most

    line = [(across(t), up(g)) for t, g in zip(times.tolist(), gap.tolist(), strict=True)]
    pen.line(line, fill=GAP, width=3, joint="curve")
    for value in (0.0, most):
        pen.text((MARGIN + 28, up(value)), f"{value * 1000:.0f} mm", GAP, _font(11), anchor="rm")


def _stack(rows: Sequence[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (WIDTH, sum(row.height for row in rows) + MARGIN), PAPER)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet


def _grid(pictures: Sequence[tuple[Picture, str]], columns: int) -> Image.Image:
    side = (WIDTH - MARGIN) // columns - MARGIN // 2
    height = max(round(side * picture.shape[0] / picture.shape[1]) for picture, _ in pictures)
    rows = -(-len(pictures) // columns)
    grid = Image.new("RGB", (WIDTH, rows * (height + 24)), PAPER)
    pen = ImageDraw.Draw(grid)
    for index, (picture, words) in enumerate(pictures):
        x = MARGIN + index % columns * (side + MARGIN // 2)
        y = index // columns * (height + 24)
        grid.paste(Image.fromarray(picture).resize((side, height), Image.Resampling.LANCZOS), (x, y))
        pen.text((x + side / 2, y + height + 11), words, INK, _font(14), anchor="mm")
    return grid


def _title(words: str) -> Image.Image:
    title = Image.new("RGB", (WIDTH, 40), PAPER)
    ImageDraw.Draw(title).text((MARGIN, 22), words, INK, _font(17), anchor="lm")
    return title


def _font(size: int) -> ImageFont.FreeTypeFont:
    # DejaVu has the phonetic letters, and matplotlib brings it to every system.
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)
