"""How many examples the fuzz tests draw: few and always the same ones, or as many as EMOTION_FUZZ_EXAMPLES says."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from models.errors import EmotionLiveError

_EXAMPLES = os.environ.get("EMOTION_FUZZ_EXAMPLES", "")

FUZZ = settings(
    max_examples=int(_EXAMPLES or 60),
    derandomize=not _EXAMPLES,
    database=None,
    deadline=None,
    # A test's folder is used again for each example, which writes its file anew.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def in_one_line(error: EmotionLiveError, secret: str = "") -> None:
    """Check that an error is one line, and does not show a secret of four characters or more."""
    assert "\n" not in str(error)
    assert "\r" not in str(error)
    assert len(secret) < 4 or secret not in str(error)
