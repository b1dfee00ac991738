"""Theme of the window: colors, fonts and sizes for each palette and zoom."""

from __future__ import annotations

import contextlib
import tkinter as tk
import tkinter.font as tkfont
from dataclasses import dataclass
from tkinter import ttk
from typing import Any

ZOOMS = (100, 125, 150, 175, 200, 250, 300)
"""Magnifications on offer, in percent."""

# Tk counts pixels per point; 96 pixels per inch are 100 %.
_PIXELS_PER_POINT = 96 / 72
_DOTS_PER_INCH = 96
# The rest of the screen is for title bar and panels.
_USABLE_HEIGHT = 0.93
_LINE_SHARE = 0.85
_POINTS = {
    "TkDefaultFont": 11,
    "TkTextFont": 11,
    "TkMenuFont": 11,
    "TkHeadingFont": 11,
    "TkCaptionFont": 12,
    "TkSmallCaptionFont": 10,
    "TkIconFont": 11,
    "TkTooltipFont": 10,
    "TkFixedFont": 11,
}
TITLE, LARGE, SMALL, NORMAL = "EmotionTitle", "EmotionLarge", "EmotionSmall", "TkDefaultFont"
_OWN_POINTS = {TITLE: 24, LARGE: 17, SMALL: 10}


@dataclass(frozen=True, slots=True)
class Palette:
    """The colors of a look, as Tk writes them; text on its ground has a contrast of 7 to 1 or more."""

    name: str
    ground: str
    raised: str
    pressed: str
    ink: str
    dim: str
    line: str
    trough: str
    accent: str
    picture: str


DARK = Palette(
    name="dark",
    ground="#1f2023",
    raised="#34363b",
    pressed="#44474d",
    ink="#f2f2f2",
    dim="#b9bbc0",
    line="#5d6067",
    trough="#3a3c41",
    accent="#7cc4ff",
    picture="#101012",
)
LIGHT = Palette(
    name="light",
    ground="#f3f3f1",
    raised="#ffffff",
    pressed="#e2e2df",
    ink="#1a1a1a",
    dim="#4d4d4d",
    line="#8c8c88",
    trough="#dcdcd8",
    accent="#005fb8",
    picture="#d8d8d4",
)


