"""What names which source, and cameras: their moments, and a clear word when something is wrong."""

import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.capture.open_source import CameraEntry, CameraSource, FileSource, StreamSource, list_cameras, source_for
from realtime.core.errors import ConfigError, SourceOpenError, SourceReadError
from tests.support.clocks import FakeClock

# ---- choosing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", CameraSource),
        (" 12 ", CameraSource),
        ("rtsp://host/a", StreamSource),
        ("RTSPS://host/a", StreamSource),
        ("http://host/a.mp4", StreamSource),
        ("https://host", StreamSource),
        ("udp://0.0.0.0:1", StreamSource),
        ("tcp://host:1", StreamSource),
        ("rtmp://host/a", StreamSource),
        ("clip.mp4", FileSource),
        ("./0", FileSource),
        ("12:30 clip.mkv", FileSource),
        ("clips//me@work.mkv", FileSource),
    ],
)
def test_the_text_chooses_the_source(text, kind):
    source = source_for(text)
    assert type(source) is kind
    assert source.live is (kind is not FileSource)


def test_a_blank_source_is_refused():
    with pytest.raises(ConfigError, match="camera number"):
        source_for("  ")


@pytest.mark.parametrize(
    "text",
    ["rtps://me:secret@h/x", "rtsp:/me:secret@h/x", "rtsp//me:secret@h/x", "me:secret@h/x", r"http:\\me:secret@h"],
)
def test_a_mistyped_address_is_named_without_its_password(text):
    with pytest.raises(ConfigError, match=r"begins with rtsp://.*received .*\*\*\*@h.*correct its beginning") as caught:
        source_for(text)
    assert "secret" not in str(caught.value)


def test_a_file_whose_name_looks_like_an_address_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("me:now@home.mp4").touch()
    Path("@me.mp4").touch()
    assert type(source_for("me:now@home.mp4")) is FileSource
    assert type(source_for("@me.mp4")) is FileSource


def test_an_address_may_stand_in_a_file(tmp_path):
    place = tmp_path / "camera.txt"
    place.write_text("  rtsp://me:secret@host/a \nanything\n")
    assert type(source_for(f"@{place}")) is StreamSource
    place.write_text("3\n")
    assert type(source_for(f"@{place}")) is CameraSource


@pytest.mark.parametrize("content", [None, b"", b"\n", b"@self", b"\xff\xfe\x00"])
def test_a_file_that_names_no_source_is_refused(tmp_path, content):
    place = tmp_path / "camera.txt"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(ConfigError, match=r"@FILE must .* in its first line; received @") as caught:
        source_for(f"@{place}")
    assert "\n" not in str(caught.value)


# ---- cameras -------------------------------------------------------------------------------------------------------


class FakeDevice:
    """A `cv2.VideoCapture`: delivers `frames` pictures, then nothing; each grab takes 0.1 s."""

    def __init__(self, clock, frames=3, opens=True, image=None):
        self.clock, self.left, self.opens = clock, frames, opens
        self.image = np.zeros((72, 128, 3), np.uint8) if image is None else image
        self.asked, self.released = {}, 0

    def __call__(self, number, backend):
        return self

    def isOpened(self):  # noqa: N802
        return self.opens

    def set(self, what, value):
        self.asked[what] = value

    def get(self, what):
        return 30.0

    def grab(self):
        self.clock.now_s += 0.1
        self.left -= 1
        return self.left >= 0

    def retrieve(self):
        self.clock.now_s += 0.05
        return True, self.image

    def release(self):
        self.released += 1


def fake_camera(frames=3, opens=True, image=None):
    clock = FakeClock()
    device = FakeDevice(clock, frames, opens, image)
    return CameraSource(0, clock=clock, device=device, dev=None), device


def test_a_camera_stamps_frames_when_they_were_grabbed():
    source, device = fake_camera()
    info = source.open()
    frames = [source.read() for _ in range(3)]
    assert (info.name, info.live, info.size_wh, info.fps) == ("camera 0", True, (128, 72), 30.0)
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.captured_at_s for frame in frames] == pytest.approx([50.1, 50.25, 50.4])
    assert [frame.media_time_s for frame in frames] == pytest.approx([0, 0.15, 0.3])
    assert device.asked[cv2.CAP_PROP_BUFFERSIZE] == 1
    assert device.asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    source.close()
    source.close()
    assert device.released == 1


def test_a_camera_that_stops_is_an_error_after_two_seconds():
    source, device = fake_camera(frames=2)
    source.open()
    assert [source.read().index, source.read().index] == [0, 1]
    before_s = device.clock.now_s
    with pytest.raises(SourceReadError, match="camera 0 stopped: no picture for 2 s after 2 frames; check its cable"):
        source.read()
    assert 2 <= device.clock.now_s - before_s < 2.3


