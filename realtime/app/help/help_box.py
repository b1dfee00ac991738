"""Window with the help pages; it stays open beside the program until it is closed."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from realtime.app.help.pages import Block, Page
from realtime.app.views.access_keys import underlines
from realtime.app.views.theme import LARGE, NORMAL, Theme, usable_wh

_SIZE_WH = (760, 560)
_KEY_PX, _VALUE_PX = 200, 72
_CLOSE = "Close   Esc"


class HelpBox(tk.Toplevel):
    """Shows one page at a time; Tab and arrows reach and scroll everything, Esc closes.

    Args:
        parent: the program's window.
        theme: the look.
        pages: all of them.
        name: of the page that is shown first.
    """

    def __init__(self, parent: tk.Tk, theme: Theme, pages: Sequence[Page], name: str) -> None:
        super().__init__(parent, background=theme.palette.ground, padx=theme.px(12), pady=theme.px(12))
        self._theme = theme
        self.title("Help - emotion-live")
        self.transient(parent)
        self._place(parent)
        close = ttk.Button(self, text=_CLOSE, command=self.destroy)
        close.pack(side="bottom", anchor="e", pady=(theme.px(10), 0))
        self.book = ttk.Notebook(self)
        self.book.enable_traversal()  # type: ignore[no-untyped-call]
        *of_pages, of_close = underlines([*(page.name for page in pages), _CLOSE])
        close.configure(underline=of_close)
        self.bind(f"<Alt-{_CLOSE[of_close].lower()}>", lambda _: self.destroy())
        self.texts = [self._add(page, place) for page, place in zip(pages, of_pages, strict=True)]
        self.book.pack(fill="both", expand=True)
        self._names = [page.name for page in pages]
        self.bind("<Escape>", lambda _: self.destroy())
        self.show(name)

    @property
    def shown(self) -> str:
        """Name of the page that is shown."""
        return self._names[self.book.index("current")]  # type: ignore[no-untyped-call]

    def show(self, name: str) -> None:
        """Show a page and bring the window to the front."""
        place = self._names.index(name)
        self.book.select(place)  # type: ignore[no-untyped-call]
        self.texts[place].focus_set()
        self.lift()

    def _place(self, parent: tk.Tk) -> None:
        """Make it no larger than the screen, and keep all of it there."""
        room_wh, px = usable_wh(self), self._theme.px
        width, height = (min(px(side), room) for side, room in zip(_SIZE_WH, room_wh, strict=True))
        x = min(parent.winfo_rootx() + px(40), room_wh[0] - width)
        y = min(parent.winfo_rooty() + px(20), room_wh[1] - height)
        self.geometry(f"{width}x{height}+{max(0, x)}+{max(0, y)}")

    def _add(self, page: Page, underline: int) -> tk.Text:
        look, px = self._theme.palette, self._theme.px
        frame = ttk.Frame(self.book, padding=px(4))
        text = tk.Text(
            frame,
            wrap="word",
            font=NORMAL,
            background=look.raised,
            foreground=look.ink,
            selectbackground=look.accent,
            selectforeground=look.ground,
            highlightthickness=px(2),
            highlightcolor=look.accent,
            highlightbackground=look.line,
            borderwidth=0,
            padx=px(14),
            pady=px(10),
            spacing1=px(2),
            spacing3=px(4),
            insertbackground=look.ink,
            cursor="arrow",
            width=1,
            height=1,
        )
        bar = ttk.Scrollbar(frame, command=text.yview)  # type: ignore[no-untyped-call]
        text.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        text.pack(side="left", fill="both", expand=True)
        self._fill(text, page.blocks)
        self.book.add(frame, text=page.name, underline=underline)
        return text

    def _fill(self, text: tk.Text, blocks: Sequence[Block]) -> None:
        px = self._theme.px
        text.tag_configure("heading", font=LARGE, spacing1=px(14))
        text.tag_configure("item", lmargin1=0, lmargin2=px(20), tabs=(px(20),))
        for style, width in (("row", _KEY_PX), ("figure", _VALUE_PX)):
            text.tag_configure(style, lmargin2=px(width), tabs=(px(width),))
        for block in blocks:
            lead = "•\t" if block.style == "item" else ""
            text.insert("end", f"{lead}{block.text}\n", block.style)
        # Not disabled: that would take the cursor, and with it Page Down, from whoever has no mouse.
        text.bind("<Key>", lambda event: None if _moves(event) else "break")
        for event in ("<<Paste>>", "<<Cut>>", "<<PasteSelection>>", "<<Clear>>"):
            text.bind(event, lambda _: "break")
        text.bind("<Tab>", self._next)
        text.mark_set("insert", "1.0")

    def _next(self, event: tk.Event[tk.Misc]) -> str:
        following = event.widget.tk_focusNext()
        if following is not None:
            following.focus_set()
        return "break"


def _moves(event: tk.Event[tk.Misc]) -> bool:
    """Return whether a key moves or copies, and writes nothing."""
    control = bool(int(event.state) & 4)
    return event.keysym in ("Up", "Down", "Left", "Right", "Prior", "Next", "Home", "End", "Escape", "F10") or (
        control and event.keysym.lower() in ("c", "a", "insert", "tab")
    )
