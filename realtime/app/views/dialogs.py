"""Modal dialogs: file choosers, messages, replaced by fakes in tests."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog, messagebox

from realtime.app.jobs.save_kinds import Kind

_TITLES = {Kind.RECORDING: "Save the recording", Kind.TABLE: "Save the table", Kind.REPORT: "Save the report"}
_KINDS_OF_FILE = {
    ".mp4": "MP4 video",
    ".mkv": "Matroska video",
    ".mov": "QuickTime video",
    ".webm": "WebM video",
    ".csv": "Comma-separated values",
    ".jsonl": "JSON lines",
    ".parquet": "Parquet",
    ".html": "Web page",
}


def ask_target(parent: tk.Misc, kind: Kind, suggestion: Path) -> Path | None:
    """Ask where to save; the box itself asks before a file is replaced. `None` if nothing was chosen."""
    suffixes: Sequence[str] = kind.suffixes
    name = filedialog.asksaveasfilename(
        parent=parent,
        title=_TITLES[kind],
        initialdir=str(suggestion.parent),
        initialfile=suggestion.name,
        defaultextension=suffixes[0],
        filetypes=[(_KINDS_OF_FILE.get(suffix, suffix), f"*{suffix}") for suffix in suffixes],
    )
    return Path(name) if name else None


def tell_problem(parent: tk.Misc, title: str, message: str) -> None:
    """Say what went wrong and what to do."""
    messagebox.showerror(title, message, parent=parent)


def tell_note(parent: tk.Misc, title: str, message: str) -> None:
    """Say something that the user should know."""
    messagebox.showwarning(title, message, parent=parent)


def ask_to_give_up(parent: tk.Misc) -> bool:
    """Ask whether what is being saved may be given up."""
    return messagebox.askyesno(
        "A file is being saved", "A file is still being saved. Leave, and give it up?", parent=parent, default="no"
    )
