"""Options, error handling and choice of a command, shared by all commands."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from models.console import ending_signals, hold_standard_streams, say
from models.errors import EmotionLiveError

_SHARE = click.FloatRange(0, 0.9)


def _to_train() -> str:
    if sys.version_info >= (3, 14):
        return "TensorFlow has no wheel for Python 3.14 yet: set up with `make PYTHON=python3.13 setup-train`"
    return "run `make setup-train` first"


def split_shares(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for the sizes of splits that the table does not give."""
    val = click.option("--val-share", type=_SHARE, default=0.1, show_default=True, help="Where no split is given.")
    test = click.option("--test-share", type=_SHARE, default=0.1, show_default=True, help="Likewise.")
    return val(test(command))


class CommandByFirstWord(click.Command):
    """A command that takes an argument of its own, unless its first word is the name of another command.

    A file of that name is given as "./NAME".

    Args:
        others: name -> module whose `main` is the other command; it is imported only then.
    """

    def __init__(self, *args: Any, others: Mapping[str, str], **how: Any) -> None:
        super().__init__(*args, **how)
        self._others = others

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, whose examples call the program as it was called."""
        text, name = super().get_help(ctx), ctx.find_root().info_name or ""
        # Installed, it has a name of its own; as a file it is called as the examples have it.
        return text.replace("python run_live.py", name) if name.startswith("emotion-live") else text

    def main(self, *given: Any, **how: Any) -> Any:
        """Run the command, or the other one."""
        asked = given[0] if given else how.pop("args", None)
        words = list(sys.argv[1:] if asked is None else asked)
        if not words or words[0] not in self._others:
            # As it was given: on Windows click expands the words of the command line itself, where no shell does.
            return super().main(asked, *given[1:], **how)
        other: click.Command = importlib.import_module(self._others[words[0]]).main
        name = how.pop("prog_name", None) or Path(sys.argv[0]).name
        return other.main(words[1:], prog_name=f"{name} {words[0]}", **how)


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
            say(f"error: {error.name or error} is not installed; {_to_train()}", err=True)
            sys.exit(1)
        except OSError as error:
            say(f"error: {error.filename or 'a file'} cannot be used: {error.strerror or error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            say("stopped; files that were finished are kept, all others are as they were", err=True)
            sys.exit(130)

    return wrapped
