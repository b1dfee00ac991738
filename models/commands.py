"""What the commands of `models` and `export` share."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from models.errors import EmotionLiveError

P = ParamSpec("P")
T = TypeVar("T")


def fail_in_one_line(command: Callable[P, T]) -> Callable[P, T]:
    """Turn an error that is meant for the user into one line and exit code 1."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except EmotionLiveError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("stopped; what was finished is kept", err=True)
            sys.exit(130)

    return wrapped
