"""Running estimate of what one person's face shows at rest, learned without asking."""

from __future__ import annotations

import numpy as np

from models.manifest import EMOTIONS, BaselineSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import centred_log
from realtime.smoothing.resting_shift import resting_shift

_NEUTRAL = EMOTIONS.index("neutral")
# A frame counts by its probability of neutral to this power: at one percent, ten seconds of laughter are worth a
# millisecond of rest.
_POWER = 2
# So many seconds of rest are worth as much as the population's rest. With ten, simulated people gain half a point
# more, and one in a hundred neutral frames more is called sad or angry.
_PRIOR_S = 20.0
# The estimate is a mean over the last seconds of rest; slow, since people's faces at rest do not change.
_MEMORY_S = 60.0
_QUICKEST_S = 3.0
# Beyond this a frame's difference counts no more (Huber 1964): what differs more is no rest.
_LARGEST_DIFFERENCE = 2.0
_LONGEST_FRAME_S = 0.25


class RestEstimator:
    """Robust mean of one track's answers where they can be rest, shrunk towards the population's.

    People rest most of the time, but not always, and not at first of all. So a frame counts by how neutral it is before
    any shift; the population's rest counts as twenty seconds; and no emotion is pushed further than a known rest would.

    Args:
        spec: the population's numbers.
    """

    def __init__(self, spec: BaselineSpec) -> None:
        self._spec = spec
        self._mean = np.asarray(spec.rest, np.float32)
        self._seconds = 0.0

    @property
    def known_share(self) -> float:
        """How far the rest is known: 0 at first, a half after twenty seconds of rest, 0.75 at most."""
        return self._seconds / (self._seconds + _PRIOR_S)

    @property
    def shift(self) -> FloatArray:
        """What to add to the person's log-probabilities now, `(6,) float32`."""
        return np.asarray(np.float32(self.known_share) * resting_shift(self._mean, self._spec), np.float32)

    def observe(self, raw: FloatArray, trust: float, elapsed_s: float) -> None:
        """Take one more frame.

        Args:
            raw: `(6,) float32`, the fused answer before any shift.
            trust: `float` in [0, 1], its reliability.
            elapsed_s: `float`, since the frame before it.
        """
        weight_s = min(max(elapsed_s, 0.0), _LONGEST_FRAME_S) * trust * float(raw[_NEUTRAL]) ** _POWER
        self._seconds = min(self._seconds + weight_s, _MEMORY_S)
        difference = (centred_log(raw) - self._mean).clip(-_LARGEST_DIFFERENCE, _LARGEST_DIFFERENCE)
        self._mean = self._mean + np.float32(weight_s / max(self._seconds, _QUICKEST_S)) * difference
