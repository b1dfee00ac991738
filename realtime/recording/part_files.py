"""Names of unfinished recordings (`NAME.part.mp4`), and those that a killed run left behind."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from pathlib import Path

from models.new_files import create_first_free

_PART = re.compile(r"\.part\d*$")


def create_part(path: Path) -> Path:
    """Create `NAME.part.mp4` for `NAME.mp4`, or with a number: what another run writes or left is never overwritten.

    Raises:
        OSError: it cannot be created.
    """
    names = itertools.chain(["part"], (f"part{n}" for n in itertools.count(2)))
    part, stream = create_first_free(path.with_name(f"{path.stem}.{name}{path.suffix}") for name in names)
    stream.close()
    return part


def left_over_parts(folder: Path, suffixes: Collection[str], of: Path | None = None) -> list[Path]:
    """Return the unfinished recordings in a folder, by name; `of` takes those of that one recording only."""
    parts = (path for path in folder.iterdir() if path.suffix.lower() in suffixes and _PART.search(path.stem))
    return sorted(path for path in parts if of is None or _PART.sub("", path.stem) == of.stem)
