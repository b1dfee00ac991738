"""Timeline of the demo clip: its segments, and the motion and light over time."""

from __future__ import annotations

import math

from demo.expressions import EXPRESSIONS, Expression, between

FPS = 30
DURATION_S = 12.0
FRAME_COUNT = round(DURATION_S * FPS)
SEGMENTS: tuple[tuple[str, float, float], ...] = (
    ("happiness", 0.0, 2.0),
    ("neutral", 2.0, 5.0),
    ("surprise", 5.0, 7.5),
    ("neutral", 7.5, 10.0),
    ("happiness", 10.0, 12.0),
)
"""(emotion, first second, last second); each begins with a transition of `TRANSITION_S` from the one before."""

TRANSITION_S = 0.5
_BLINKS_S = (1.2, 4.2, 9.1)
_BLINK_HALF_S = 0.13


def expression_at(time_s: float) -> Expression:
    """Return what the face does `time_s` seconds into the clip.

    Raises:
        ValueError: the clip has ended by then.
    """
    before = SEGMENTS[0][0]
    for name, start_s, end_s in SEGMENTS:
        if time_s < end_s:
            share = ease((time_s - start_s) / TRANSITION_S)
            return between(EXPRESSIONS[before], EXPRESSIONS[name], share)
        before = name
    raise ValueError(f"the clip lasts {DURATION_S} s; received {time_s} s; ask for an earlier time")


def blink_at(time_s: float) -> float:
    """Return how far the eyes are shut by a blink, 0 to 1."""
    return max(ease(1 - abs(time_s - blink_s) / _BLINK_HALF_S) for blink_s in _BLINKS_S)


def ease(share: float) -> float:
    """Return a share of 0 to 1 with a slow beginning and end; what lies outside is cut."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def sway(time_s: float, period_s: float, phase: float = 0.0) -> float:
    """Return a slow, not quite regular motion in -1 to 1."""
    turn = 2 * math.pi * time_s / period_s + phase
    return 0.75 * math.sin(turn) + 0.25 * math.sin(2.3 * turn + 1.0)
