"""A headless Chromium for tests, steered over a pair of pipes: no driver, no web socket, no port."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--mute-audio",
    "--remote-debugging-pipe",
)
# The browser reads commands from descriptor 3 and answers on 4, whatever numbers the pipes have here.
_START = (
    "import fcntl, os, sys\n"
    "ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]\n"
    "os.dup2(ends[0], 3)\n"
    "os.dup2(ends[1], 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)
_ANSWER_S = 30.0
_HELD_TIMERS = """
window.heldTimers = new Map();
let timerCount = 0;
window.setTimeout = (run) => { timerCount += 1; heldTimers.set(timerCount, run); return timerCount; };
window.clearTimeout = (number) => heldTimers.delete(number);
window.fireTimers = () => { const due = [...heldTimers.values()]; heldTimers.clear(); due.forEach((run) => run()); };
"""


def find() -> str | None:
    """The browser's program, or `None`."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Chromium:
    """One browser; `Tab`s are opened in it."""

    def __init__(self, program: str, profile: Path) -> None:
        (to_read, self._write), (self._read, to_write) = os.pipe(), os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(to_read), str(to_write), program, *_FLAGS, f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_read, to_write),
        )
        os.close(to_read)
        os.close(to_write)
        self._numbers = itertools.count(1)
        self._pending = b""
        self._events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer; what happens meanwhile is kept for `events`."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + _ANSWER_S
        while True:
            answer = self._next(until - time.monotonic())
            assert answer is not None, f"{method} was not answered"
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._events.append(answer)

    def events(self, session: str) -> list[dict[str, Any]]:
        """What a tab has told until now."""
        while (event := self._next(0.0)) is not None:
            self._events.append(event)
        return [event for event in self._events if event.get("sessionId") == session]

    def close(self) -> None:
        os.close(self._write)  # without its pipe the browser ends
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def _next(self, timeout_s: float) -> dict[str, Any] | None:
        until = time.monotonic() + timeout_s
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            data = os.read(self._read, 1 << 20) if ready else b""
            if not data:
                return None
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\0")
        return json.loads(line)


class Tab:
    """One page: what it says, what it asks the network for, how it looks."""

    def __init__(self, browser: Chromium, size_wh: tuple[int, int] = (1280, 900), scale: float = 1.0) -> None:
        self._browser = browser
        self._target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(size_wh, scale)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def resize(self, size_wh: tuple[int, int], scale: float = 1.0) -> None:
        width, height = size_wh
        mobile = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str, timeout_s: float = 15.0) -> Any:
        """Wait until a JavaScript expression is true and return its value; while a page loads it may well fail."""
        script = f"(() => {{ try {{ return {script}; }} catch {{ return false; }} }})()"
        until = time.monotonic() + timeout_s
        while not (value := self.evaluate(script)):
            assert time.monotonic() < until, f"never true: {script}; the page says {self.complaints()}"
            time.sleep(0.01)
        return value

    def hold_timers(self) -> None:
        """In the pages that are opened from now on nothing happens by time but what `fireTimers()` lets happen."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=_HELD_TIMERS)

    def complaints(self) -> list[str]:
        """Errors and warnings on the page's console."""
        said = []
        for event in self._browser.events(self._session):
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                said.append(json.dumps(params["exceptionDetails"]))
            elif event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                said.append(json.dumps(params["args"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                said.append(params["entry"]["text"])
        return said

    def requests(self) -> list[str]:
        """Addresses that the page asked for, in order; data that it carries itself is left out."""
        asked = [e for e in self._browser.events(self._session) if e["method"] == "Network.requestWillBeSent"]
        return [url for event in asked if not (url := event["params"]["request"]["url"]).startswith("data:")]

    def screenshot(self, path: Path, *, whole: bool = False) -> Path:
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))
        return path

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)
