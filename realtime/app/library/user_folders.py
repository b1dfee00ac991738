"""The user's folders: where the program keeps what outlasts its window, and where videos usually are."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_NAME = "emotion-live"


def data_folder() -> Path:
    """Return the folder for what this program keeps for its user; it need not be there."""
    if sys.platform == "win32":
        return _from_variable("LOCALAPPDATA", Path("AppData", "Local")) / _NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _NAME
    return _from_variable("XDG_DATA_HOME", Path(".local", "share")) / _NAME


def videos_folder() -> Path:
    """Return the user's folder of videos, or the home folder if there is none."""
    if sys.platform == "darwin":
        wanted = Path.home() / "Movies"
    else:
        wanted = (None if sys.platform == "win32" else _desktop_videos()) or Path.home() / "Videos"
    return wanted if wanted.is_dir() else Path.home()


def _from_variable(name: str, usual: Path) -> Path:
    """Return the folder that a variable names; the XDG specification has relative ones ignored."""
    told = Path(os.environ.get(name, ""))
    return told if told.is_absolute() else Path.home() / usual


def _desktop_videos() -> Path | None:
    """Return what the desktop's `user-dirs.dirs` says, in which folders have names of the user's language."""
    try:
        text = (_from_variable("XDG_CONFIG_HOME", Path(".config")) / "user-dirs.dirs").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.search(r'^\s*XDG_VIDEOS_DIR="(.+)"\s*$', text, re.M)
    return Path(found[1].replace("$HOME", str(Path.home()))) if found else None
