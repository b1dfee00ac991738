"""Formats durations for display."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a length of time in words: "less than a second", "8 s", "2 min 05 s", "1 h 04 min"."""
    if seconds < 1:
        return "less than a second"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"
