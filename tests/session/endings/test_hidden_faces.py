"""Nothing that leaves the program shows a face that is to be blurred: recording, report, screenshot; whose files."""

from __future__ import annotations

import base64
import re
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import realtime.session.window_sink as window_module
from demo import CLIP_PATH
from realtime.core.protocols import SourceInfo
from realtime.core.sink import RunControls
from realtime.session.window import Key
from realtime.session.window_sink import WindowOptions
from run_live import main
from tests.support.fakes import make_run
from tests.support.values.analysed import moment

pytestmark = pytest.mark.timeout(120)

# The face of the demo clip, in its 640x480 pixels.
FACE_XYXY = np.array([225, 135, 405, 375])


def write(path: Path, images: list[np.ndarray]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "18", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], "yuv420p"
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def detail(image: np.ndarray, box_xyxy: np.ndarray) -> float:
    left, top, right, bottom = np.maximum(box_xyxy, 0).astype(int).tolist()
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def many(images: list[np.ndarray]) -> tuple[list[np.ndarray], list[tuple[int, np.ndarray]]]:
    """Six people; each with the frame from which they are there."""
    half = [cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA) for image in images]
    places = [(0, FACE_XYXY / 2 + np.array([x, y, x, y])) for x in (0, 320, 640) for y in (0, 240)]
    return [np.vstack([np.hstack([image] * 3)] * 2) for image in half], places


def newcomer(images: list[np.ndarray]) -> tuple[list[np.ndarray], list[tuple[int, np.ndarray]]]:
    frames = [np.hstack([image, image if n >= 32 else 0 * image]) for n, image in enumerate(images)]
    return frames, [(0, FACE_XYXY), (32, FACE_XYXY + np.array([640, 0, 640, 0]))]


def half_outside(images: list[np.ndarray]) -> tuple[list[np.ndarray], list[tuple[int, np.ndarray]]]:
    right_half = [np.hstack([image[:, 320:], np.full_like(image[:, :320], 160)]) for image in images]
    return right_half, [(0, FACE_XYXY - np.array([320, 0, 320, 0]))]


@pytest.mark.parametrize(
    ("scene", "smooth"), [(many, "live"), (newcomer, "live"), (newcomer, "offline"), (half_outside, "live")]
)
def test_no_face_is_sharp_in_any_frame_of_a_blurred_recording(
    scene, smooth: str, weights: Path, tmp_path: Path
) -> None:
    images, faces = scene(pictures(CLIP_PATH)[:45])
    source, target = write(tmp_path / "in.mp4", images), tmp_path / "out.mp4"
    options = ["--headless", "--blur-faces", "--max-faces", "1", "--smooth", smooth, "--weights", str(weights)]
    done = CliRunner().invoke(main, [str(source), "--record", str(target), *options])
    assert done.exit_code == 0, done.output
    assert done.output.count("blur: ") == 1
    before, after = pictures(source), pictures(target)
    assert len(after) == len(before)
    shares = [detail(after[n], box) / detail(before[n], box) for first, box in faces for n in range(first, len(before))]
    assert max(shares) < 0.5


def report_details(page: Path) -> list[float]:
    """How much detail there is in each picture of a report."""
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page.read_text("utf-8"))
    shown = [cv2.imdecode(np.frombuffer(base64.b64decode(one), np.uint8), cv2.IMREAD_COLOR) for one in found]
    return [detail(image, np.array([20, 20, 92, 92])) for image in shown]


def test_a_report_shows_faces_blurred_where_that_is_asked_for(weights: Path, tmp_path: Path) -> None:
    details = {}
    for name, options in {"plain": [], "blurred": ["--blur-faces"], "private": ["--privacy"]}.items():
        page = tmp_path / f"{name}.html"
        run = [str(CLIP_PATH), "--headless", "--seconds", "1", "--weights", str(weights), "--report", str(page)]
        assert CliRunner().invoke(main, [*run, *options]).exit_code == 0
        details[name] = report_details(page)
    assert min(details["plain"]) > 50
    assert max(details["blurred"]) < 0.2 * min(details["plain"])
    assert details["private"] == []


def test_files_that_show_faces_are_for_their_owner_alone(weights: Path, tmp_path: Path) -> None:
    written = [tmp_path / name for name in ("r.mp4", "r.html", "t.csv")]
    run = [str(CLIP_PATH), "--headless", "--seconds", "0.5", "--weights", str(weights)]
    for option, path in zip(("--record", "--report", "--table"), written, strict=True):
        run += [option, str(path)]
    assert CliRunner().invoke(main, run).exit_code == 0
    assert [oct(path.stat().st_mode & 0o777) for path in written] == ["0o600"] * 3


class PressesS:
    """A window in which s is pressed once."""

    def __init__(self, _title: str) -> None:
        self._keys = [Key.SCREENSHOT]

    def show(self, _image_bgr: np.ndarray) -> Key | None:
        return self._keys.pop() if self._keys else None

    def close(self) -> None:
        pass


class NoControls(RunControls):
    def seek(self, time_s: float) -> None:
        raise AssertionError(time_s)

    def why_no_seek(self) -> str:
        return ""


@pytest.mark.parametrize(("hides_faces", "shade"), [(True, 200), (False, 90)])
def test_a_screenshot_is_what_others_may_see(
    hides_faces: bool, shade: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(window_module, "Window", PressesS)
    sink = WindowOptions().sink()
    others = np.full((240, 320, 3), 200, np.uint8)
    info = SourceInfo("camera 0", True, (320, 240), 30.0)
    sink.open(make_run(info, controls=NoControls(), picture=lambda _: others, hides_faces=hides_faces))
    sink.write(moment(0.0, {}, grey=90))
    (picture,) = tmp_path.glob("*.png")
    assert np.median(cv2.imread(str(picture))) == shade
