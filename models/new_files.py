"""How files come into being: beside their place, created exclusively, and moved there only when they are complete.

One rule for every writer of the project. `realtime.core.output_paths` adds what only the outputs of a run need.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from models.errors import ConfigError

_OPEN = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def create(path: Path) -> BinaryIO:
    """Create a file that is not there, and open it unbuffered. Raises FileExistsError, also for a link; OSError."""
    return os.fdopen(os.open(path, _OPEN, 0o666), "wb", buffering=0)


def create_first_free(paths: Iterable[Path]) -> tuple[Path, BinaryIO]:
    """Create the first of `paths` that is not there yet, as `create` does. Raises OSError."""
    taken = FileExistsError("no free name is left")
    for path in paths:
        try:
            return path, create(path)
        except FileExistsError as error:
            taken = error
    raise taken


def numbered(path: Path) -> Iterator[Path]:
    """Yield `NAME.csv`, `NAME-2.csv`, `NAME-3.csv` and so on."""
    yield path
    yield from (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))


def place_of(path: Path) -> Path:
    """Return the file that `path` stands for: where it is a link, what it points to, which need not exist."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def take_place(part: Path, path: Path, *, overwrite: bool) -> Path:
    """Move a complete file to its place, or to `NAME-2` if another one is there that may not be replaced.

    Args:
        part: the file, in the same folder.
        path: its place.
        overwrite: `bool`, whether what is there may be replaced.

    Returns:
        Where it is now.

    Raises:
        OSError: it cannot be moved; it is still in `part`.
    """
    if overwrite:
        part.replace(path)
        return path
    # An empty file of ours holds the name until the other one takes it: nobody else can get it in between.
    place, held = create_first_free(numbered(path))
    held.close()
    try:
        part.replace(place)
    except OSError:
        place.unlink(missing_ok=True)
        raise
    return place


def write_whole(path: Path, data: bytes, *, overwrite: bool = True) -> Path:
    """Write a file whole or not at all: a full disk leaves what was there before.

    Args:
        path: the file.
        data: what is in it.
        overwrite: `bool`, whether an existing file may be replaced; else the new one is called `NAME-2`.

    Returns:
        Where it is.

    Raises:
        OSError: it cannot be written.
    """
    path = place_of(path) if overwrite else path
    # Nobody can plant a link under a name that nobody can guess.
    part, stream = create_first_free(path.with_name(f".emotion-live-{secrets.token_hex(4)}.part") for _ in range(9))
    try:
        with stream:
            left = memoryview(data)
            while left:
                left = left[stream.write(left) :]
        return take_place(part, path, overwrite=overwrite)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def check_new(*paths: Path, overwrite: bool | None, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse, before any work, to write over what a command reads, or over a file without leave.

    Args:
        paths: the files to be.
        overwrite: `bool`, whether existing ones may be replaced; `None` where the command has no such option.
        inputs: files that the command reads, which are never replaced.

    Raises:
        ConfigError: one of them is such a file.
    """
    for path in paths:
        if not os.path.lexists(path):
            continue
        if path.is_dir():
            raise ConfigError(f"--out cannot write {path}: that is a folder; give the name of a file")
        if path.exists() and any(one is not None and one.exists() and path.samefile(one) for one in inputs):
            raise ConfigError(f"--out cannot be a file that is read, {path}; give another name")
        if not overwrite:
            how = "" if overwrite is None else "add --overwrite, or "
            raise ConfigError(f"--out would replace {path}, which exists already; {how}give another one")
