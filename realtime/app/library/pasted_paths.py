"""Files that a file manager put onto the clipboard."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit


def paths_in(text: str) -> list[Path]:
    """Return the files and folders that a text names: one a line, as paths or file:// addresses, perhaps in quotes.

    A text that is something else names none. They are not looked for, but must be absolute: a pasted word is no file.
    """
    return list(_paths_in(text))


def _paths_in(text: str) -> Iterator[Path]:
    for line in text.splitlines():
        name = line.strip().strip("\"'")
        if not name or "\0" in name or name.startswith("#"):
            continue
        if name.lower().startswith("file:"):
            name = _from_address(name)
        path = Path(name)
        if path.is_absolute():
            yield path


def _from_address(address: str) -> str:
    try:
        name = unquote(urlsplit(address).path)
    except ValueError:
        return ""
    # file:///C:/clip.mp4
    return name.lstrip("/") if sys.platform == "win32" else name
