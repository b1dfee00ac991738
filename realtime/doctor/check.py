"""Result of one check, and the guard that turns any exception into a result."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime.core.errors import EmotionLiveError

REINSTALL = "run `make setup`, or install emotion-live, again"
"""What to do where a part of the install is missing or broken."""


class Status(enum.Enum):
    """How a check ended: fine, something that is not available here, or a problem that must be fixed."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor.

    Attributes:
        name: what was looked at.
        status: how it ended.
        found: `str`, one line.
        todo: `str`, what to do; "" where nothing is.
        facts: the same in figures, fit for JSON.
    """

    name: str
    status: Status
    found: str
    todo: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """Return a check's result; any exception becomes a problem under the check's name."""
    try:
        return check()
    except EmotionLiveError as error:
        return refused(name, error)
    except Exception as error:  # The diagnosis must survive whatever it finds.
        found = without_home(f"{type(error).__name__}: {error}")
        return Check(name, Status.PROBLEM, found, f"{REINSTALL}; if it stays, report this line")


def refused(name: str, error: EmotionLiveError, facts: Mapping[str, Any] | None = None) -> Check:
    """Return an error as a check: its message ends with the next step."""
    found, _, todo = without_home(str(error)).rpartition("; ")
    return Check(name, Status.PROBLEM, found or todo, todo if found else "", facts or {})


def without_home(text: str) -> str:
    """Return the text without the user's name: people paste it into issues."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
