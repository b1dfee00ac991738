"""Access keys: the underlined letter of each menu, entry and button, which Alt and that letter choose."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Collection, Iterator, Sequence
from tkinter import ttk

MENUS = ("File", "View", "Faces", "Help")
"""The menu bar; no button of a screen has one of its letters."""

# There are none on a Mac, where Alt and a letter write a special character.
_WANTED = sys.platform != "darwin"
# What follows in a button's text is the name of its other key.
_KEY_NAME = "   "


def underlines(labels: Sequence[str], taken: Collection[str] = ()) -> list[int]:
    """Return per label the place of its access key: of the first letter that no earlier one has, -1 if none is left.

    Args:
        labels: as they are shown.
        taken: letters that are not to be used, in lower case.
    """
    used, places = set(taken), []
    for label in labels:
        text = label.partition(_KEY_NAME)[0].lower()
        starts = [place for place in range(len(text)) if place == 0 or text[place - 1] == " "]
        order = [*starts, *(place for place in range(len(text)) if place not in starts)]
        place = next((place for place in order if text[place].isalpha() and text[place] not in used), -1)
        places.append(place)
        used.update(text[place : place + 1] if place >= 0 else "")
    return places


def underline_menu(menu: tk.Menu) -> None:
    """Give every entry of a menu its access key."""
    last = menu.index("end")
    entries = [n for n in range(0 if last is None else last + 1) if menu.type(n) != "separator"]
    labels = [str(menu.entrycget(entry, "label")) for entry in entries]
    for entry, place in zip(entries, underlines(labels), strict=True):
        menu.entryconfigure(entry, underline=place)


def underline_buttons(parent: tk.Misc) -> None:
    """Give every button within a widget its access key; again when a text was changed."""
    if not _WANTED:
        return
    of_menus = {menu[place].lower() for menu, place in zip(MENUS, underlines(MENUS), strict=True)}
    buttons = list(_buttons(parent))
    labels = [str(button.cget("text")) for button in buttons]
    for button, place in zip(buttons, underlines(labels, of_menus), strict=True):
        button.configure(underline=place)


def press(parent: tk.Misc, letter: str) -> None:
    """Press the button within a widget that has this access key, if it is shown and enabled."""
    for button in _buttons(parent):
        place = int(button.cget("underline"))
        if place >= 0 and str(button.cget("text"))[place].lower() == letter.lower() and button.winfo_viewable():
            button.focus_set()
            button.invoke()
            return


def _buttons(parent: tk.Misc) -> Iterator[ttk.Button]:
    for child in parent.winfo_children():
        if isinstance(child, ttk.Button):
            yield child
        yield from _buttons(child)
