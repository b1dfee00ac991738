"""Lets files be dropped onto the window, where the extra `drop` is installed."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path


def take_drops(root: tk.Tk, on_drop: Callable[[Sequence[Path]], None]) -> bool:
    """Take files and folders that are dropped onto the window.

    Args:
        root: the program's window.
        on_drop: takes them, on the window's thread, after the drop: the other program is not kept waiting.

    Returns:
        Whether that works here: tkinterdnd2 is installed, and has the Tk extension for this system.
    """
    try:
        from tkinterdnd2 import TkinterDnD

        TkinterDnD.require(root)
        root.tk.call("tkdnd::drop_target", "register", ".", "DND_Files")
    except (ImportError, RuntimeError, AttributeError, tk.TclError):
        return False

    def dropped(names: str) -> str:
        paths = [Path(name) for name in root.tk.splitlist(names)]
        if paths:
            root.after_idle(on_drop, paths)
        return "copy"

    root.tk.call("bind", ".", "<<Drop:DND_Files>>", f"{root.register(dropped)} %D")
    return True
