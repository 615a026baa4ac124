"""What phones demand of every mouth: lips that meet, a lower lip at the teeth, and lips apart elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from lab.phonetics.demands import gap_mm, lay_demands
from lab.phonetics.phone_speech import Phone
from mmtalker.motion.arkit import ARKIT_INDEX

JAW, ROLL = (ARKIT_INDEX[name] for name in ("jawOpen", "mouthRollLower"))


def said(names: str, each: float = 0.12, pause: float = 0.5) -> tuple[Phone, ...]:
    """Phones of equal length between two pauses."""
    phones = [Phone("sil", 0.0, pause)]
    for name in names.split():
        phones.append(Phone(name, phones[-1].end, phones[-1].end + each))
    return (*phones, Phone("sil", phones[-1].end, phones[-1].end + pause))


def frame_times(phones: tuple[Phone, ...]) -> np.ndarray:
    return np.arange(round(phones[-1].end * 50)) / 50


def while_saying(name: str, phones: tuple[Phone, ...]) -> np.ndarray:
    times = frame_times(phones)
    return np.any([(times >= p.start) & (times < p.end) for p in phones if p.name == name], axis=0)


def open_mouth(phones: tuple[Phone, ...], jaw: float = 0.2) -> np.ndarray:
    curves = np.zeros((len(frame_times(phones)), 52), dtype=np.float32)
    curves[:, JAW] = jaw
    return curves


@pytest.mark.parametrize("name", ["m", "p", "b", "pʰ", "m̩"])
@pytest.mark.parametrize("each", [0.05, 0.08, 0.15])
def test_lips_meet_at_bilabials_however_fast(name: str, each: float) -> None:
    phones = said(f"a {name} a {name} i {name} ɛ", each)

    gap = lay_demands(open_mouth(phones), phones) @ gap_mm()

    for phone in phones:
        if phone.name == name:
            during = (frame_times(phones) >= phone.start - 0.02) & (frame_times(phones) <= phone.end + 0.02)
            assert gap[during].min() < 0.1
    assert gap[while_saying("a", phones)].max() > 1.5


def test_lips_never_pass_through_each_other() -> None:
    rng = np.random.default_rng(3)
    phones = said("a p u m f o w b i", each=0.1)
    wild = rng.random((len(frame_times(phones)), 52)).astype(np.float32) * 0.6

    gap = lay_demands(wild, phones) @ gap_mm()

    assert gap.min() > -0.55


def test_sounds_that_are_not_bilabial_leave_the_lips_apart() -> None:
    phones = said("u w u t u f ʃ u", each=0.15)

    gap = lay_demands(open_mouth(phones, 0.0), phones) @ gap_mm()

    for phone in phones[1:-1]:
        assert gap[while_saying(phone.name, phones)].min() > 1.0


def test_the_lower_lip_goes_to_the_teeth_at_labiodentals() -> None:
    phones = said("a f a v a", each=0.12)
    curves = lay_demands(open_mouth(phones), phones)

    for name in "fv":
        at = while_saying(name, phones)
        assert curves[at, ROLL].max() > 0.5
        assert (curves @ gap_mm())[at].min() > 0.5
    assert curves[round(50 * 0.8), ROLL] < 0.2


def test_affricates_of_a_bilabial_close_and_then_bite() -> None:
    phones = said("a pf a", each=0.2)
    curves = lay_demands(open_mouth(phones), phones)
    first, second = round(50 * 0.74), round(50 * 0.86)

    assert (curves @ gap_mm())[first] < 0.1
    assert curves[second, ROLL] > 0.5


def test_pauses_stay_as_they_are() -> None:
    phones = said("a t a")
    curves = open_mouth(phones)

    demanded = lay_demands(curves, phones)

    assert demanded[:10] == pytest.approx(curves[:10])
    assert demanded[-10:] == pytest.approx(curves[-10:])
