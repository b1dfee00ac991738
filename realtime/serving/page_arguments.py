"""Command-line options of the live page, and the places that its token can come from."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from realtime.core.errors import ConfigError

if TYPE_CHECKING:
    from realtime.core.sink import SinkOptions

_Command = TypeVar("_Command", bound=Callable[..., Any])

_MADE = "auto"
_ASKED = "-"
_MAX_CHARACTERS = 4096
_FILE = click.Path(dir_okay=False, path_type=Path)
_TOKEN_HELP = (
    "Let other machines see the page, with this word only. auto: one is made and shown; -: asked for. "
    "Others can read a word that stands here; EMOTION_LIVE_SERVE_TOKEN and --serve-token-file are private."
)


def _of_a_page(context: click.Context, parameter: click.Parameter, token: str | None) -> str | None:
    """Leave out a token that the environment has for all runs where this one serves no page."""
    ambient = context.get_parameter_source(str(parameter.name)) is ParameterSource.ENVIRONMENT
    return None if ambient and context.params.get("serve") is None else token


_OPTIONS = (
    # Eager: the token's callback asks for it.
    click.option("--serve", is_eager=True, metavar="HOST:PORT", help="Show the run in browsers, as on 127.0.0.1:8080."),
    click.option(
        "--serve-token",
        envvar="EMOTION_LIVE_SERVE_TOKEN",
        metavar="auto|-|TOKEN",
        callback=_of_a_page,
        help=_TOKEN_HELP,
    ),
    click.option("--serve-token-file", type=_FILE, help="The token is this file's first line."),
    click.option("--serve-cert", type=_FILE, help="Encrypt the page: certificate (PEM)."),
    click.option("--serve-key", type=_FILE, help="Private key of --serve-cert, if not in the same file."),
    click.option("--serve-proxy", is_flag=True, help="Behind a proxy on this machine: believe its X-Forwarded-For."),
)


def page_arguments(command: _Command) -> _Command:
    """Add the page's options to a click command; `page_outputs` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def page_outputs(
    serve: str | None,
    serve_token: str | None,
    serve_token_file: Path | None,
    serve_cert: Path | None,
    serve_key: Path | None,
    serve_proxy: bool,
) -> Iterator[SinkOptions]:
    """Yield the page's options where a page was asked for.

    Raises:
        ConfigError: an option that needs another one, or a token that cannot be read.
    """
    given = {
        "--serve-token": serve_token,
        "--serve-token-file": serve_token_file,
        "--serve-cert": serve_cert,
        "--serve-key": serve_key,
        "--serve-proxy": serve_proxy or None,
    }
    _check(serve, {name for name, value in given.items() if value is not None})
    if serve is None:
        return
    from realtime.serving.address import made_token
    from realtime.serving.page_sink import PageOptions

    made = serve_token == _MADE
    if made:
        serve_token = made_token()
    elif serve_token == _ASKED:
        serve_token = _asked()
    elif serve_token_file is not None:
        serve_token = _in_file(serve_token_file)
    yield PageOptions(serve, serve_token, serve_cert, serve_key, token_shown=made, behind_proxy=serve_proxy)


def _check(serve: str | None, given: set[str]) -> None:
    """Refuse options that need another one. Raises ConfigError."""
    if serve is None:
        for name in sorted(given):
            raise ConfigError(f"{name} is for a page; received none: add --serve HOST:PORT, or leave it out")
    if "--serve-key" in given and "--serve-cert" not in given:
        raise ConfigError("--serve-key is for a certificate; received none: add --serve-cert FILE, or leave it out")
    if {"--serve-token", "--serve-token-file"} <= given:
        raise ConfigError("a page has one token; received --serve-token (or its variable) and a file: leave one out")


def _asked() -> str:
    """Return the token that somebody types unseen, or that another program writes to standard input."""
    if sys.stdin is None:
        raise ConfigError("--serve-token - asks for the token; nobody can answer here: use --serve-token-file")
    if not sys.stdin.isatty():
        return sys.stdin.readline(_MAX_CHARACTERS).strip()
    try:
        return getpass.getpass("token of the page: ").strip()
    except EOFError:
        return ""


def _in_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(_MAX_CHARACTERS).strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"--serve-token-file must be a text file with the token in its first line; received {path}: {why.lower()}"
        ) from None
