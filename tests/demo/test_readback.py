"""What is said of an exported file that does not hold the speech."""

from __future__ import annotations

import numpy as np

from demo.readback import Found, faults

NAMES = ("jawOpen", "mouthClose")
VALUES = np.array([[0.0, 0.0], [0.5, 0.1], [1.0, 0.0]], dtype=np.float32)


def test_a_file_that_holds_everything_has_no_faults_whatever_the_order():
    found = Found("reader", ("mouthClose", "other", "jawOpen"), VALUES[:, [1, 0, 0]], 2.0)
    assert faults(found, NAMES, VALUES, 2.0) == []


def test_lost_names_lost_time_and_thinned_curves_are_told():
    assert "1 of 2 shape keys are missing, mouthClose first" in faults(
        Found("reader", ("jawOpen",), VALUES[:, :1], 2.0), NAMES, VALUES, 2.0
    )
    short = Found("reader", NAMES, VALUES, 1.0)
    assert faults(short, NAMES, VALUES, 2.0) == ["the animation lasts 1.00 s and not 2.00 s"]
    thinned = Found("reader", NAMES, VALUES * np.float32(0.9), 2.0)
    assert faults(thinned, NAMES, VALUES, 2.0) == ["jawOpen is off by up to 0.100"]
