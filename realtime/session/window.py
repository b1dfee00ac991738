"""OpenCV window with its key and mouse events; main thread only."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import socket
import subprocess
import sys
import threading

import cv2

from realtime.core.errors import ConfigError
from realtime.core.types import ImageArray
from realtime.session.keys import KEYS, Click, Key, key_of

__all__ = ["KEYS", "Click", "Key", "Window", "display_available", "first_size_wh"]

# Read by Qt when the first window opens. The wheel carries Qt's X11 plugin only: under Wayland Qt would look for
# another one, and say so, before it falls back.
_QT_SETTINGS = {"QT_LOGGING_RULES": "*.debug=false;*.info=false;*.warning=false", "QT_QPA_PLATFORM": "xcb"}
_FIRST_SIZE_WH = (1280, 720)
_SMALLEST_WIDTH_PX = 640
_CONNECT_TIMEOUT_S = 3.0
_PROBE_TIMEOUT_S = 20.0
_X_TCP_PORT = 6000
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.destroyAllWindows()"


class Window:
    """Window that shows pictures and returns key and mouse events. Main thread only.

    Args:
        title: `str`, its name on the screen.
        size_wh: its first size in pixels; `None` fits the first picture to an ordinary screen. It can be resized.

    Raises:
        ConfigError: no window can be opened here.
        RuntimeError: not called on the main thread.
    """

    def __init__(self, title: str = "emotion-live", size_wh: tuple[int, int] | None = None) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a window lives on the main thread; received a call on another one: open it there")
        if not display_available():
            shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "none"
            raise ConfigError(
                f"showing a window needs a display and an OpenCV with windows; received display {shown!r}: "
                "run with --headless, or on a desktop (over ssh: ssh -X)"
            )
        if os.environ.get("DISPLAY"):
            for setting, value in _QT_SETTINGS.items():
                os.environ.setdefault(setting, value)
        self._title = title
        self._size_wh = size_wh
        self._open = False
        self._closed = False
        self._seen = False
        self._click: Click | None = None

    def show(self, image_bgr: ImageArray) -> Key | Click | None:
        """Show `image_bgr`, `(H, W, 3) uint8`, and return what was asked for since the last call, if anything.

        Of several clicks the last one counts; a key comes before a click.

        Once the window was closed, by its own button or by `close`, every call returns `Key.QUIT` and shows nothing.
        """
        if self._closed or self._gone():
            self.close()
            return Key.QUIT
        if not self._open:
            self._create(image_bgr)
        cv2.imshow(self._title, image_bgr)
        # pollKey would leave Qt and GTK too little time to draw on some builds.
        # The whole code: arrow keys are 0xFF51 and on, and their low byte alone would read as Q, R and S.
        key = key_of(cv2.waitKeyEx(1))
        if key is not None:
            return key
        if self._gone():
            return Key.QUIT
        click, self._click = self._click, None
        return click

    def close(self) -> None:
        """Close the window; any number of times."""
        self._closed = True
        if not self._open:
            return
        self._open = False
        try:
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
        except cv2.error:
            # Its own close button was faster.
            return

    def _create(self, image_bgr: ImageArray) -> None:
        cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        size_wh = self._size_wh or first_size_wh((image_bgr.shape[1], image_bgr.shape[0]))
        cv2.resizeWindow(self._title, *size_wh)
        cv2.setMouseCallback(self._title, self._mouse)
        self._open = True

    def _mouse(self, event: int, x: int, y: int, flags: int, _: object) -> None:
        dragged = event == cv2.EVENT_MOUSEMOVE and bool(flags & cv2.EVENT_FLAG_LBUTTON)
        if dragged or event == cv2.EVENT_LBUTTONDOWN:
            # Where a drag began is where it is decided whose it is: it must not be forgotten for a later place.
            began = self._click is not None and not self._click.dragged
            self._click = Click(x, y, dragged and not began)

    def _gone(self) -> bool:
        """Return whether the window was seen on the screen and is no longer; some backends never say that it is."""
        if not self._open:
            return False
        try:
            visible = bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1)
        except cv2.error:
            visible = False
        self._seen = self._seen or visible
        return self._seen and not visible


def first_size_wh(picture_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the first size of a window for pictures of `picture_wh`: 4K fits a screen, 240p can be read."""
    width, height = picture_wh
    shrink = min(_FIRST_SIZE_WH[0] / width, _FIRST_SIZE_WH[1] / height)
    scale = min(shrink, max(1.0, _SMALLEST_WIDTH_PX / width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def display_available() -> bool:
    """Return whether a window can be opened.

    OpenCV's Qt ends the whole process where the X server cannot be reached, so this finds out in another way first:
    it connects as Qt would, or, where only Wayland is named, opens a window in another process.
    """
    if _without_windows():
        return False
    if not sys.platform.startswith("linux"):
        return True
    name = os.environ.get("DISPLAY", "")
    if name:
        return _x_answers(name)
    return bool(os.environ.get("WAYLAND_DISPLAY")) and _window_opens_elsewhere()


@functools.lru_cache(maxsize=1)
def _without_windows() -> bool:
    """Return whether this OpenCV was built without windows, as opencv-python-headless is."""
    found = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    return found is not None and found.group(1) == "NONE"


def _x_answers(name: str) -> bool:
    """Return whether the X server lets us in; Qt uses the same library and the same rights."""
    host, _, number = name.rpartition(":")
    if host and host != "unix" and not host.startswith("/") and not _port_open(host, number):
        return False
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        # Qt's plugin needs it as well.
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    refused = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not refused


def _port_open(host: str, number: str) -> bool:
    """Return whether a far display's port answers; X's own library would wait for minutes."""
    try:
        port = _X_TCP_PORT + int(number.split(".")[0])
        with socket.create_connection((host.rpartition("/")[2], port), timeout=_CONNECT_TIMEOUT_S):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def _window_opens_elsewhere() -> bool:
    try:
        command = [sys.executable, "-c", _PROBE]
        return subprocess.run(command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
