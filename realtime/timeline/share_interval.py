"""95 % intervals of how much of the time a face showed each label, though neighboring frames resemble each other.

Frames are no independent observations: a smile of two seconds is one smile and not sixty. So the time seen counts for
as many independent moments as its autocorrelation leaves of it, the effective sample size (Bayley and Hammersley 1946).
The autocorrelation is summed up to where it is no more than noise (initial positive sequence, Geyer 1992). No more
moments are counted than there are spells of one label, which keeps the intervals of short videos wide enough. With that
size the interval is Wilson's (1927), which stays within 0 and 1, and is not empty where a label was never shown.

It answers how far the shares could be off if the same person had been filmed for as long at another time in the same
situation. That the program may misread faces is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from realtime.timeline.timeline import Sums

_Z = 1.96
_Floats = npt.NDArray[np.float64]


def share_intervals(bins: Mapping[int, Sums]) -> _Floats:
    """Return the 95 % interval of each label's share of the time seen, `(L, 2)`: low and high, each 0 to 1.

    Args:
        bins: number -> sums, as `realtime.timeline.timeline.Person.bins` has them; one or more.
    """
    seconds = np.array([bins[number].label_s for number in sorted(bins)])
    shares = seconds.sum(axis=0) / max(float(seconds.sum()), 1e-9)
    shown = seconds / np.maximum(seconds.sum(axis=1, keepdims=True), 1e-9)
    return wilson_interval(shares, effective_count(shown))


def effective_count(shown: _Floats) -> float:
    """Return for how many independent moments a series counts, 1 or more.

    Args:
        shown: `(T, L)`, which part of each time step each label was shown.
    """
    steps = len(shown)
    moved = shown - shown.mean(axis=0)
    variance = float((moved**2).sum())
    if steps < 2 or variance < 1e-9:
        return 1.0
    # All labels together, the autocovariance by way of the Fourier transform, padded so that the ends do not meet.
    spectrum = np.abs(np.fft.rfft(moved, 2 * steps, axis=0)) ** 2
    correlation = np.fft.irfft(spectrum, 2 * steps, axis=0)[:steps].sum(axis=1) / variance
    pairs = correlation[: steps // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    time_steps = max(1.0, 2 * float(pairs[: negative[0] if len(negative) else None].sum()) - 1)
    spells = 1 + int((np.diff(shown.argmax(axis=1)) != 0).sum())
    return max(1.0, min(steps / time_steps, float(spells)))


def wilson_interval(shares: _Floats, count: float) -> _Floats:
    """Return Wilson's 95 % interval, `(L, 2)`, of shares `(L,)` that were found in `count` independent moments."""
    middle = (shares + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * np.sqrt(shares * (1 - shares) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return np.stack([(middle - half).clip(0, 1), (middle + half).clip(0, 1)], axis=1)
