"""What the desktop program remembers of its user's choices."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from models.new_files import write_whole
from realtime.app.library.user_folders import videos_folder

_FILE = "preferences.json"


class Preferences:
    """Choices that outlast the window, in a small file; one that cannot be read or written is as none.

    Args:
        folder: where the file is; made when something is first remembered.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._values: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            told = json.loads((folder / _FILE).read_text("utf-8"))
            self._values = told if isinstance(told, dict) else {}

    @property
    def open_folder(self) -> Path:
        """Where to look for videos: where the last one was, at first the user's videos."""
        told = self._values.get("open_folder")
        with suppress(OSError, ValueError):
            if isinstance(told, str) and Path(told).is_dir():
                return Path(told)
        return videos_folder()

    @open_folder.setter
    def open_folder(self, folder: Path) -> None:
        self._set("open_folder", str(folder))

    @property
    def keeps_recent(self) -> bool:
        """Whether analyses are put into the list of recent ones."""
        return self._values.get("keeps_recent", True) is not False

    @keeps_recent.setter
    def keeps_recent(self, keeps: bool) -> None:
        self._set("keeps_recent", keeps)

    def _set(self, name: str, value: object) -> None:
        if self._values.get(name) == value:
            return
        self._values[name] = value
        # A folder that cannot be written costs the memory of a choice, and is no reason to disturb anybody.
        with suppress(OSError):
            own_folder(self._folder)
            path = self._folder / _FILE
            write_whole(path, json.dumps(self._values).encode())
            path.chmod(0o600)


def own_folder(folder: Path) -> None:
    """Make a folder that nobody but its owner may look into. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
