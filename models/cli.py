"""Options and error handling shared by the commands of `models` and `export`."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from models.console import ending_signals, hold_standard_streams, say
from models.errors import EmotionLiveError

MOST_WORKERS = 64
_SHARE = click.FloatRange(0, 0.9)


def split_shares(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for the sizes of splits that the table does not give."""
    val = click.option("--val-share", type=_SHARE, default=0.1, show_default=True, help="Where no split is given.")
    test = click.option("--test-share", type=_SHARE, default=0.1, show_default=True, help="Likewise.")
    return val(test(command))


def usable_cores() -> int:
    """Return how many cores this process may use, at most 64: under taskset fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, MOST_WORKERS))


P = ParamSpec("P")
T = TypeVar("T")


def fail_in_one_line(command: Callable[P, T]) -> Callable[P, T]:
    """Turn an error that is meant for the user into one line and exit code 1."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        hold_standard_streams()
        try:
            with ending_signals():
                return command(*args, **kwargs)
        except EmotionLiveError as error:
            say(f"error: {error}", err=True)
            sys.exit(1)
        except ImportError as error:
            say(f"error: {error.name or error} is not installed; run `make setup-train` first", err=True)
            sys.exit(1)
        except OSError as error:
            say(f"error: {error.filename or 'a file'} cannot be used: {error.strerror or error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            say("stopped; files that were finished are kept, all others are as they were", err=True)
            sys.exit(130)

    return wrapped
