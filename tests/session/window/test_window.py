"""The window: keys, its close button, and machines without a display. Windows open in other processes, under Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from realtime.core.errors import ConfigError
from realtime.session import window as display
from realtime.session.window import KEYS, Key, Window, display_available, first_size_wh

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named by X11 on Linux only")

SHOW = """
import sys, time
import numpy as np
from realtime.session.window import Window
window = Window("probe")
picture = np.full((2160, 3840, 3), (40, 120, 200), np.uint8)
deadline = time.monotonic() + 20
shown = 0
while time.monotonic() < deadline:
    key = window.show(picture)
    shown += 1
    if shown == 10:
        print("ready", flush=True)
    if key is not None:
        print(key.name if hasattr(key, "name") else f"{key.x} {key.y} {key.dragged}", flush=True)
        if getattr(key, "name", "") == "QUIT":
            break
    time.sleep(0.01)
window.close()
window.close()
print("after", window.show(picture).name, flush=True)
"""

# What a window manager sends when somebody clicks on the close button.
CLICK_CLOSE = """
import ctypes, sys
class Message(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
                ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong),
                ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("rest", ctypes.c_long * 24)]
x11 = ctypes.CDLL("libX11.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XInternAtom.restype = ctypes.c_ulong
x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
x11.XSync.argtypes = [ctypes.c_void_p, ctypes.c_int]
server = x11.XOpenDisplay(None)
window = int(sys.argv[1])
message = Message(type=33, window=window, message_type=x11.XInternAtom(server, b"WM_PROTOCOLS", 0), format=32)
message.data[0] = x11.XInternAtom(server, b"WM_DELETE_WINDOW", 0)
x11.XSendEvent(server, window, 0, 0, ctypes.byref(message))
x11.XSync(server, 0)
"""


@pytest.fixture
def x_server(x_display):
    """The name of a display of our own, and the tool that presses its keys."""
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool is not installed")
    return x_display


def environment(**changes):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "WAYLAND_", "DISPLAY"))}
    return {**kept, **changes}


def python(code, *arguments, **changes):
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, env=environment(**changes), capture_output=True, text=True, timeout=60, check=False)


def tool(name, *arguments):
    done = subprocess.run(
        ["xdotool", *arguments], env=environment(DISPLAY=name), capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.split()


@pytest.fixture
def shown(x_server):
    """A process that shows pictures, and the number of its window."""
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW],
        env=environment(DISPLAY=x_server),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().strip() == "ready", process.stderr.read()
        yield process, tool(x_server, "search", "--name", "^probe$")[-1]
    finally:
        process.kill()
        process.communicate()


def test_keys_reach_the_program_and_q_ends_it(shown, x_server):
    process, _ = shown
    wanted = {
        "r": Key.TOGGLE_RECORDING,
        "space": Key.PAUSE,
        "L": Key.TOGGLE_LANDMARKS,
        "F1": Key.TOGGLE_HELP,
        "question": Key.TOGGLE_HELP,
        "q": Key.QUIT,
    }
    for name, key in wanted.items():
        tool(x_server, "key", name)
        assert process.stdout.readline().strip() == key.name
    assert process.stdout.readline().strip() == "after QUIT"
    assert process.wait(20) == 0
    assert process.stderr.read().strip() == ""


def test_arrows_seek_and_shift_makes_them_go_further(shown, x_server):
    process, _ = shown
    names = {"Left": "BACK", "Right": "FORWARD", "Home": "RESTART", "comma": "BACK", "greater": "FAR_FORWARD"}
    for name, wanted in names.items():
        tool(x_server, "key", name)
        assert process.stdout.readline().strip() == wanted
    tool(x_server, "keydown", "shift")
    for name, wanted in {"Left": "FAR_BACK", "Right": "FAR_FORWARD"}.items():
        tool(x_server, "key", name)
        assert process.stdout.readline().strip() == wanted
    tool(x_server, "keyup", "shift")
    tool(x_server, "key", "Left")
    assert process.stdout.readline().strip() == "BACK"


def test_clicks_come_in_pixels_of_the_picture_whatever_size_the_window_has(shown, x_server):
    process, window = shown
    # 3840 x 2160 is shown in 1280 x 720.
    for place in ((100, 50), (1200, 700)):
        tool(x_server, "mousemove", "--window", window, *map(str, place))
        time.sleep(0.2)
        tool(x_server, "click", "1")
        x, y, dragged = process.stdout.readline().split()
        assert (int(x), int(y)) == pytest.approx((3 * place[0], 3 * place[1]), abs=12)
        assert dragged == "False"
    tool(x_server, "mousedown", "1")
    assert process.stdout.readline().split()[2] == "False"
    tool(x_server, "mousemove", "--window", window, "600", "350")
    line = process.stdout.readline().split()
    assert (int(line[0]), int(line[1]), line[2]) == (pytest.approx(1800, abs=12), pytest.approx(1050, abs=12), "True")
    tool(x_server, "mouseup", "1")


def test_the_close_button_ends_it(shown, x_server):
    process, window = shown
    done = python(CLICK_CLOSE, window, DISPLAY=x_server)
    assert done.returncode == 0, done.stderr
    assert process.stdout.readline().strip() == "QUIT"
    assert process.stdout.readline().strip() == "after QUIT"
    assert process.wait(20) == 0


def test_a_4k_picture_gets_a_window_that_fits_the_screen(shown, x_server):
    _, window = shown
    lines = tool(x_server, "getwindowgeometry", "--shell", window)
    sides = dict(line.split("=") for line in lines)
    assert (sides["WIDTH"], sides["HEIGHT"]) == ("1280", "720"), "as first_size_wh says"


@linux_only
def test_a_display_that_is_not_there_is_noticed_and_kills_nothing():
    code = """
        import os, sys
        from realtime.session.window import Window, display_available
        from realtime.core.errors import ConfigError
        for name in sys.argv[1:]:
            os.environ["DISPLAY"] = name
            print(display_available())
            try:
                Window()
            except ConfigError as error:
                print("\\n" not in str(error) and "--headless" in str(error))
    """
    names = (":7654", "nowhere.invalid:0", "127.0.0.1:64000", "nonsense", ":")
    done = python(code, *names)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "True"] * len(names)


def test_a_display_that_is_there_is_noticed(x_server, monkeypatch):
    monkeypatch.setenv("DISPLAY", x_server)
    assert display_available()


@linux_only
def test_no_display_at_all(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not display_available()
    with pytest.raises(ConfigError, match="--headless"):
        Window()


@pytest.mark.parametrize(("platform", "available"), [("win32", True), ("darwin", True)])
def test_other_systems_have_a_display(monkeypatch, platform, available):
    monkeypatch.setattr(display.sys, "platform", platform)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert display_available() is available


def test_an_opencv_without_windows_has_no_display(monkeypatch):
    monkeypatch.setattr(display.cv2, "getBuildInformation", lambda: "  GUI:              NONE\n")
    display._without_windows.cache_clear()
    try:
        assert not display_available()
    finally:
        display._without_windows.cache_clear()


def test_a_window_belongs_to_the_main_thread():
    caught = []

    def open_window():
        try:
            Window()
        except RuntimeError as error:
            caught.append(str(error))

    worker = threading.Thread(target=open_window)
    worker.start()
    worker.join()
    assert "main thread" in caught[0]


def test_every_wish_has_a_key():
    assert set(KEYS.values()) == set(Key)


@pytest.mark.parametrize(
    ("picture_wh", "wanted"),
    [
        ((3840, 2160), (1280, 720)),
        ((1280, 720), (1280, 720)),
        ((320, 240), (640, 480)),
        ((480, 908), (381, 720)),
        ((640, 360), (640, 360)),
    ],
)
def test_first_size(picture_wh, wanted):
    assert first_size_wh(picture_wh) == wanted
