"""Checks of output paths before a run (suffix, folder, length, overwriting).

How a file is then written, beside its place and exclusively, is in `models.new_files`, for all writers of the project.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from models.new_files import place_of, take_place, write_whole
from realtime.core.errors import ConfigError, RecordError

__all__ = ["check_target", "free_name", "kept_note", "place_of", "take_place", "write_whole"]

# `-metadata.json`, `.part2-final`: what is written beside an output has a longer name than the output.
_ROOM_BYTES = 16
_USUAL_LIMIT_BYTES = 255


def check_target(path: Path, what: str, suffixes: Collection[str], *, overwrite: bool) -> None:
    """Validate an output path before any work is done for it.

    Args:
        path: the file to be.
        what: `str`, what it is to the user: "table", "report".
        suffixes: the suffixes that such a file may have, in lower case.
        overwrite: `bool`, an existing file may be replaced.

    Raises:
        ConfigError: another suffix.
        RecordError: the folder is missing or closed to us, or the file exists and may not be replaced.
    """
    if path.suffix.lower() not in suffixes:
        raise ConfigError(f"a {what} must end in {', '.join(suffixes)}; received {path.name}")
    start = f"cannot write the {what} {path}: "
    # `os.path`, not `Path`, whose methods raise for a name that is too long.
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise RecordError(f"{start}there is no folder {path.parent}; create it, or give another one")
    length, most = len(os.fsencode(path.name)), _longest_name_bytes(path.parent)
    if length > most:
        raise RecordError(f"{start}its name has {length} bytes and may have {most} here; give a shorter one")
    if path.is_dir():
        raise RecordError(f"{start}that is a folder; give the name of a file")
    if os.path.lexists(path) and not overwrite:
        raise RecordError(f"{start}it exists already; add --overwrite to replace it, or give another name")
    place = place_of(path)
    if place.exists() and not place.is_file():
        raise RecordError(f"{start}that is no ordinary file; give another name")
    if not place.parent.is_dir() or not os.access(place.parent, os.W_OK):
        raise RecordError(f"{start}its folder is not writable; give another one")


def kept_note(what: str, path: Path, place: Path, *, failed: bool) -> str:
    """Return the line that says why an output is not where it was to be.

    Args:
        what: `str`, what it is to the user: "table".
        path: where it was to be, and where another file is.
        place: where it is.
        failed: `bool`, whether the run failed, after which nothing is replaced.
    """
    why = "because the run failed" if failed else "because it appeared while this ran"
    return f"{path} is kept, {why}; the {what} is {place}"


def _longest_name_bytes(folder: Path) -> int:
    """Return how long an output's name may be in `folder`."""
    try:
        limit = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows has no such question.
        limit = _USUAL_LIMIT_BYTES
    return limit - _ROOM_BYTES


def free_name(suffix: str) -> Path:
    """Return a name with the present time that no file has: keys are pressed more than once a second."""
    stem = time.strftime("emotion-live-%Y%m%d-%H%M%S")
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for name in names if not os.path.lexists(path := Path(name + suffix)))


@contextlib.contextmanager
def owner_only() -> Iterator[None]:
    """Create files for their owner alone inside a `with` block: those of a run may show faces."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)
