"""Clock formats of media times."""

from __future__ import annotations


def format_clock(seconds: float, step_s: float = 1.0) -> str:
    """Return a time as "1:05" or "1:02:03", or with tenths, "0:12.5", where steps are shorter than a second.

    Args:
        seconds: `float`, 0 or more; cut to whole seconds, or rounded to tenths.
        step_s: `float`, in seconds, the smallest difference that is to be seen.
    """
    tenths = round(seconds * 10) if step_s < 1 else int(seconds + 1e-6) * 10
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{whole}:{rest // 10:02d}" + (f".{rest % 10}" if step_s < 1 else "")
