"""Menu bar and key bindings: every action is in a menu, with its key."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable
from functools import partial
from tkinter import ttk

from realtime.app.jobs.save_kinds import Kind
from realtime.app.screens.host import AppHost
from realtime.app.views.access_keys import MENUS, press, underline_menu
from realtime.app.views.theme import DARK, LIGHT
from realtime.core.options import FaceStyle

ON_MAC = sys.platform == "darwin"
_MODIFIER = "Command" if ON_MAC else "Control"
KEYS_HELP = (
    ("Space", "play or pause"),
    ("Left, Right", "1 second back or on; with Shift 10 seconds"),
    (", and .", "one picture back or on"),
    ("Home, End", "first or last picture"),
    ("M", "sound off or on"),
    ("N", "with a camera: take the faces of the next 5 seconds as neutral"),
    ("Tab, Shift+Tab", "next or previous control; Space or Return presses it"),
    ("Page Up, Page Down", "scroll, where not everything fits into the window"),
    ("Esc", "cancel, stop or pause"),
    ("F10", "the menus; Alt with the underlined letter: that menu or button"),
    ("{0}O, {0}F, {0}K", "open videos, the videos of a folder, use a camera"),
    ("{0}V", "open the files that were copied in a file manager"),
    ("{0}R, {0}T, {0}E", "save a recording, a table, a report"),
    ("{0}+, {0}-, {0}0", "larger, smaller, as the screen asks"),
    ("{0}L", "dark or light"),
    ("{0}Q", "exit"),
)
"""What the keys do; {0} stands for Ctrl+ or its like."""

# The focused widget needs these keys itself.
_OWN_KEYS: dict[type[tk.Misc], set[str]] = {
    ttk.Button: {"space"},
    ttk.Combobox: {"space", "Left", "Right", "Home", "End", "comma", "period"},
    tk.Listbox: {"space", "Left", "Right", "Home", "End"},
}
_PLAIN_KEYS = ("space", "Left", "Right", "Shift-Left", "Shift-Right", "comma", "period", "Home", "End", "F5", "m", "n")


def key_name(letter: str) -> str:
    """Return how a key of the program is written: "Ctrl+O", on a Mac "⌘O"."""
    return f"⌘{letter}" if ON_MAC else f"Ctrl+{letter}"


class Menu:
    """Builds the menu bar and binds the keys.

    Args:
        app: the program.
    """

    def __init__(self, app: AppHost) -> None:
        self._app = app
        self._faces = tk.StringVar(app.root, FaceStyle.AS_THEY_ARE.value)
        self._keeps_recent = tk.BooleanVar(app.root, app.opening.keeps_recent)
        self._look = tk.StringVar(app.root, app.theme.palette.name)
        self._bar = tk.Menu(app.root)
        self.build()
        self._bind()

    @property
    def face_style(self) -> FaceStyle:
        """How recordings are to show faces."""
        return FaceStyle(self._faces.get())

    def build(self) -> None:
        """Build the menu bar; again after theme or size were changed."""
        app = self._app
        self._look.set(app.theme.palette.name)
        self._bar.destroy()
        self._bar = bar = tk.Menu(app.root, tearoff=False)
        file, view, faces, about = (tk.Menu(bar, tearoff=False) for _ in MENUS)
        self._add(file, "Open videos…", "O", app.opening.choose)
        self._add(file, "Open a folder…", "F", app.opening.choose_folder)
        self._add(file, "Paste files", "V", app.opening.paste)
        self._add(file, "Use a camera…", "K", app.choose_camera)
        file.add_command(label="Show the queue", command=app.opening.show_queue)
        file.add_separator()
        self._build_recent(file)
        file.add_separator()
        self._add(file, "Save recording…", "R", lambda: app.save(Kind.RECORDING))
        self._add(file, "Save table…", "T", lambda: app.save(Kind.TABLE))
        self._add(file, "Save report…", "E", lambda: app.save(Kind.REPORT))
        file.add_separator()
        self._add(file, "Exit", "Q", app.quit)
        self._build_view(view)
        for style in FaceStyle:
            text = f"Recordings show faces {style.value}"
            faces.add_radiobutton(label=text, variable=self._faces, value=style.value)
        for page in ("First steps", "The numbers", "Limits", "The law"):
            about.add_command(label=page, command=partial(app.show_help, page))
        about.add_command(label="Keys", accelerator="F1", command=partial(app.show_help, "Keys"))
        for name, menu in zip(MENUS, (file, view, faces, about), strict=True):
            bar.add_cascade(label=name, menu=menu)
            underline_menu(menu)
        underline_menu(bar)
        app.root.configure(menu=bar)

    def _build_recent(self, file: tk.Menu) -> None:
        opening = self._app.opening
        self._keeps_recent.set(opening.keeps_recent)
        file.add_checkbutton(
            label="Keep a list of recent analyses",
            variable=self._keeps_recent,
            command=lambda: opening.set_keeps_recent(self._keeps_recent.get()),
        )
        file.add_command(label="Clear the list…", command=opening.clear_recent)

    def _build_view(self, view: tk.Menu) -> None:
        app = self._app
        self._add(view, "Larger", "+", lambda: app.zoom_by(1))
        self._add(view, "Smaller", "-", lambda: app.zoom_by(-1))
        self._add(view, "As the screen asks", "0", lambda: app.zoom_by(0))
        view.add_separator()
        for palette in (DARK, LIGHT):
            view.add_radiobutton(
                label=palette.name.capitalize(),
                variable=self._look,
                value=palette.name,
                command=partial(app.set_look, palette),
                accelerator=key_name("L") if palette is not app.theme.palette else "",
            )

    def _add(self, menu: tk.Menu, label: str, letter: str, command: Callable[[], object]) -> None:
        menu.add_command(label=label, accelerator=key_name(letter), command=command)

    def _bind(self) -> None:
        app = self._app
        for keys, command in {
            "oO": app.opening.choose,
            "fF": app.opening.choose_folder,
            "vV": app.opening.paste,
            "kK": app.choose_camera,
            "rR": lambda: app.save(Kind.RECORDING),
            "tT": lambda: app.save(Kind.TABLE),
            "eE": lambda: app.save(Kind.REPORT),
            "lL": app.toggle_look,
            "qQ": app.quit,
            ("plus", "equal", "KP_Add"): lambda: app.zoom_by(1),
            ("minus", "KP_Subtract"): lambda: app.zoom_by(-1),
            ("0", "KP_0"): lambda: app.zoom_by(0),
        }.items():
            for key in keys:
                app.root.bind(f"<{_MODIFIER}-{'Key-' if key.isdigit() else ''}{key}>", self._calling(command))
        app.root.bind("<F1>", self._calling(partial(app.show_help, "Keys")))
        app.root.bind("<Escape>", self._calling(app.escape))
        for key in _PLAIN_KEYS:
            app.root.bind(f"<{key}>", lambda event, key=key: self._pressed(event, key))  # type: ignore[misc]
        if not ON_MAC:
            # M and N also by their names: the keys of those names alone would come first.
            for key in ("Key", "m", "n"):
                app.root.bind(f"<Alt-{key}>", self._chosen)
        for key in ("Return", "KP_Enter"):
            app.root.bind_class("TButton", f"<{key}>", lambda event: event.widget.event_generate("<space>"))

    def _calling(self, command: Callable[[], object]) -> Callable[[tk.Event[tk.Misc]], str | None]:
        def called(event: tk.Event[tk.Misc]) -> str | None:
            if self._elsewhere(event):
                return None
            command()
            return "break"

        return called

    def _chosen(self, event: tk.Event[tk.Misc]) -> None:
        """Press the button with this access key; the menus' own keys are Tk's work."""
        if len(event.keysym) == 1 and not self._elsewhere(event):
            press(self._app.screen.body, event.keysym)

    def _pressed(self, event: tk.Event[tk.Misc], key: str) -> str | None:
        own = next((keys for kind, keys in _OWN_KEYS.items() if isinstance(event.widget, kind)), set())
        if self._elsewhere(event) or key in own:
            return None
        return "break" if self._app.pressed(key) else None

    def _elsewhere(self, event: tk.Event[tk.Misc]) -> bool:
        """Return whether the key was pressed in another window, such as a file dialog."""
        return not isinstance(event.widget, tk.Misc) or event.widget.winfo_toplevel() is not self._app.root