def test_a_camera_that_does_not_open_or_shows_nothing_says_what_to_try():
    for source, device in (fake_camera(opens=False), fake_camera(frames=0)):
        with pytest.raises(SourceOpenError, match=r"camera 0 did not open: .*--list-cameras.*another program"):
            source.open()
        assert device.released == 1


_RED_YUYV = np.tile(np.array([[[81, 90], [81, 240]]], np.uint8), (72, 64, 1))


@pytest.mark.parametrize(
    ("image", "bgr"),
    [
        (np.full((72, 128), 100, np.uint8), (100, 100, 100)),
        (np.full((72, 128, 1), 100, np.uint8), (100, 100, 100)),
        (np.full((72, 128), 4095, np.uint16), (255, 255, 255)),
        (np.full((72, 128), 200, np.uint16), (200, 200, 200)),
        (np.full((72, 128, 4), (10, 20, 30, 0), np.uint8), (10, 20, 30)),
        (_RED_YUYV, (0, 0, 255)),
        (cv2.imencode(".png", np.full((72, 128, 3), (10, 20, 30), np.uint8))[1].reshape(1, -1), (10, 20, 30)),
    ],
    ids=["grey", "grey plane", "12 of 16 bits", "8 of 16 bits", "BGRA", "YUYV", "coded"],
)
def test_a_camera_may_deliver_other_formats_than_bgr(image, bgr):
    source, _ = fake_camera(image=image)
    assert source.open().size_wh == (128, 72)
    shown = source.read().image_bgr
    assert shown.shape == (72, 128, 3)
    assert shown[36, 64] == pytest.approx(np.array(bgr), abs=2)


def test_grey_of_16_bits_does_not_get_darker_and_brighter_with_each_picture():
    source, device = fake_camera(image=np.full((72, 128), 4095, np.uint16))
    source.open()
    source.read()
    device.image = np.full((72, 128), 1000, np.uint16)
    assert source.read().image_bgr.max() == 1000 >> 4


@pytest.mark.parametrize("image", [np.zeros((72, 128, 5), np.uint8), np.zeros((72, 128), np.float32)])
def test_an_unknown_format_of_a_camera_is_named(image):
    source, _ = fake_camera(frames=1000, image=image)
    with pytest.raises(SourceOpenError, match=f"only pictures of an unknown format, .*{image.shape[1]}.*{image.dtype}"):
        source.open()


def test_a_camera_that_is_pulled_out_is_an_error_of_ours():
    source, device = fake_camera()
    source.open()
    source.read()

    def gone():
        device.clock.now_s += 0.1
        raise cv2.error("device")

    device.grab = gone
    with pytest.raises(SourceReadError, match="camera 0 stopped"):
        source.read()


def test_an_interrupted_camera_ends():
    source, _ = fake_camera(frames=1)
    source.open()
    source.read()
    source.interrupt()
    assert source.read() is None


@pytest.mark.skipif(not Path("/dev").is_dir(), reason="device nodes are a Unix thing")
def test_a_missing_camera_names_its_node_and_the_way_on(tmp_path, capfd):
    source = CameraSource(7, dev=tmp_path)
    with pytest.raises(SourceOpenError) as caught:
        source.open()
    assert str(caught.value) == (
        f"camera 7 did not open: there is no {tmp_path / 'video7'}; try another number, see --list-cameras"
    )
    (tmp_path / "video7").write_bytes(b"")
    with pytest.raises(SourceOpenError, match="camera 7 did not open"):
        source.open()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("code", "said"), [(errno.EACCES, "add your user to the group"), (errno.EBUSY, "close the other program")]
)
def test_a_forbidden_or_busy_camera_is_told_apart(tmp_path, monkeypatch, code, said):
    def refuse(*_):
        raise OSError(code, "refused")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceOpenError, match=said):
        CameraSource(0, dev=tmp_path).open()


def test_cameras_are_listed_by_number_and_name(tmp_path):
    dev, sys_class = tmp_path / "dev", tmp_path / "sys"
    for number, name in ((10, "Desk Camera"), (2, "Webcam: HD")):
        (sys_class / f"video{number}").mkdir(parents=True)
        (sys_class / f"video{number}" / "name").write_text(name + "\n")
        dev.mkdir(exist_ok=True)
        (dev / f"video{number}").touch()
    (dev / "videoX").touch()
    assert list_cameras(dev=dev, sys_class=sys_class) == [CameraEntry(2, "Webcam: HD"), CameraEntry(10, "Desk Camera")]
    assert list_cameras(dev=tmp_path / "none", sys_class=sys_class) == []
