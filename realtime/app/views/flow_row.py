"""Row of widgets that becomes several rows where the window is too narrow for one."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from realtime.app.views.theme import Theme


class FlowRow(ttk.Frame):
    """Places widgets from left to right, and goes on below where there is no more room.

    Args:
        parent: where.
        theme: the look.
    """

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widgets: list[tuple[tk.Widget, int, bool]] = []
        self.bind("<Configure>", lambda event: self._arrange(event.width))

    def add(self, widget: tk.Widget, gap: float = 0, *, right: bool = False) -> None:
        """Append a widget made with this row as its parent.

        Args:
            widget: what.
            gap: distance from the one before, in pixels at 100 %.
            right: whether it goes to the right end of its line, with those after it.
        """
        self._widgets.append((widget, self._theme.px(gap) if gap else 0, right))
        widget.update_idletasks()
        self.configure(width=max(each.winfo_reqwidth() for each, _, _ in self._widgets))
        self._arrange(self.winfo_width())

    def _arrange(self, width: int) -> None:
        between, top = self._theme.px(4), 0
        for line in self._lines(width):
            height = max(widget.winfo_reqheight() for widget, _, _ in line)
            spare = width - sum(gap + widget.winfo_reqwidth() for widget, gap, _ in line) + line[0][1]
            x = -line[0][1]
            for widget, gap, right in line:
                # What is right takes all that is left once.
                x += gap + (max(0, spare) if right else 0)
                spare = 0 if right else spare
                widget.place(x=x, y=top + (height - widget.winfo_reqheight()) // 2)
                x += widget.winfo_reqwidth()
            top += height + between
        self.configure(height=max(1, top - between))

    def _lines(self, width: int) -> list[list[tuple[tk.Widget, int, bool]]]:
        lines: list[list[tuple[tk.Widget, int, bool]]] = []
        used = 0
        for place, (widget, gap, right) in enumerate(self._widgets):
            needed = widget.winfo_reqwidth()
            # What is at the right goes there together, if it can.
            rest = self._widgets[place + 1 :] if right else []
            together = needed + sum(each.winfo_reqwidth() + before for each, before, _ in rest)
            if lines and used + gap + (together if together <= width else needed) <= width:
                lines[-1].append((widget, gap, right))
                used += gap + needed
            else:
                lines.append([(widget, gap, right)])
                used = needed
        return lines
