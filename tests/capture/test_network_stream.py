"""Network streams against small servers on the loopback: live, refused, silent, dying, and never a password."""

import contextlib
import functools
import gc
import http.server
import itertools
import socket
import threading
import weakref

import av
import numpy as np
import pytest

from realtime.capture.network_stream import StreamSource
from realtime.capture.open_source import source_for
from realtime.core.errors import SourceOpenError, SourceReadError
from tests.support.clocks import LIMIT_S, FakeClock, in_background, until
from tests.support.pages.mjpeg_server import part, pictures, silent
from tests.support.pictures.made_clips import number_of, write_numbered

SECRET = "hunter2"


@pytest.fixture
def opened():
    sources = []

    def start(address, **options):
        sources.append(StreamSource(address, **options))
        return sources[-1], sources[-1].open()

    yield start
    for source in sources:
        source.close()


def drain(source):
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_mjpeg_over_http_is_live_and_ends_when_the_server_closes(serve, opened):
    address = serve(functools.partial(pictures, count=10))
    source, info = opened(f"http://viewer:{SECRET}@{address}/cam", clock=itertools.count(100, 0.03).__next__)
    frames = drain(source)
    assert (info.live, info.size_wh, info.frame_count, info.path) == (True, (128, 96), None, None)
    assert info.name == f"http://***@{address}/cam"
    assert len(frames) + source.dropped == 10
    indices = [frame.index for frame in frames]
    assert indices == sorted(set(indices))
    assert indices[-1] == 9
    captured = [frame.captured_at_s for frame in frames]
    assert captured == pytest.approx([100 + 0.03 * index for index in indices])
    # Times are those of arrival (30 ms apart), not the 40 ms that FFmpeg makes up for MJPEG.
    assert [frame.media_time_s for frame in frames] == pytest.approx([0.03 * index for index in indices])
    assert frames[-1].image_bgr.mean() == pytest.approx(180, abs=4)
    assert source.read() is None
    assert source.farewell == f"stream http://***@{address}/cam ended: its sender closed it after 10 frames"


def test_a_slow_reader_gets_the_newest_picture(serve, opened):
    source, _ = opened(f"http://{serve(functools.partial(pictures, count=10_000, pause_s=0.01))}/")
    first, before = source.read(), source.dropped
    until(lambda: source.dropped > before + 5)
    second = source.read()
    assert 5 < second.index - first.index <= source.dropped + 1


@pytest.mark.parametrize("end", [{"last": part()[:400]}, {"reset": True}, {"last": part()[:400], "reset": True}])
def test_a_server_that_dies_is_an_error_without_the_password(serve, opened, end):
    source, _ = opened(f"http://viewer:{SECRET}@{serve(functools.partial(pictures, **end))}/?token={SECRET}")
    with pytest.raises(SourceReadError) as caught:
        drain(source)
    message = str(caught.value)
    assert "broke off after" in message
    assert "://***@" in message
    assert SECRET not in message
    assert "\n" not in message
    assert caught.value.__cause__ is None
    assert source.farewell == ""


@pytest.mark.parametrize("way", ["ended", "reset", "refused", "silent"])
def test_a_stream_that_is_over_leaves_nothing_to_the_garbage_collector(serve, way):
    """A run that reconnects for days would hold decoders, their threads and pictures until it comes."""
    talk = functools.partial(pictures, count=3, reset=way == "reset", then=silent if way == "silent" else None)
    address = "127.0.0.1:9" if way == "refused" else serve(talk)
    gc.collect()
    gc.disable()
    try:
        source = StreamSource(f"http://{address}/", read_timeout_s=0.3)
        with contextlib.suppress(SourceOpenError, SourceReadError):
            source.open()
            drain(source)
        source.close()
        gone = weakref.ref(source)
        del source
        until(lambda: gone() is None)
    finally:
        gc.enable()


def test_a_stream_that_falls_silent_is_an_error(serve, opened):
    talk = functools.partial(pictures, count=3, then=silent)
    source, _ = opened(f"http://{serve(talk)}/", read_timeout_s=0.3)
    with pytest.raises(SourceReadError, match=r"nothing came for 0\.3 s"):
        drain(source)


def test_a_blocked_read_is_interrupted_at_once(serve, opened):
    fell_silent = threading.Event()

    def then(connection, over):
        fell_silent.set()
        silent(connection, over)

    source, _ = opened(f"http://{serve(functools.partial(pictures, count=3, then=then))}/")
    reading = in_background(lambda: drain(source))
    assert fell_silent.wait(LIMIT_S)
    source.interrupt()
    assert len(reading.result(LIMIT_S)) <= 3, "and no error, as there is where nothing comes until the time is over"
    source.close()
    source.close()
    assert source.farewell == ""
    assert source.read() is None


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_a_server_that_says_nothing_does_not_open(serve, scheme):
    source = StreamSource(f"{scheme}://viewer:{SECRET}@{serve(silent)}/x", open_timeout_s=0.3)
    with pytest.raises(SourceOpenError, match=r"did not open: no (answer|picture came) within 0\.3 s") as caught:
        source.open()
    assert SECRET not in str(caught.value)
    source.close()


