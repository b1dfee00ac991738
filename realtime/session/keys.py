"""Key and mouse bindings of the window, for the key codes of each window system that OpenCV supports."""

from __future__ import annotations

import ctypes
import enum
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Key(enum.Enum):
    """Commands of the window's keys."""

    QUIT = "quit"
    PAUSE = "pause"
    BACK = "a second back"
    FORWARD = "a second forward"
    FAR_BACK = "ten seconds back"
    FAR_FORWARD = "ten seconds forward"
    RESTART = "back to the start"
    TOGGLE_HUD = "toggle the line of facts"
    TOGGLE_TIMELINE = "toggle the timeline"
    TOGGLE_LANDMARKS = "toggle the landmarks"
    TOGGLE_RECORDING = "start or stop recording"
    SCREENSHOT = "save a picture"
    CALIBRATE = "take the faces in view as resting"
    TOGGLE_HELP = "show or hide the list of keys"


@dataclass(frozen=True, slots=True)
class Click:
    """The left button was pressed, or moved while it was down.

    Attributes:
        x: `int`, pixels of the shown picture, from its left edge.
        y: `int`, likewise from its top.
        dragged: `bool`, whether it was moved rather than pressed.
    """

    x: int
    y: int
    dragged: bool = False


KEYS = {
    "q": Key.QUIT,
    "\x1b": Key.QUIT,
    " ": Key.PAUSE,
    ",": Key.BACK,
    ".": Key.FORWARD,
    "<": Key.FAR_BACK,
    ">": Key.FAR_FORWARD,
    "0": Key.RESTART,
    "h": Key.TOGGLE_HUD,
    "t": Key.TOGGLE_TIMELINE,
    "l": Key.TOGGLE_LANDMARKS,
    "r": Key.TOGGLE_RECORDING,
    "s": Key.SCREENSHOT,
    "n": Key.CALIBRATE,
    "?": Key.TOGGLE_HELP,
}
"""Character -> what it asks for; capitals mean the same."""

KEY_LIST = (
    ("space", "pause, go on"),
    (", .", "1 second back or on; arrow keys, too"),
    ("< >", "10 seconds; shift and arrow keys, too"),
    ("0", "to the start; Home, too"),
    ("click", "on the timeline: go there"),
    ("t", "timeline on or off"),
    ("h", "status line on or off"),
    ("l", "landmarks and regions on or off"),
    ("r", "start or stop a recording"),
    ("s", "save a screenshot"),
    ("n", "take the faces of the next 5 s as resting"),
    ("?", "this list on or off; F1, too"),
    ("q", "quit; Esc, too"),
)
"""What the window's help says: keys, and what they do."""

_SHIFTED = {Key.BACK: Key.FAR_BACK, Key.FORWARD: Key.FAR_FORWARD}
# X11's key symbols, which GTK and Qt pass on; the second of each is that of the number pad.
_X11 = {
    0xFF51: Key.BACK,
    0xFF96: Key.BACK,
    0xFF53: Key.FORWARD,
    0xFF98: Key.FORWARD,
    0xFF50: Key.RESTART,
    0xFF95: Key.RESTART,
    0xFFBE: Key.TOGGLE_HELP,
}
# Windows: the virtual key in the upper half. macOS: the characters that Cocoa gives its function keys.
_WINDOWS = {0x250000: Key.BACK, 0x270000: Key.FORWARD, 0x240000: Key.RESTART, 0x700000: Key.TOGGLE_HELP}
_COCOA = {0xF702: Key.BACK, 0xF703: Key.FORWARD, 0xF729: Key.RESTART, 0xF704: Key.TOGGLE_HELP}
_GTK_SHIFT = 0x10000


def key_of(code: int, shift_held: Callable[[], bool] | None = None) -> Key | None:
    """Return what a code of `cv2.waitKeyEx` asks for.

    Args:
        code: `int`, negative for no key. GTK puts the modifiers into its upper half; Qt, Windows and macOS do not say
            whether shift is held.
        shift_held: asked about arrow keys then; by default the keyboard itself.
    """
    if code < 0:
        return None
    low = code & 0xFFFF
    arrow = _WINDOWS.get(code) or _X11.get(low) or _COCOA.get(low)
    if arrow is None:
        return KEYS.get(chr(low).lower())
    if arrow not in _SHIFTED:
        return arrow
    from_gtk = bool(low) and bool(code & _GTK_SHIFT)
    return _SHIFTED[arrow] if from_gtk or (shift_held or keyboard_shift_held)() else arrow


def keyboard_shift_held() -> bool:
    """Return whether shift is held down now, False where that is unknown."""
    try:
        if sys.platform == "win32":
            return bool(ctypes.windll.user32.GetAsyncKeyState(0x10) & 0x8000)
        if sys.platform == "darwin":
            return bool(_core_graphics().CGEventSourceFlagsState(0) & 0x20000)
        return _x11_shift_held()
    except (OSError, AttributeError):
        return False


@functools.lru_cache(maxsize=1)
def _core_graphics() -> Any:
    library = ctypes.CDLL("/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices")
    library.CGEventSourceFlagsState.restype = ctypes.c_uint64
    library.CGEventSourceFlagsState.argtypes = [ctypes.c_int32]
    return library


@functools.lru_cache(maxsize=1)
def _x11() -> tuple[Any, Any]:
    """Return Xlib and a connection of our own, kept for the process's life. Raises OSError."""
    library = ctypes.CDLL("libX11.so.6")
    library.XOpenDisplay.restype = ctypes.c_void_p
    library.XDefaultRootWindow.restype = ctypes.c_ulong
    library.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
    library.XQueryPointer.argtypes = [ctypes.c_void_p, ctypes.c_ulong, *[ctypes.c_void_p] * 7]
    display = library.XOpenDisplay(None)
    if not display:
        raise OSError("no X server")
    return library, ctypes.c_void_p(display)


def _x11_shift_held() -> bool:
    library, display = _x11()
    windows, places, mask = (ctypes.c_ulong * 2)(), (ctypes.c_int * 4)(), ctypes.c_uint()
    answers = [ctypes.byref(windows, n * ctypes.sizeof(ctypes.c_ulong)) for n in range(2)]
    answers += [ctypes.byref(places, n * ctypes.sizeof(ctypes.c_int)) for n in range(4)]
    library.XQueryPointer(display, library.XDefaultRootWindow(display), *answers, ctypes.byref(mask))
    return bool(mask.value & 1)