class Theme:
    """Applies palette and zoom to the whole program, and to widgets made afterwards.

    Args:
        root: the program's window.
        zoom: magnification in percent.
    """

    def __init__(self, root: tk.Tk, zoom: int = 100) -> None:
        self._root = root
        self.palette = DARK
        self.zoom = zoom
        for name in _OWN_POINTS:
            root.tk.call("font", "create", name)
        self.apply()

    def px(self, pixels: float) -> int:
        """Return a length that is `pixels` at 100 %, at the present magnification."""
        return max(1, round(pixels * self.zoom / 100))

    def wrap(self, pixels: float) -> int:
        """Return where lines of text are to end: like `px`, but never wider than the screen."""
        return min(self.px(pixels), round(_LINE_SHARE * self._root.winfo_screenwidth()))

    def apply(self) -> None:
        """Set fonts and styles; again after `zoom` or `palette` were changed."""
        self._root.tk.call("tk", "scaling", _PIXELS_PER_POINT * self.zoom / 100)
        family = tkfont.nametofont("TkDefaultFont", self._root).actual("family")
        for name, points in (_POINTS | _OWN_POINTS).items():
            # A size is turned into pixels when it is set, not when the scaling changes.
            tkfont.nametofont(name, self._root).configure(size=points)
            if name in (TITLE, LARGE):
                tkfont.nametofont(name, self._root).configure(family=family, weight="bold")
        self._style()
        self._options()

    def _style(self) -> None:
        look, style = self.palette, ttk.Style(self._root)
        style.theme_use("clam")
        style.configure(
            ".",
            background=look.ground,
            foreground=look.ink,
            fieldbackground=look.raised,
            bordercolor=look.line,
            lightcolor=look.raised,
            darkcolor=look.raised,
            troughcolor=look.trough,
            selectbackground=look.accent,
            selectforeground=look.ground,
            insertcolor=look.ink,
            focuscolor=look.accent,
            arrowcolor=look.ink,
            arrowsize=self.px(14),
            font=NORMAL,
        )
        style.map(".", foreground=[("disabled", look.line)])
        edges: dict[str, Any] = {edge: [("focus", look.accent)] for edge in ("bordercolor", "lightcolor", "darkcolor")}
        self._buttons(style, edges)
        style.configure("TCombobox", padding=self.px(4), background=look.raised)
        style.map(
            "TCombobox", fieldbackground=[("readonly", look.raised)], foreground=[("readonly", look.ink)], **edges
        )
        self._bars_and_tabs(style)
        style.configure("Title.TLabel", font=TITLE)
        style.configure("Large.TLabel", font=LARGE)
        style.configure("Dim.TLabel", foreground=look.dim)
        style.configure("Small.TLabel", foreground=look.dim, font=SMALL)

    def _bars_and_tabs(self, style: ttk.Style) -> None:
        look = self.palette
        style.configure("Horizontal.TProgressbar", background=look.accent, thickness=self.px(14))
        style.configure("TNotebook", background=look.ground, bordercolor=look.line)
        style.configure("TNotebook.Tab", background=look.ground, foreground=look.dim, padding=(self.px(10), self.px(4)))
        style.map(
            "TNotebook.Tab",
            background=[("selected", look.raised), ("active", look.pressed)],
            foreground=[("selected", look.ink), ("active", look.ink)],
            padding=[("selected", (self.px(10), self.px(4)))],
        )
        style.configure("TScrollbar", background=look.line)
        style.map("TScrollbar", background=[("disabled", look.trough), ("active", look.dim)])

    def _buttons(self, style: ttk.Style, edges: dict[str, Any]) -> None:
        look = self.palette
        style.configure("TButton", width=-6, padding=(self.px(12), self.px(6)), background=look.raised, anchor="center")
        grounds = [("disabled", look.ground), ("pressed", look.pressed), ("active", look.pressed)]
        style.map("TButton", background=grounds, **edges)
        style.configure("Main.TButton", background=look.accent, foreground=look.ground, focuscolor=look.ground)
        style.map(
            "Main.TButton",
            background=[("disabled", look.trough), ("pressed", look.ink), ("active", look.ink)],
            foreground=[("disabled", look.dim)],
            bordercolor=[("focus", look.ink)],
            lightcolor=[("focus", look.ink)],
            darkcolor=[("focus", look.ink)],
        )

    def _options(self) -> None:
        """Set what the older kind of widgets take: menus, lists, and those inside Tk's own dialogs."""
        look, root = self.palette, self._root
        root.configure(background=look.ground)
        for pattern, value in {
            "*Menu.background": look.raised,
            "*Menu.foreground": look.ink,
            "*Menu.activeBackground": look.accent,
            "*Menu.activeForeground": look.ground,
            "*Menu.selectColor": look.ink,
            "*Menu.borderWidth": "0",
            "*TCombobox*Listbox.background": look.raised,
            "*TCombobox*Listbox.foreground": look.ink,
            "*TCombobox*Listbox.selectBackground": look.accent,
            "*TCombobox*Listbox.selectForeground": look.ground,
            "*TCombobox*Listbox.font": NORMAL,
            "*Dialog.msg.wrapLength": f"{self.px(460)}",
            "*Dialog.msg.font": NORMAL,
            "*Dialog.dtl.wrapLength": f"{self.px(460)}",
        }.items():
            root.option_add(pattern, value)


def usable_wh(window: tk.Misc) -> tuple[int, int]:
    """Return what a window can have of the screen, in pixels."""
    return window.winfo_screenwidth(), round(_USABLE_HEIGHT * window.winfo_screenheight())


def screen_zoom() -> int:
    """Return the available zoom nearest to the screen's own setting, in percent. Raises TclError."""
    # The desktop's own setting is the X resource "Xft.dpi", which only a program of that class can read.
    probe = tk.Tk(className="Xft")
    probe.withdraw()
    try:
        asked = float(probe.tk.call("tk", "scaling")) / _PIXELS_PER_POINT
        with contextlib.suppress(ValueError):  # Not every desktop sets it.
            asked = max(asked, float(probe.tk.call("option", "get", ".", "dpi", "Dpi")) / _DOTS_PER_INCH)
    finally:
        probe.destroy()
    return min(ZOOMS, key=lambda zoom: abs(zoom - 100 * asked))
