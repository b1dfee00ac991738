"""Frame whose content can be scrolled where it has less room than it needs: small screens, large magnifications."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from realtime.app.views.theme import Theme

# Of Windows; elsewhere one step of the wheel is an event of its own.
_WHEEL_STEP = 120
# These scroll, or change their value, themselves.
_OWN_WHEEL = ("Listbox", "TCombobox", "Treeview", "Text")


class Scrolled(ttk.Frame):
    """Gives its content all the room there is, and scroll bars where that is not enough.

    It scrolls by wheel (with Shift sideways), by Page Up and Page Down, and to whatever gets the focus by Tab.

    Args:
        parent: where; a window shows one of these.
        theme: the look.
        room_wh: what it asks for at most, in pixels.

    Attributes:
        inner: where the content goes.
    """

    def __init__(self, parent: tk.Misc, theme: Theme, room_wh: tuple[int, int]) -> None:
        super().__init__(parent)
        self._room_wh = room_wh
        self._margin_px = theme.px(12)
        self._canvas = tk.Canvas(self, background=theme.palette.ground, highlightthickness=0, takefocus=0)
        self._holder = ttk.Frame(self._canvas)
        self.inner = ttk.Frame(self._holder, padding=self._margin_px)
        self.inner.grid(sticky="nsew")
        self._holder.rowconfigure(0, weight=1)
        self._holder.columnconfigure(0, weight=1)
        self._canvas.create_window(0, 0, anchor="nw", window=self._holder)
        self._down = ttk.Scrollbar(self, command=self._canvas.yview)  # type: ignore[no-untyped-call]
        self._across = ttk.Scrollbar(self, orient="horizontal", command=self._canvas.xview)  # type: ignore[no-untyped-call]
        self._canvas.configure(yscrollcommand=self._down.set, xscrollcommand=self._across.set)
        self._canvas.grid(row=0, column=0, sticky="nsew")
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self.bind("<Configure>", lambda _: self._fit())
        # The holder is as large as its content asks for, so this tells of every change of it.
        self._holder.bind("<Configure>", lambda _: self._fit())
        self._canvas.bind("<Configure>", lambda event: self._fill((event.width, event.height)))
        self._bind_keys(self.winfo_toplevel())

    def ask(self) -> None:
        """Ask for the room that the content needs, or for all there is; when it is built."""
        self.update_idletasks()
        needed_wh = self._needed_wh()
        wide, high = needed_wh[0] > self._room_wh[0], needed_wh[1] > self._room_wh[1]
        bar_wh = self._down.winfo_reqwidth() * high, self._across.winfo_reqheight() * wide
        width = min(self._room_wh[0], needed_wh[0] + bar_wh[0]) - bar_wh[0]
        height = min(self._room_wh[1], needed_wh[1] + bar_wh[1]) - bar_wh[1]
        self._canvas.configure(width=width, height=height)
        self.update_idletasks()

    def reveal(self, widget: tk.Misc) -> None:
        """Scroll until a widget of the content is to be seen; its beginning, where it is too large."""
        for start, size, whole, seen, share, move in (
            (
                widget.winfo_rootx() - self._holder.winfo_rootx(),
                widget.winfo_width(),
                self._holder.winfo_width(),
                self._canvas.winfo_width(),
                self._canvas.xview()[0],
                self._canvas.xview_moveto,
            ),
            (
                widget.winfo_rooty() - self._holder.winfo_rooty(),
                widget.winfo_height(),
                self._holder.winfo_height(),
                self._canvas.winfo_height(),
                self._canvas.yview()[0],
                self._canvas.yview_moveto,
            ),
        ):
            _reveal_along(start - self._margin_px, size + 2 * self._margin_px, whole, seen, share, move)

    def _bind_keys(self, window: tk.Misc) -> None:
        for key, pages in (("Prior", -1), ("Next", 1)):
            window.bind(f"<{key}>", lambda _, pages=pages: self._canvas.yview_scroll(pages, "pages"))  # type: ignore[misc]
        # Tab sends it to where it goes; other ways of getting the focus do not scroll.
        window.bind("<<TraverseIn>>", self._focused)
        for shift, scroll in (("", self._canvas.yview_scroll), ("Shift-", self._canvas.xview_scroll)):
            window.bind(f"<{shift}MouseWheel>", lambda event, scroll=scroll: self._wheeled(event, event.delta, scroll))  # type: ignore[misc]
            for button, delta in ((4, 1), (5, -1)):
                window.bind(
                    f"<{shift}Button-{button}>",
                    lambda event, delta=delta, scroll=scroll: self._wheeled(event, delta, scroll),  # type: ignore[misc]
                )

    def _wheeled(self, event: tk.Event[tk.Misc], delta: int, scroll: Callable[[int, str], None]) -> None:
        if isinstance(event.widget, tk.Misc) and event.widget.winfo_class() not in _OWN_WHEEL:
            scroll(-(delta // _WHEEL_STEP if sys.platform == "win32" else delta), "units")

    def _focused(self, event: tk.Event[tk.Misc]) -> None:
        if isinstance(event.widget, tk.Misc) and str(event.widget).startswith(f"{self.inner}."):
            self.reveal(event.widget)

    def _needed_wh(self) -> tuple[int, int]:
        return self.inner.winfo_reqwidth(), self.inner.winfo_reqheight()

    def _fit(self) -> None:
        """Show a scroll bar where one is needed; each takes room from the other one's content."""
        needed_wh, own_wh = self._needed_wh(), (self.winfo_width(), self.winfo_height())
        bar_wh = self._down.winfo_reqwidth(), self._across.winfo_reqheight()
        down = needed_wh[1] > own_wh[1]
        across = needed_wh[0] > own_wh[0] - bar_wh[0] * down
        down = needed_wh[1] > own_wh[1] - bar_wh[1] * across
        _show_if(self._down, down, row=0, column=1, sticky="ns")
        _show_if(self._across, across, row=1, column=0, sticky="ew")
        self._canvas.configure(scrollregion=(0, 0, self._holder.winfo_width(), self._holder.winfo_height()))

    def _fill(self, room_wh: tuple[int, int]) -> None:
        self._holder.columnconfigure(0, minsize=room_wh[0])
        self._holder.rowconfigure(0, minsize=room_wh[1])


def _show_if(bar: ttk.Scrollbar, needed: bool, **place: object) -> None:
    if needed:
        bar.grid(**place)  # type: ignore[arg-type]
    else:
        bar.grid_remove()


def _reveal_along(start: int, size: int, whole: int, seen: int, share: float, move: Callable[[float], None]) -> None:
    """Scroll along one direction; lengths in pixels, `share` of the whole is scrolled away."""
    first = round(share * whole)
    if start < first or size > seen:
        move(max(0, start) / max(1, whole))
    elif start + size > first + seen:
        move((start + size - seen) / max(1, whole))
