"""Widgets: a picture with outlined faces, and the probability bars of one face."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from models.manifest import EMOTIONS
from realtime.app.views.theme import NORMAL, Theme, usable_wh
from realtime.core.types import UNCERTAIN, Emotions, Faces
from realtime.overlay.face_facts import ago, percent
from realtime.overlay.palette import GREY, OUTLINE, colour_of, hex_colour

_INK_ON_COLOUR = hex_colour(OUTLINE)


class PictureView(tk.Canvas):
    """Shows pictures in the middle of the room it has, and outlines and names over them.

    Args:
        parent: where.
        theme: the look.
        on_room: called with the available size in pixels whenever it changes.
    """

    def __init__(self, parent: tk.Misc, theme: Theme, on_room: Callable[[tuple[int, int]], None]) -> None:
        super().__init__(
            parent,
            background=theme.palette.picture,
            highlightthickness=0,
            width=min(theme.px(320), usable_wh(parent)[0] // 3),
            height=min(theme.px(180), usable_wh(parent)[1] // 3),
            takefocus=0,
        )
        self._theme = theme
        self._on_room = on_room
        self._photo: tk.PhotoImage | None = tk.PhotoImage(master=self)
        self._image = self.create_image(0, 0, image=self._photo, anchor="center")
        self._note = self.create_text(0, 0, fill=theme.palette.dim, font=NORMAL, justify="center")
        self._size_wh = (1, 1)
        self.bind("<Configure>", self._resized)

    def show(self, picture: bytes, size_wh: tuple[int, int] | None = None) -> None:
        """Show a picture, as PPM; `size_wh` is its size in pixels where faces will be drawn on it."""
        if self._photo is not None:
            self._photo.configure(data=picture)
            self._size_wh = size_wh or (self._photo.width(), self._photo.height())
        self.say("")

    def say(self, text: str) -> None:
        """Write a line in the middle, "" for none."""
        self.itemconfigure(self._note, text=text)

    def mark(
        self,
        faces: Faces,
        emotions: Emotions,
        scale: float,
        chosen: int | None = None,
        title: Callable[[int], str] | None = None,
    ) -> None:
        """Outline every face and name what it shows.

        Args:
            faces: in the pixels of the source.
            emotions: one row per face.
            scale: pixels of the shown picture per pixel of the source.
            chosen: the person whose bars are shown; drawn more strongly.
            title: returns what a person is called, where that is to be said.
        """
        self.delete("face")
        left, top = self._corner()
        for row, box in enumerate(faces.boxes_xyxy.tolist()):
            corners = [left + box[0] * scale, top + box[1] * scale, left + box[2] * scale, top + box[3] * scale]
            number = int(faces.track_ids[row])
            who = f"{title(number)}: " if title else ""
            self._mark_one(corners, emotions, row, who, strong=number == chosen or len(faces) == 1)

    def destroy(self) -> None:
        """Free the picture here: left to the garbage collector, it may be freed on another thread."""
        self._photo = None
        super().destroy()

    def _corner(self) -> tuple[float, float]:
        return (self.winfo_width() - self._size_wh[0]) / 2, (self.winfo_height() - self._size_wh[1]) / 2

    def _mark_one(self, corners: list[float], emotions: Emotions, row: int, who: str, *, strong: bool) -> None:
        label = emotions.labels[row]
        old = ago(float(emotions.age_s[row]))
        colour = hex_colour(GREY if old else colour_of(label))
        px = self._theme.px
        width = px(3 if strong else 2)
        self.create_rectangle(*corners, outline=hex_colour(OUTLINE), width=width + px(2), tags="face")
        self.create_rectangle(*corners, outline=colour, width=width, tags="face")
        how_sure = "" if label == UNCERTAIN else percent(emotions.confidence(row))
        text = f"{who}{label} {old or how_sure}".rstrip()
        item = self.create_text(
            corners[0] + px(5),
            corners[1] - px(6),
            text=text,
            anchor="sw",
            font=NORMAL,
            fill=_INK_ON_COLOUR,
            tags="face",
        )
        self._keep_inside(item)
        x0, y0, x1, y1 = self.bbox(item)
        pad = px(4)
        self.create_rectangle(
            x0 - pad, y0 - pad // 2, x1 + pad, y1 + pad // 2, fill=colour, outline=hex_colour(OUTLINE), tags="face"
        )
        self.tag_raise(item)

    def _keep_inside(self, item: int) -> None:
        x0, y0, x1, _ = self.bbox(item)
        pad = self._theme.px(6)
        over_x = min(0, self.winfo_width() - pad - x1) + max(0, pad - x0)
        self.move(item, over_x, max(0, pad - y0))

    def _resized(self, event: tk.Event[tk.Misc]) -> None:
        middle = event.width / 2, event.height / 2
        self.coords(self._image, *middle)
        self.coords(self._note, *middle)
        self.itemconfigure(self._note, width=max(1, event.width - self._theme.px(40)))
        self.delete("face")
        self._on_room((max(1, event.width), max(1, event.height)))


class Bars(ttk.Frame):
    """What one face shows: the label, how sure it is, and a bar for each of the six emotions."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._label = ttk.Label(self, style="Large.TLabel", text=" ")
        self._reason = ttk.Label(self, style="Dim.TLabel", text=" ", wraplength=theme.px(280))
        self._label.pack(anchor="w")
        self._reason.pack(anchor="w")
        px = theme.px
        self._row_px, self._name_px, self._bar_px, self._end_px = px(24), px(92), px(130), px(52)
        width = self._name_px + self._bar_px + self._end_px
        self._canvas = tk.Canvas(
            self,
            width=width,
            height=self._row_px * len(EMOTIONS),
            background=theme.palette.ground,
            highlightthickness=0,
            takefocus=0,
        )
        self._canvas.pack(anchor="w", pady=(px(6), 0))
        self._seen: dict[int, tuple[int, str, bool]] = {}
        self._rows = [self._make_row(number, emotion) for number, emotion in enumerate(EMOTIONS)]
        self.clear("")

    def show(self, emotions: Emotions, row: int) -> None:
        """Show row `row` of `emotions`."""
        label = emotions.labels[row]
        shares = emotions.probabilities[row].tolist()
        if label == UNCERTAIN:
            self._label.configure(text=label, foreground=hex_colour(GREY) if self._dark else self._theme.palette.dim)
            self._reason.configure(text=emotions.reasons[row] or " ")
        else:
            self._label.configure(text=label, foreground=self._theme.palette.ink)
            old = ago(float(emotions.age_s[row]))
            self._reason.configure(text=f"{percent(emotions.confidence(row))} sure" + (f", {old}" if old else ""))
        for number, share in enumerate(shares):
            self._set(number, share, percent(share), strong=EMOTIONS[number] == label)

    def clear(self, why: str) -> None:
        """Show only a line with the reason."""
        self._label.configure(text=why or " ", foreground=self._theme.palette.dim)
        self._reason.configure(text=" ")
        for number in range(len(EMOTIONS)):
            self._set(number, 0.0, "", strong=False)

    @property
    def _dark(self) -> bool:
        return self._theme.palette.name == "dark"

    def _make_row(self, number: int, emotion: str) -> tuple[int, int, int]:
        canvas, look, px = self._canvas, self._theme.palette, self._theme.px
        top, bottom = number * self._row_px + px(4), (number + 1) * self._row_px - px(4)
        middle = (top + bottom) / 2
        name = canvas.create_text(0, middle, text=emotion, anchor="w", font=NORMAL, fill=look.ink)
        left, right = self._name_px, self._name_px + self._bar_px
        canvas.create_rectangle(left, top, right, bottom, fill=look.trough, outline=look.line)
        bar = canvas.create_rectangle(left, top, left, bottom, fill=hex_colour(colour_of(emotion)), outline=look.line)
        share = canvas.create_text(right + self._end_px - px(2), middle, anchor="e", font=NORMAL, fill=look.ink)
        return name, bar, share

    def _set(self, number: int, share: float, text: str, *, strong: bool) -> None:
        right_px = round(self._bar_px * share)
        # Thirty times a second: what looks as before is not drawn again.
        if self._seen.get(number) == (right_px, text, strong):
            return
        self._seen[number] = (right_px, text, strong)
        name, bar, value = self._rows[number]
        canvas, look = self._canvas, self._theme.palette
        left, top, _, bottom = canvas.coords(bar)
        canvas.coords(bar, left, top, left + right_px, bottom)
        canvas.itemconfigure(bar, state="normal" if share >= 0.005 else "hidden")
        canvas.itemconfigure(value, text=text, fill=look.ink if strong else look.dim)
        canvas.itemconfigure(name, fill=look.ink if strong else look.dim)


def largest_face(faces: Faces) -> int | None:
    """Return the row of the face that takes most of the picture; `None` where there is no face."""
    if not len(faces):
        return None
    sides = faces.boxes_xyxy[:, 2:] - faces.boxes_xyxy[:, :2]
    return int(sides.prod(axis=1).argmax())
