from __future__ import annotations

import pytest

from realtime.timeline.time_format import format_clock


@pytest.mark.parametrize(
    ("seconds", "step_s", "text"),
    [
        (0, 1, "0:00"),
        (65.9, 1, "1:05"),
        (12.34, 0.1, "0:12.3"),
        (59.97, 0.1, "1:00.0"),
        (3723, 1, "1:02:03"),
        (3600.04, 0.5, "1:00:00.0"),
        (2.9999999, 1, "0:03"),
    ],
)
def test_times_are_written_as_a_clock_shows_them(seconds: float, step_s: float, text: str) -> None:
    assert format_clock(seconds, step_s) == text
