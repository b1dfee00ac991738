"""Command-line options for what outputs say of a run beyond its own facts: constant columns, the source's folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_HELP = "A column of the table with one value, as a condition of an experiment; any number of times."


def column_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a click command; it gets `columns`, name -> value, and `full_paths`, `bool`."""
    paths = click.option("--full-paths", is_flag=True, help="Tell the source's folder in metadata, too.")
    columns = click.option("--column", "columns", metavar="NAME=VALUE", multiple=True, callback=_columns, help=_HELP)
    return columns(paths(command))


def _columns(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name or name in columns:
            raise click.BadParameter(f"needed is NAME=VALUE, each name once; received {one!r}")
        columns[name] = value
    return columns
