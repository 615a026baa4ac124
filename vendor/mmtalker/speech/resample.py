"""Changing the sampling rate of a stream, block by block, exactly as if it were done in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

Float32 = NDArray[np.float32]

_BLOCK = 1 << 18  # input samples
_LARGEST_FACTOR = 10_000
"""Above this a ratio is rounded: all rates in use are exact, and an odd one drifts under 0.1 ms an hour."""


def resample_blocks(blocks: Iterable[Float32], rate_in: int, rate_out: int) -> Iterator[Float32]:
    """Resample mono ``blocks`` from ``rate_in`` to ``rate_out``; sample 0 stays at time 0.

    The result, joined, is what ``scipy.signal.resample_poly`` gives for the joined input (its default
    Kaiser filter, silence beyond both ends), while only one block is in memory.
    """
    ratio = Fraction(rate_out, rate_in).limit_denominator(_LARGEST_FACTOR)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        yield from blocks
        return
    half = 10 * max(up, down)  # of the filter, at the rate ``rate_in * up``
    filter_taps = firwin(2 * half + 1, 1.0 / max(up, down), window=("kaiser", 5.0)).astype(np.float32)

    # Multiples of ``down`` keep every block on the same output grid; the context covers half the filter.
    context = down * -(-(half // up + 1) // down)
    step = down * max(1, _BLOCK // down)
    pending = np.zeros(context, dtype=np.float32)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        pending = np.concatenate([pending, block])
        while len(pending) >= step + 2 * context:
            out = _middle(pending[: step + 2 * context], context, up, down, filter_taps)
            given += len(out)
            yield out
            pending = pending[step:]
    missing = -(-taken * up // down) - given
    tail = -(-len(pending) // down) * down + context
    rest = np.concatenate([pending, np.zeros(tail - len(pending), dtype=np.float32)])
    yield _middle(rest, context, up, down, filter_taps)[:missing]


def _middle(samples: Float32, context: int, up: int, down: int, filter_taps: Float32) -> Float32:
    """Resample ``samples`` and cut the context off both ends."""
    resampled = np.asarray(resample_poly(samples, up, down, window=filter_taps), dtype=np.float32)
    edge = context * up // down
    return resampled[edge : len(samples) * up // down - edge]
