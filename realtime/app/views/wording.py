"""Times and amounts in words, as the window writes them."""

from __future__ import annotations


def clock(seconds: float, step_s: float = 1.0) -> str:
    """Return a time as "1:05", "1:02:03", or with tenths, "0:12.5", where steps are shorter than a second."""
    tenths = round(seconds * 10) if step_s < 1 else int(seconds + 1e-6) * 10
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{whole}:{rest // 10:02d}" + (f".{rest % 10}" if step_s < 1 else "")


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
