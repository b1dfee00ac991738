"""A table with a scroll bar, of which one row is chosen: recent analyses, videos of a queue."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from realtime.app.views.theme import NORMAL, Theme

_STYLE = "Rows.Treeview"
_ROW_PX = 28
_WIDE_PX = 180


class TableView(ttk.Frame):
    """Rows of texts; Return or a double click opens one.

    Args:
        parent: where.
        theme: the look.
        columns: heading and width in pixels at 100 % of each; the wide ones share what is left.
        rows: how many are shown at least.
        on_open: called with the number of the row that is to be opened.
        on_choose: called when another row is chosen.
    """

    def __init__(
        self,
        parent: tk.Misc,
        theme: Theme,
        columns: Sequence[tuple[str, int]],
        rows: int,
        on_open: Callable[[int], None],
        on_choose: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(parent)
        self._on_open = on_open
        _style(self, theme)
        names = [str(number) for number in range(len(columns))]
        self.tree = ttk.Treeview(self, columns=names, show="headings", height=rows, selectmode="browse", style=_STYLE)
        for name, (heading, width) in zip(names, columns, strict=True):
            self.tree.heading(name, text=heading, anchor="w")
            pixels = theme.px(width)
            self.tree.column(name, width=pixels, minwidth=pixels // 2, stretch=width >= _WIDE_PX, anchor="w")
        bar = ttk.Scrollbar(self, command=self.tree.yview)  # type: ignore[no-untyped-call]
        self.tree.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.tree.pack(side="left", fill="both", expand=True)
        self.tree.bind("<Double-Button-1>", lambda event: self._open(self.tree.identify_row(event.y)))
        self.tree.bind("<Return>", lambda _: self._open(self.tree.focus()))
        self.tree.bind("<<TreeviewSelect>>", lambda _: on_choose())

    @property
    def chosen(self) -> int | None:
        """Number of the chosen row."""
        selected = self.tree.selection()
        return int(selected[0]) if selected else None

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Show other rows; the first is chosen."""
        self.tree.delete(*self.tree.get_children())
        for number, texts in enumerate(rows):
            self.tree.insert("", "end", iid=str(number), values=tuple(texts))
        if rows:
            self.choose(0)

    def change(self, number: int, texts: Sequence[str]) -> None:
        """Show other texts in a row; one more if it is the next."""
        if self.tree.exists(str(number)):
            self.tree.item(str(number), values=tuple(texts))
        else:
            self.tree.insert("", "end", iid=str(number), values=tuple(texts))
            if number == 0:
                self.choose(0)

    def choose(self, number: int) -> None:
        """Choose a row."""
        self.tree.selection_set(str(number))
        self.tree.focus(str(number))
        self.tree.see(str(number))

    def _open(self, row: str) -> None:
        if row:
            self._on_open(int(row))


def _style(widget: tk.Misc, theme: Theme) -> None:
    look, style = theme.palette, ttk.Style(widget)
    style.configure(
        _STYLE,
        background=look.raised,
        fieldbackground=look.raised,
        foreground=look.ink,
        rowheight=theme.px(_ROW_PX),
        font=NORMAL,
    )
    style.map(
        _STYLE,
        background=[("selected", look.accent)],
        foreground=[("selected", look.ground)],
        bordercolor=[("focus", look.accent)],
        lightcolor=[("focus", look.accent)],
        darkcolor=[("focus", look.accent)],
    )
    style.configure(f"{_STYLE}.Heading", background=look.ground, foreground=look.dim, relief="flat", font=NORMAL)
    style.map(f"{_STYLE}.Heading", background=[("active", look.ground)])
    style.configure("Vertical.TScrollbar", background=look.pressed, arrowsize=theme.px(14))
    style.map("Vertical.TScrollbar", background=[("disabled", look.trough)], arrowcolor=[("disabled", look.line)])
