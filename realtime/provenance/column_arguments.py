"""Command-line options for what outputs say beyond a run's own facts: constant columns, persons, the folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from realtime.core.persons.person_edits import PersonEdits

_HELP = "A column of the table with one value, as a condition of an experiment; any number of times."
_PERSONS = (
    "A CSV (track,person,from_s,to_s,exclude) that says who is who in table, report and summary, and what is left out."
)


def column_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a click command; it gets `columns`, name -> value, `full_paths`, `bool`, and `persons`.

    `persons` is a path, which `persons_option` reads.
    """
    paths = click.option("--full-paths", is_flag=True, help="Tell the source's folder in metadata, too.")
    columns = click.option("--column", "columns", metavar="NAME=VALUE", multiple=True, callback=_columns, help=_HELP)
    persons = click.option("--persons", type=click.Path(dir_okay=False, path_type=Path), help=_PERSONS)
    return columns(persons(paths(command)))


def persons_option(path: Path | None) -> PersonEdits:
    """Return the list of persons of an option, an empty one where it is not given. Raises ConfigError."""
    from realtime.core.persons.person_edits import NO_EDITS
    from realtime.core.persons.person_file import read_persons

    return NO_EDITS if path is None else read_persons(path)


def _columns(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name or name in columns:
            raise click.BadParameter(f"needed is NAME=VALUE, each name once; received {one!r}")
        columns[name] = value
    return columns
