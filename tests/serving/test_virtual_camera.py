"""The virtual camera, with a made-up pyvirtualcam: no machine that runs tests has a driver for it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from realtime.core.errors import ConfigError, OutletError
from realtime.core.protocols import SourceInfo
from realtime.serving.virtual_camera import VirtualCamera
from tests.support.clocks import Gate, until
from tests.support.fakes import FakeCamera, blank

pytestmark = pytest.mark.timeout(30)

NO_DRIVER = (
    "'v4l2loopback' backend: No v4l2 loopback device found at /dev/video[0-99].\n"
    "'other' backend: also not."
)  # fmt: skip


def info(size_wh: tuple[int, int] = (64, 48), fps: float = 50.0) -> SourceInfo:
    return SourceInfo("camera 0", live=True, size_wh=size_wh, fps=fps)


def test_it_has_the_sources_size_and_rate_and_shows_the_newest_picture(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info((640, 480), 25.0))
    [device] = cameras
    assert (device.size_wh, device.fps, device.fmt) == ((640, 480), 25.0, "24BG")
    assert camera.device == "/dev/video9"
    camera.show(blank(640, 480, 10))
    until(lambda: device.sent)
    assert device.sent[0][0, 0, 0] == 10, "before the first picture there is nothing to send"
    for level in (20, 30, 40):
        camera.show(blank(640, 480, level))
    until(lambda: device.sent[-1][0, 0, 0] == 40)
    camera.close()


def test_it_is_paced_and_goes_on_with_the_last_picture(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info(fps=50.0))
    [device] = cameras
    next_frame = device.sleep_until_next_frame = Gate()
    camera.show(blank(grey=70))
    for count in range(1, 6):
        until(lambda count=count: next_frame.reached == count)
        assert len(device.sent) == count
        next_frame.let()
    next_frame.open()
    camera.close()
    assert {int(frame[0, 0, 0]) for frame in device.sent} == {70}
    assert device.closed_by == "virtual camera", "who opened the pipe to the driver closes it"


def test_a_slow_driver_does_not_slow_the_run(cameras: list[FakeCamera]) -> None:
    camera = VirtualCamera()
    camera.open(info())
    driver, plain = Gate(), cameras[0].send
    cameras[0].send = lambda picture: (driver(), plain(picture))  # type: ignore[method-assign]
    camera.show(blank(grey=0))
    until(lambda: driver.reached)
    for level in range(1, 100):
        camera.show(blank(grey=level))
    driver.let(2)
    until(lambda: len(cameras[0].sent) == 2)
    assert [int(picture[0, 0, 0]) for picture in cameras[0].sent] == [0, 99], "the newest follows what was on its way"
    driver.open()
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
    camera.show(blank(1280, 720, 90))
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
    camera.show(blank(grey=1))
    until(lambda: cameras[0].closed_by)
    with pytest.raises(OutletError, match="the virtual camera failed: device unplugged; start again"):
        camera.show(blank(grey=2))
    camera.close()
