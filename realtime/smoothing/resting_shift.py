"""What a person's resting face changes in the answers to their other faces."""

from __future__ import annotations

import numpy as np

from models.manifest import EMOTIONS, BaselineSpec
from realtime.core.types import FloatArray
from realtime.inference.fusion import centred_log, softmax

_NEUTRAL = EMOTIONS.index("neutral")
# At rest neutral is to lead every other emotion by this much in log-probability: two to one.
_LEAD = float(np.log(2.0))
# A face that needs more than this is not at rest; the shift must not suppress a clear emotion.
_LARGEST = 2.5


def resting_shift(rest: FloatArray, spec: BaselineSpec | None) -> FloatArray:
    """Return what to add to the log-probabilities of a person whose resting face is known.

    It goes both ways: who reads less neutral at rest than others do, becomes more neutral, and who reads very clearly
    neutral shows the slightest sadness or anger. Where the resting face itself would still be called something else,
    that emotion is lowered until neutral leads by two to one.

    Args:
        rest: `(..., 6) float32`, mean centered log-probabilities at rest (`realtime.inference.fusion.centred_log`).
        spec: the population's numbers; with `None` only that last rule holds.

    Returns:
        `(..., 6) float32`, each within 2.5.
    """
    shift = np.zeros_like(rest)
    if spec is not None:
        shift = np.float32(spec.gain) * (np.asarray(spec.rest, np.float32) - rest)
        shift[..., _NEUTRAL] += np.float32(spec.neutral_step)
        shift = shift.clip(-_LARGEST, _LARGEST)
    seen = rest + shift
    lowered = np.minimum(0.0, seen[..., _NEUTRAL, None] - _LEAD - seen)
    lowered[..., _NEUTRAL] = 0.0
    return np.asarray((shift + lowered).clip(-_LARGEST, _LARGEST), np.float32)


def shifted(raw: FloatArray, shift: FloatArray) -> FloatArray:
    """Return probabilities, `(..., 6) float32`, with `shift` added to their logarithms."""
    return softmax(centred_log(raw) + shift)