def test_opening_is_interrupted_at_once(serve):
    def talk(connection, over):
        source.interrupt()
        silent(connection, over)

    source = StreamSource(f"http://{serve(talk)}/x", open_timeout_s=LIMIT_S)
    with pytest.raises(SourceOpenError, match="opening was interrupted"):
        source.open()
    source.close()


@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtsps", "tcp", "rtmp"])
def test_a_refused_connection_says_so_without_the_password(scheme, capfd):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceOpenError) as caught:
        source_for(f"{scheme}://viewer:{SECRET}@{address}/x").open()
    message = str(caught.value)
    assert "did not open: " in message
    assert "check the address" in message
    if scheme in {"http", "rtsp", "tcp"}:
        assert "connection refused" in message
    assert SECRET not in message
    assert SECRET not in repr(caught.value.__cause__)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.0 401 Unauthorized\r\n\r\n", "user name or password"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", "404"),
        (b"HTTP/1.0 503 Busy\r\n\r\n", "the server answered with an error"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n" + b"<p>no</p>" * 1000,
            "not a video",
        ),
    ],
)
def test_what_the_server_answers_is_told(serve, answer, said):
    def talk(connection, over):
        connection.recv(4096)
        connection.sendall(answer)

    with pytest.raises(SourceOpenError, match=said):
        StreamSource(f"http://{serve(talk)}/x", open_timeout_s=3).open()


def test_a_video_file_on_a_web_server_plays_at_its_own_rate(tmp_path, opened):
    with av.open(str(tmp_path / "clip.mp4"), "w", container_options={"movflags": "faststart"}) as container:
        stream = container.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((96, 128, 3), 20 * i, np.uint8), format="bgr24")
            frame.pts = i
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            return

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        clock = FakeClock()
        source, info = opened(f"http://127.0.0.1:{server.server_port}/clip.mp4", clock=clock, wait=clock.sleep)
        frames = drain(source)
        server.shutdown()
    assert info.fps == pytest.approx(20)
    assert frames[-1].index == 9
    assert frames[-1].media_time_s == pytest.approx(0.45)
    assert [frame.captured_at_s - 50 for frame in frames] == pytest.approx([frame.media_time_s for frame in frames])
    assert clock() - 50 == pytest.approx(0.45)


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_a_stream_joined_between_key_frames_waits_for_one_and_says_so(serve, opened, tmp_path, codec, monkeypatch):
    monkeypatch.setattr("realtime.capture.network_stream._JOINED_BETWEEN_S", -1.0)
    clip = write_numbered(tmp_path / "clip.ts", [33 * i for i in range(60)], codec=codec, gop=30)
    with av.open(str(clip)) as container:
        packets = list(container.demux(video=0))
        key = [packet.pos for packet in packets if packet.is_keyframe][1]
    data, begin = clip.read_bytes(), packets[3].pos

    def talk(connection, over):
        connection.sendall(data[begin:key])
        over.wait(0.5)
        connection.sendall(data[key:])

    lines = []
    source, info = opened(f"tcp://{serve(talk)}", notify=lines.append)
    assert info.size_wh == (128, 64)
    assert number_of(source.read().image_bgr) >= 30, "nothing that was decoded from half a picture"
    assert lines == [f"stream {info.name} was joined between key frames: waiting for one, up to 30 s"]


def test_a_key_frame_that_does_not_come_is_not_waited_for_without_end(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.capture.network_stream._JOINED_BETWEEN_S", -1.0)
    clip = write_numbered(tmp_path / "clip.ts", [33 * i for i in range(150)], codec="mpeg4", gop=250)
    with av.open(str(clip)) as container:
        begin = list(container.demux(video=0))[3].pos

    def talk(connection, over):
        connection.sendall(clip.read_bytes()[begin:])
        silent(connection, over)

    source = StreamSource(f"tcp://{serve(talk)}", picture_timeout_s=0.3)
    with pytest.raises(SourceOpenError, match=r"no key frame came within 0\.3 s, wait longer \(--timeout\)"):
        source.open()
    source.close()


def test_reading_before_opening_says_so():
    with pytest.raises(SourceReadError, match=r"call open\(\) first"):
        StreamSource("http://127.0.0.1:9/").read()
