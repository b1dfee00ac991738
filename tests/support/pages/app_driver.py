"""Drives the desktop program on a display of its own; `conftest` makes these fixtures known to every test."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.core.config import PipelineConfig
from tests.support.clocks import until

if TYPE_CHECKING:
    from realtime.app.window import App

WORKERS = {"capture", "landmarks", "classify", "analysis", "player", "export", "live", "cameras", "recorder"}
WORKERS |= {"queue", "listing", "reopen", "opening", "looking"}


@contextlib.contextmanager
def virtual_display(size: str = "1920x1080x24") -> Iterator[str]:
    """Start Xvfb, yield the display's name, end it. Skips the test where Xvfb is missing."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    try:
        if not number:
            pytest.skip("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def x_display() -> Iterator[str]:
    """One for all: Xlib ends the program when a window is made after a display that it knew has gone."""
    with virtual_display() as name:
        yield name


class Driver:
    """Lets the program run until something is so, and presses its keys."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.boxes: list[tuple[str, str]] = []

    def until(self, is_so: Callable[[], object], limit_s: float = 40.0) -> None:
        def is_so_now() -> object:
            if not self.app.ended:
                self.app.root.update()
            return is_so()

        until(is_so_now, limit_s)

    def on(self, name: str, limit_s: float = 40.0) -> object:
        self.until(lambda: type(self.app.screen).__name__ == name, limit_s)
        return self.app.screen

    def press(self, key: str) -> None:
        self.app.root.update()
        widget = self.app.root.focus_get() or self.app.root
        widget.focus_force()
        self.app.root.update()
        widget.event_generate(f"<{key}>")
        self.app.root.update()


@pytest.fixture
def drive(x_display, weights, monkeypatch, tmp_path_factory) -> Iterator[Driver]:
    tk = pytest.importorskip("tkinter", reason="this Python has no Tk")
    from realtime.app.views import dialogs
    from realtime.app.window import App

    monkeypatch.setenv("DISPLAY", x_display)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    root = tk.Tk(className="Emotion-live")
    driver = Driver(App(root, PipelineConfig(weights=weights)))
    for kind in ("showerror", "showwarning"):
        monkeypatch.setattr(dialogs.messagebox, kind, lambda title, text, **_: driver.boxes.append((title, text)))
    yield driver
    monkeypatch.setattr(dialogs.messagebox, "askyesno", lambda *_, **__: True)
    if not driver.app.ended:
        driver.app.quit()
        driver.until(lambda: driver.app.ended)
    # Here and now: what is left of a window must not be freed on the next one's threads.
    del driver.app, root
    gc.collect()


def answer(monkeypatch, question: str, path: Path) -> None:
    from realtime.app.views import dialogs

    monkeypatch.setattr(dialogs.filedialog, question, lambda **_: str(path))


def running_workers() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & WORKERS


def descendants(widget) -> Iterator[object]:
    for child in widget.winfo_children():
        yield child
        yield from descendants(child)
