"""What the desktop program draws and says without a window: strips, clocks, sizes, and what is missing for one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from realtime.app.jobs.analyse import Progress
from realtime.app.jobs.preview_image import fit, ppm
from realtime.app.views.timeline_image import label_at, strip_image
from realtime.app.views.wording import duration
from tests.support.values.analysed import moment, results_of

pytestmark = pytest.mark.timeout(60)


def test_a_strip_has_the_labels_colours_where_the_person_was_seen() -> None:
    frames = [moment(n / 10, {1: "anger"} if n < 50 else {1: "uncertain"} if n < 80 else {}) for n in range(100)]
    results = results_of(frames)
    strip = strip_image(results, 1, (200, 20), (1, 2, 3))
    assert strip.shape == (20, 200, 3)
    assert strip[-1, 20].tolist() == [213, 94, 0]
    assert {tuple(colour) for colour in strip[-1, 110:150].tolist()} == {(160, 160, 160), (96, 96, 96)}
    assert (strip[:, 175:] == (1, 2, 3)).all()
    assert label_at(results, 1, 2.0) == ("anger", pytest.approx(0.9))
    assert label_at(results, 1, 9.0) is None


def test_a_strip_of_few_frames_has_no_holes() -> None:
    strip = strip_image(results_of([moment(n / 5, {1: "fear"}) for n in range(10)]), 1, (400, 10), (0, 0, 0))
    assert (strip[-1] == (204, 121, 167)).all()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "less than a second"), (8.4, "8 s"), (125, "2 min 05 s"), (3840, "1 h 04 min")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_time_left_is_said_only_when_it_is_known() -> None:
    assert Progress(10, None, 5.0).left_s is None
    assert Progress(10, 0.5, 0.5).left_s is None
    assert Progress(10, 0.25, 5.0).left_s == pytest.approx(15.0)


def test_pictures_fit_and_keep_their_proportions() -> None:
    assert fit((1920, 1080), (640, 640)) == (640, 360)
    assert fit((10, 1000), (100, 100)) == (1, 100)
    image = np.zeros((2, 2, 3), np.uint8)
    image[:] = (255, 0, 0)
    assert ppm(image, (2, 2)) == b"P6 2 2 255\n" + bytes([0, 0, 255]) * 4


@pytest.mark.parametrize(
    ("code", "says"),
    [("sys.modules['tkinter'] = None", "python3-tk"), ("os.environ['DISPLAY'] = ':7654'", "needs a display")],
)
def test_without_tk_or_display_one_line_says_what_to_do(code: str, says: str) -> None:
    script = f"import os, sys; {code}; sys.argv = ['app']; from realtime.app.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    if "needs Tk" in done.stderr and says != "python3-tk":
        pytest.skip("this Python has no Tk")
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
