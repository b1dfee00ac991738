"""Checks of output paths before a run (suffix, folder, overwriting), and atomic writes."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Collection
from pathlib import Path

from realtime.core.errors import ConfigError, RecordError


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
    if not path.parent.is_dir():
        raise RecordError(f"{start}there is no folder {path.parent}; create it, or give another one")
    if path.is_dir():
        raise RecordError(f"{start}that is a folder; give the name of a file")
    if path.exists() and not overwrite:
        raise RecordError(f"{start}it exists already; add --overwrite to replace it, or give another name")
    if not os.access(path.parent, os.W_OK):
        raise RecordError(f"{start}its folder is not writable; give another one")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a full disk leaves what was there before. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def free_name(suffix: str) -> Path:
    """Return a name with the present time that no file has: keys are pressed more than once a second."""
    stem = time.strftime("emotion-live-%Y%m%d-%H%M%S")
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for name in names if not (path := Path(name + suffix)).exists())
