"""Takes the pictures of the documentation from the demo clip: `make pictures`.

The window, the desktop program, the report and the page are run as a user runs them, on a display of their own, and
their pictures replace those in docs/. It takes about a minute; look at them before you commit them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Run as a file, Python's path begins with scripts/.
sys.path.insert(0, str(ROOT))

import av  # noqa: E402
import cv2  # noqa: E402
import numpy as np  # noqa: E402

from demo import CLIP_PATH  # noqa: E402
from tests.support.pages.app_driver import Driver, descendants  # noqa: E402
from tests.support.pages.chromium import Chromium, Tab, find  # noqa: E402

# In mid-surprise.
MOMENT_S = 6
RUN = [sys.executable, str(ROOT / "run_live.py"), str(CLIP_PATH)]
_LIMIT_S = 120.0
_JPEG_QUALITY = 88


def missing() -> list[str]:
    """Return the programs that are needed here and not there."""
    programs = {"Xvfb": shutil.which("Xvfb"), "xdotool": shutil.which("xdotool"), "chromium": find()}
    return [name for name, path in programs.items() if not path]


def save(image_bgr: np.ndarray, path: Path) -> None:
    """Write a picture, `(H, W, 3) uint8`; a PNG in 256 colors, which is a third of its size."""
    if path.suffix == ".jpg":
        cv2.imwrite(str(path), image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return
    height, width = image_bgr.shape[:2]
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format="bgr24", time_base=Fraction(1, 1))
    parts, palette, use = graph.add("split"), graph.add("palettegen"), graph.add("paletteuse", "dither=none")
    sink = graph.add("buffersink")
    source.link_to(parts)
    parts.link_to(palette, 0, 0)
    parts.link_to(use, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(av.VideoFrame.from_ndarray(image_bgr, "bgr24"))
    graph.push(None)
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as file:
        stream = file.add_stream("png", options={"compression_level": "9"})
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        file.mux(stream.encode(graph.pull()))
        file.mux(stream.encode())


def wait_for(what: str, is_so: Callable[[], object]) -> object:
    """Wait until something is so. Raises SystemExit: it never was."""
    until_s = time.monotonic() + _LIMIT_S
    while not (value := is_so()):
        if time.monotonic() > until_s:
            sys.exit(f"error: waited {_LIMIT_S:g} s for {what}; run what is shown by hand, and see what it says")
        time.sleep(0.02)
    return value


@contextlib.contextmanager
def display() -> Iterator[str]:
    """Start a display, and yield its name."""
    reading, writing = os.pipe()
    # -noreset: else it begins anew whenever xdotool, for a moment its only client, has left.
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            sys.exit("error: Xvfb did not start; run it by hand, and see what it says")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(20)


@contextlib.contextmanager
def program(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the program on the demo clip, and end it."""
    started = subprocess.Popen(
        [*RUN, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


def window(folder: Path) -> np.ndarray:
    """The window in mid-surprise: the screenshot that its key takes."""
    search = ["xdotool", "search", "--name", f"emotion-live: {CLIP_PATH.name}"]
    with program(folder=folder):

        def number() -> str:
            return subprocess.run(search, capture_output=True, text=True, check=False).stdout.strip()

        opened = str(wait_for("the window", number)).splitlines()[0]
        time.sleep(MOMENT_S)
        subprocess.run(["xdotool", "windowfocus", opened, "key", "s"], check=True)
        taken = wait_for("the screenshot", lambda: list(folder.glob("emotion-live-*.png")))
        return cv2.imread(str(taken[0]))  # type: ignore[index]


def desktop(_folder: Path) -> np.ndarray:
    """The desktop program's player, paused in mid-surprise."""
    import tkinter as tk

    from realtime.app.window import App

    driver = Driver(App(tk.Tk(className="Emotion-live")))
    root = driver.app.root
    root.geometry("+0+0")

    def texts() -> list[str]:
        return [str(widget.cget("text")) for widget in descendants(root) if "text" in widget.keys()]  # noqa: SIM118

    driver.app.open_video(CLIP_PATH)
    driver.on("PlayerScreen", _LIMIT_S)
    for key in ("space", "Home", *["Right"] * MOMENT_S):
        driver.press(key)
    driver.until(lambda: any(text.startswith(f"0:{MOMENT_S:02d}") for text in texts()), _LIMIT_S)
    driver.until(lambda: any(text.endswith("% sure") for text in texts()), _LIMIT_S)
    # From the display's corner on: the menu is above what Tk calls the window.
    picture = grabbed(root.winfo_rootx() + root.winfo_width(), root.winfo_rooty() + root.winfo_height())
    driver.app.quit()
    driver.until(lambda: driver.app.ended)
    return picture


def grabbed(width: int, height: int) -> np.ndarray:
    """The upper left corner of the display, as pixels."""
    options = {"video_size": f"{width & ~1}x{height & ~1}", "draw_mouse": "0"}
    with av.open(os.environ["DISPLAY"], format="x11grab", options=options) as display:
        return next(display.decode(video=0)).to_ndarray(format="bgr24")


def report(folder: Path) -> np.ndarray:
    """The top of the report, light and dark."""
    subprocess.run([*RUN, "--headless", "--report", "report.html"], cwd=folder, check=True, capture_output=True)
    looks = []
    with tab((1080, 1900), folder) as page:
        for scheme in ("light", "dark"):
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            page.open((folder / "report.html").as_uri())
            page.wait_for("document.readyState === 'complete' && document.body.innerText.length > 100")
            looks.append(cv2.imread(str(page.screenshot(folder / f"{scheme}.png"))))
    return cv2.resize(np.hstack(looks), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)


def phone_page(folder: Path) -> np.ndarray:
    """The live page on a phone."""
    return live_page(folder, (360, 740), 4 / 3)


def live_page(folder: Path, size_wh: tuple[int, int] = (1280, 896), scale: float = 1.0) -> np.ndarray:
    """The live page in mid-surprise."""
    with tab(size_wh, folder, scale) as page, program("--headless", "--serve", "127.0.0.1:0", folder=folder) as served:
        assert served.stdout is not None
        address = next((found[0] for line in served.stdout if (found := re.search(r"http://\S+", line))), "")
        if not address:
            sys.exit("error: the page was not served; `make setup-serve` installs what it needs")
        page.open(address)
        surprise = "document.querySelector('[data-person]').innerText.split('\\n').slice(0, 2).includes('surprise')"
        page.wait_for(surprise, _LIMIT_S)
        time.sleep(0.7)
        return cv2.imread(str(page.screenshot(folder / "page.png")))


@contextlib.contextmanager
def tab(size_wh: tuple[int, int], folder: Path, scale: float = 1.0) -> Iterator[Tab]:
    """A browser with one page."""
    browser = Chromium(str(find()), folder / "profile")
    try:
        yield Tab(browser, size_wh, scale)
    finally:
        browser.close()


PICTURES = {
    "window.png": window,
    "desktop.png": desktop,
    "report.png": report,
    "serve.jpg": live_page,
    "serve-phone.jpg": phone_page,
}


def main(out: Path = ROOT / "docs") -> None:
    """Take all pictures, then replace those of `out`."""
    if names := missing():
        sys.exit(f"error: {', '.join(names)} is needed and not here; scripts/system-packages.sh window installs it")
    with tempfile.TemporaryDirectory() as temporary, display() as name:
        os.environ["DISPLAY"] = name
        os.environ.pop("WAYLAND_DISPLAY", None)
        # The desktop program remembers look and size: not those of whoever takes the pictures.
        os.environ["XDG_DATA_HOME"] = temporary
        taken = {}
        for file, take in PICTURES.items():
            folder = Path(temporary) / file
            folder.mkdir()
            taken[file] = take(folder)
            print(f"{file}: {taken[file].shape[1]} x {taken[file].shape[0]}")
        for file, picture in taken.items():
            save(picture, out / file)
    print(f"the pictures are in {out}: look at them")


if __name__ == "__main__":
    main()
