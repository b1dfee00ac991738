"""The virtual camera, with a made-up pyvirtualcam: no machine that runs tests has a driver for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from realtime.core.errors import ConfigError, OutletError
from realtime.core.protocols import SourceInfo
from realtime.serving.virtual_camera import VirtualCamera
from tests.support.fakes import FakeCamera

pytestmark = pytest.mark.timeout(30)

NO_DRIVER = (
    "'v4l2loopback' backend: No v4l2 loopback device found at /dev/video[0-99].\n"
    "'other' backend: also not."
)  # fmt: skip


def info(size_wh: tuple[int, int] = (64, 48), fps: float = 50.0) -> SourceInfo:
    return SourceInfo("camera 0", live=True, size_wh=size_wh, fps=fps)


def grey(level: int, size_wh: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.full((size_wh[1], size_wh[0], 3), level, np.uint8)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.005)


def test_it_has_the_sources_size_and_rate_and_shows_the_newest_picture(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info((640, 480), 25.0))
    [device] = cameras
    assert (device.size_wh, device.fps, device.fmt) == ((640, 480), 25.0, "24BG")
    assert camera.device == "/dev/video9"
    time.sleep(0.1)
    assert device.sent == [], "before the first picture there is nothing to send"
    camera.show(grey(10, (640, 480)))
    until(lambda: device.sent)
    for level in (20, 30, 40):
        camera.show(grey(level, (640, 480)))
    until(lambda: device.sent[-1][0, 0, 0] == 40)
    camera.close()


def test_it_is_paced_and_goes_on_with_the_last_picture(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info(fps=50.0))
    camera.show(grey(70))
    time.sleep(0.5)
    camera.close()
    [device] = cameras
    assert 15 <= len(device.sent) <= 26
    assert {int(frame[0, 0, 0]) for frame in device.sent} == {70}
    assert device.closed_by == "virtual camera", "who opened the pipe to the driver closes it"


def test_a_slow_driver_does_not_slow_the_run(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info())
    cameras[0].send = lambda _: time.sleep(0.3)  # type: ignore[method-assign]
    began = time.perf_counter()
    for level in range(100):
        camera.show(grey(level))
    assert time.perf_counter() - began < 0.2
    camera.close()
    camera.close()


@pytest.mark.parametrize(("fps", "used"), [(0.0, 30.0), (29.97, 29.97), (240.0, 60.0)])
def test_an_unknown_or_unusual_rate_becomes_one_that_calls_take(
    cameras: list[FakeCamera], fps: float, used: float
) -> None:
    camera = VirtualCamera()
    camera.open(info(fps=fps))
    assert cameras[0].fps == used
    camera.close()


def test_odd_sizes_lose_a_line_and_changed_sizes_are_scaled(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info((641, 361)))
    assert cameras[0].size_wh == (640, 360)
    picture = np.random.default_rng(0).integers(0, 256, (361, 641, 3), np.uint8)
    camera.show(picture)
    until(lambda: cameras[0].sent)
    np.testing.assert_array_equal(cameras[0].sent[0], picture[:360, :640])
    camera.show(grey(90, (1280, 720)))
    until(lambda: cameras[0].sent[-1][0, 0, 0] == 90)
    camera.close()


def test_without_the_package_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(ConfigError, match=r"pip install 'emotion-live\[virtual-camera\]'") as caught:
        VirtualCamera()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("platform", "step"),
    [("linux", "sudo modprobe v4l2loopback"), ("darwin", "OBS"), ("win32", "OBS"), ("sun", "drivers")],
)
def test_without_a_driver_one_line_says_what_to_do(
    cameras: list[FakeCamera], monkeypatch: pytest.MonkeyPatch, platform: str, step: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(NO_DRIVER)

    monkeypatch.setattr(sys.modules["pyvirtualcam"], "Camera", refuse)
    monkeypatch.setattr(sys, "platform", platform)
    camera = VirtualCamera()
    with pytest.raises(OutletError, match="did not open: 'v4l2loopback' backend: No v4l2 loopback device") as caught:
        camera.open(info())
    assert step in str(caught.value)
    assert "\n" not in str(caught.value)
    camera.close()


def test_a_camera_that_breaks_ends_the_run_with_an_error(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info())
    cameras[0].broken = RuntimeError("device\nunplugged")
    camera.show(grey(1))
    until(lambda: cameras[0].closed_by)
    with pytest.raises(OutletError, match="the virtual camera failed: device unplugged; start again"):
        camera.show(grey(2))
    camera.close()
