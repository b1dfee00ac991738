"""Timeline widget: the emotions of each person over time, with a playhead that seeks by click or drag."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable

from realtime.app.jobs.preview_image import rgb_ppm
from realtime.app.views.theme import NORMAL, SMALL, Theme
from realtime.app.views.timeline_image import label_at, strip_image
from realtime.core.types import UNCERTAIN
from realtime.overlay.face_facts import percent
from realtime.timeline.analysis_results import AnalysisResults
from realtime.timeline.time_format import format_clock

MAX_ROWS = 4
"""People with a row of their own, those seen longest."""

_TICKS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_ROW_PX, _LOW_ROW_PX, _GAP_PX, _AXIS_PX, _MARGIN_PX = 34, 20, 4, 22, 8


class TimelineStrip(tk.Canvas):
    """Draws the rows once and then only moves the playhead.

    Args:
        parent: where.
        theme: the look.
        results: of the video.
        on_seek: called with a media time in seconds.
        on_person: called with the person whose row was clicked.
        on_hover: called with the text for the position under the pointer, "" for none.
        title: returns what a person is called.
    """

    def __init__(
        self,
        parent: tk.Misc,
        theme: Theme,
        results: AnalysisResults,
        on_seek: Callable[[float], None],
        on_person: Callable[[int], None],
        on_hover: Callable[[str], None],
        title: Callable[[int], str] = "person {}".format,
    ) -> None:
        self._people = results.people()[:MAX_ROWS]
        self._theme, self._results, self._title = theme, results, title
        self._on_seek, self._on_person, self._on_hover = on_seek, on_person, on_hover
        self._row_px = theme.px(_ROW_PX if len(self._people) <= 2 else _LOW_ROW_PX)
        self._gap_px = theme.px(_GAP_PX)
        rows = max(1, len(self._people))
        super().__init__(
            parent,
            height=theme.px(_MARGIN_PX) + rows * (self._row_px + self._gap_px) + theme.px(_AXIS_PX),
            width=theme.px(400),
            background=theme.palette.ground,
            highlightthickness=theme.px(2),
            highlightbackground=theme.palette.ground,
            highlightcolor=theme.palette.accent,
            takefocus=1,
            cursor="hand2",
        )
        self._photos: list[tk.PhotoImage] = []
        self._left = self._right = 0
        self._time_s = 0.0
        self._chosen: int | None = None
        self.bind("<Configure>", lambda _: self._draw())
        self.bind("<Button-1>", self._pressed)
        self.bind("<B1-Motion>", lambda event: self._on_seek(self._time_at(event.x)))
        self.bind("<Motion>", self._hovered)
        self.bind("<Leave>", lambda _: self._on_hover(""))

    def mark(self, time_s: float) -> None:
        """Mark the present place."""
        self._time_s = time_s
        x = self._x_at(time_s)
        self.coords("cursor", x, self._theme.px(2), x, self._bottom())
        self.coords("handle", *self._handle(x))

    def choose(self, track: int | None) -> None:
        """Mark the row of the person whose bars are shown."""
        self._chosen = track
        for person in self._people:
            strong = person == track
            self.itemconfigure(f"name{person}", fill=self._theme.palette.ink if strong else self._theme.palette.dim)
            self.itemconfigure(f"edge{person}", state="normal" if strong and len(self._people) > 1 else "hidden")

    def destroy(self) -> None:
        """Free the pictures here: left to the garbage collector, they may be freed on another thread."""
        self._photos.clear()
        super().destroy()

    def _draw(self) -> None:
        self.delete("all")
        self._photos.clear()
        px, look = self._theme.px, self._theme.palette
        self._left = px(_MARGIN_PX)
        for number, person in enumerate(self._people):
            y = self._row_y(number) + self._row_px / 2
            text = self._title(person)
            item = self.create_text(px(_MARGIN_PX), y, text=text, anchor="w", font=NORMAL, tags=f"name{person}")
            self._left = max(self._left, self.bbox(item)[2] + px(10))
        self._right = max(self._left + 1, self.winfo_width() - px(_MARGIN_PX))
        for number, person in enumerate(self._people):
            self._draw_row(number, person)
        if not self._people:
            y = self._row_y(0)
            self.create_rectangle(self._left, y, self._right, y + self._row_px, fill=look.trough, width=0)
            middle = (self._left + self._right) / 2
            self.create_text(middle, y + self._row_px / 2, text="no face was found", font=NORMAL, fill=look.dim)
        self._draw_axis()
        width = px(2)
        self.create_line(0, 0, 0, 0, fill=look.ink, width=width, tags="cursor")
        self.create_polygon(0, 0, 0, 0, fill=look.ink, outline=look.ground, tags="handle")
        self.choose(self._chosen)
        self.mark(self._time_s)

    def _draw_row(self, number: int, person: int) -> None:
        ground = tuple(value >> 8 for value in self.winfo_rgb(self._theme.palette.trough))
        size_wh = self._right - self._left, self._row_px
        picture = strip_image(self._results, person, size_wh, (ground[0], ground[1], ground[2]))
        photo = tk.PhotoImage(master=self, data=rgb_ppm(picture))
        self._photos.append(photo)
        y = self._row_y(number)
        self.create_image(self._left, y, image=photo, anchor="nw")
        self.create_rectangle(
            self._left - 1,
            y - 1,
            self._right,
            y + self._row_px,
            outline=self._theme.palette.ink,
            width=self._theme.px(2),
            tags=f"edge{person}",
        )

    def _draw_axis(self) -> None:
        px, look = self._theme.px, self._theme.palette
        end_s = self._results.end_s
        y = self._bottom()
        room = max(1.0, (self._right - self._left) / px(70))
        step_s = next((tick for tick in _TICKS_S if end_s / tick <= room), 3600.0 * math.ceil(end_s / 3600 / room))
        for number in range(int(end_s / step_s + 1e-6) + 1):
            x = self._x_at(number * step_s)
            self.create_line(x, y, x, y + px(4), fill=look.line)
            text = self.create_text(
                x, y + px(5), text=format_clock(number * step_s, step_s), anchor="n", font=SMALL, fill=look.dim
            )
            x0, _, x1, _ = self.bbox(text)
            self.move(text, max(0, px(2) - x0) + min(0, self.winfo_width() - px(2) - x1), 0)

    def _row_y(self, number: int) -> int:
        return self._theme.px(_MARGIN_PX) + number * (self._row_px + self._gap_px)

    def _bottom(self) -> int:
        return self._row_y(max(1, len(self._people)))

    def _handle(self, x: float) -> list[float]:
        side = self._theme.px(6)
        return [x - side, 1, x + side, 1, x, 1 + side * 1.4]

    def _x_at(self, time_s: float) -> float:
        return self._left + (self._right - self._left) * min(1.0, time_s / max(self._results.end_s, 1e-9))

    def _time_at(self, x: float) -> float:
        share = (x - self._left) / max(1, self._right - self._left)
        return min(1.0, max(0.0, share)) * self._results.end_s

    def _person_at(self, y: float) -> int | None:
        number = int((y - self._row_y(0)) // (self._row_px + self._gap_px))
        return self._people[number] if 0 <= number < len(self._people) else None

    def _pressed(self, event: tk.Event[tk.Misc]) -> None:
        self.focus_set()
        person = self._person_at(event.y)
        if person is not None:
            self._on_person(person)
        if event.x >= self._left:
            self._on_seek(self._time_at(event.x))

    def _hovered(self, event: tk.Event[tk.Misc]) -> None:
        time_s, person = self._time_at(event.x), self._person_at(event.y)
        if event.x < self._left or person is None:
            self._on_hover("")
            return
        found = label_at(self._results, person, time_s)
        what = "not in the picture"
        if found is not None:
            what = found[0] if found[0] == UNCERTAIN else f"{found[0]} {percent(found[1])}"
        self._on_hover(f"{format_clock(time_s, 0.1)}   {self._title(person)}: {what}")
