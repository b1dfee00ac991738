"""Modal questions: what to open, and whether something may go away; replaced by fakes in tests."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog, messagebox

from realtime.batch.video_list import VIDEO_SUFFIXES


def ask_videos(parent: tk.Misc, folder: Path) -> list[Path]:
    """Ask for one video or several; none if none was chosen."""
    patterns = [pattern for suffix in VIDEO_SUFFIXES for pattern in (f"*{suffix}", f"*{suffix.upper()}")]
    names: Sequence[str] | str = filedialog.askopenfilenames(
        parent=parent,
        title="Open videos",
        initialdir=str(folder),
        filetypes=[("Videos", patterns), ("All files", "*")],
    )
    # Some versions of Tk return one text, as Tcl writes a list.
    return [Path(name) for name in parent.tk.splitlist(names)]


def ask_folder(parent: tk.Misc, folder: Path) -> Path | None:
    """Ask for a folder; `None` if none was chosen."""
    name = filedialog.askdirectory(
        parent=parent, title="Open the videos of a folder", initialdir=str(folder), mustexist=True
    )
    return Path(name) if name else None


def ask_to_leave_unsaved(parent: tk.Misc, name: str) -> bool:
    """Ask whether an analysis may be left that is neither saved nor kept."""
    return _sure_of(
        parent,
        "Not saved",
        f"The analysis of {name} is not saved, and it is not in the list of recent analyses. Leave, and lose it?",
    )


def ask_to_stop_analysis(parent: tk.Misc, name: str) -> bool:
    """Ask whether a video may be left before it is analyzed."""
    return _sure_of(parent, "A video is being analyzed", f"{name} is not analyzed yet. Leave, and stop?")


def ask_to_stop_queue(parent: tk.Misc, left: int) -> bool:
    """Ask whether the program may end while videos are analyzed."""
    videos = "1 video is" if left == 1 else f"{left} videos are"
    return _sure_of(parent, "Videos are being analyzed", f"{videos} not analyzed yet. Leave, and stop?")


def ask_to_lose_results(parent: tk.Misc, count: int) -> bool:
    """Ask whether results of a queue may go away that no list keeps."""
    return _sure_of(
        parent,
        "Not kept",
        f"The list of recent analyses is off: {count} results of the queue end with the program. Leave, and lose them?",
    )


def ask_to_clear(parent: tk.Misc, count: int) -> bool:
    """Ask whether the list of recent analyses may be emptied."""
    return _sure_of(
        parent, "Clear the list", f"Remove {count} recent analyses from this machine? Videos and saved files stay."
    )


def ask_to_remove(parent: tk.Misc, name: str) -> bool:
    """Ask whether one analysis may be removed from the list."""
    return _sure_of(
        parent,
        "Remove from the list",
        f"Remove the analysis of {name} from this machine? The video and saved files stay.",
    )


def _sure_of(parent: tk.Misc, title: str, question: str) -> bool:
    """Ask; Return alone means no, since what goes does not come back."""
    return messagebox.askyesno(title, question, parent=parent, default="no")
