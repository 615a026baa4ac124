"""How loud a voice is taken for, and whether there is one."""

from __future__ import annotations

import numpy as np
import pytest

from mmtalker.motion.silence import NOISE_DB, QUIET_DB, has_voice, speech_gain

RATE = 50.0


def clip(loud: float, quiet: float = -95.0, spoken: int = 200) -> np.ndarray:
    """Ten seconds, of which ``spoken`` frames are at ``loud`` dB."""
    level = np.full(500, quiet, dtype=np.float32)
    level[100 : 100 + spoken] = loud
    return level


@pytest.mark.parametrize("loud", [-20.0, -34.0, QUIET_DB])
def test_a_usual_voice_is_not_raised_at_all(loud):
    assert speech_gain(clip(loud), RATE) == 0.0


@pytest.mark.parametrize("loud", [-50.0, -60.0, -72.0])
@pytest.mark.parametrize("spoken", [20, 400])
def test_a_quiet_voice_is_raised_however_much_silence_lies_around_it(loud, spoken):
    assert speech_gain(clip(loud, spoken=spoken), RATE) == pytest.approx(QUIET_DB - loud)


@pytest.mark.parametrize("loud", [-120.0, -90.0, NOISE_DB])
def test_noise_of_the_recorder_is_not_raised(loud):
    assert speech_gain(clip(loud), RATE) == 0.0


def test_a_click_does_not_make_a_quiet_voice_loud():
    level = clip(-60.0)
    level[480:483] = -3.0
    assert speech_gain(level, RATE) == pytest.approx(QUIET_DB + 60.0)


def test_nothing_is_raised_where_there_is_nothing():
    assert speech_gain(np.empty(0, np.float32), RATE) == 0.0


@pytest.mark.parametrize(("frames", "heard"), [(0, False), (3, False), (25, True)])
def test_a_voice_is_heard_unless_it_is_a_click(frames, heard):
    voice = np.zeros(500, dtype=np.float32)
    voice[200 : 200 + frames] = 0.9
    assert has_voice(voice, np.full(500, -30.0, np.float32), RATE) is heard
