"""A server on the loopback that dies and comes back: run, recording and table go on, with the gap in both."""

from __future__ import annotations

import csv
import itertools
import socket
import threading
from pathlib import Path

import av
import pytest
from click.testing import CliRunner

from realtime.capture.open_source import source_for
from realtime.core.options import AnalysisOptions
from realtime.session.analyser import Analyser
from run_live import main
from tests.support.clocks import LIMIT_S, in_background, until
from tests.support.pages.mjpeg_server import pictures, silent


def in_turn(*talks):
    """Answer the first connection with the first of them, and so on; the last one again and again."""
    left = itertools.chain(talks, itertools.repeat(talks[-1]))
    return lambda connection, over: next(left)(connection, over)


def small(connection, over):
    pictures(connection, over, count=20)


def large(connection, over):
    pictures(connection, over, count=10_000, size_wh=(256, 200))


@pytest.mark.parametrize("reset", [False, True])
def test_a_stream_that_died_is_read_on(serve, reset):
    lines = []
    talk = in_turn(lambda connection, over: pictures(connection, over, count=5, reset=reset), large)
    source = source_for(f"http://me:hunter2@{serve(talk)}/cam", reconnect_s=20, notify=lines.append)
    source.open()
    frames = [source.read()]
    while frames[-1].size_wh == (128, 96):
        frames.append(source.read())
    source.close()
    times = [frame.media_time_s for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] - times[-2] == pytest.approx(frames[-1].captured_at_s - frames[-2].captured_at_s)
    assert times[-1] - times[-2] > 0.5
    assert len(lines) == 2
    assert "hunter2" not in "".join(lines)


def test_the_run_its_recording_and_its_table_go_on_with_the_gap_in_both(serve, weights: Path, tmp_path: Path):
    address = f"http://{serve(in_turn(small, large))}/cam"
    video, table = tmp_path / "r.mp4", tmp_path / "t.csv"
    done = CliRunner().invoke(
        main,
        [
            address,
            "--headless",
            "--record",
            str(video),
            "--table",
            str(table),
            "--seconds",
            "3",
            "--weights",
            str(weights),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "opening it again for up to 30 s (--reconnect)" in done.output
    assert "its pictures are 256x200 pixels now, 128x96 before" in done.output
    times = [float(row["media_time_s"]) for row in csv.DictReader(table.open())]
    with av.open(str(video)) as container:
        shown = [(float(frame.time), (frame.width, frame.height)) for frame in container.decode(video=0)]
    assert len(shown) == len(times)
    gap = max(range(1, len(times)), key=lambda n: times[n] - times[n - 1])
    assert times[gap] - times[gap - 1] > 0.4
    assert shown[gap][0] - shown[gap - 1][0] == pytest.approx(times[gap] - times[gap - 1], abs=0.002)
    assert {size_wh for _, size_wh in shown} == {(128, 96)}


def test_without_reconnect_the_end_is_the_end(serve, weights: Path):
    done = CliRunner().invoke(
        main, [f"http://{serve(small)}/cam", "--headless", "--reconnect", "0", "--weights", str(weights)]
    )
    assert done.exit_code == 0, done.output
    assert "its sender closed it after 20 frames" in done.output
    assert "again" not in done.output


def test_stop_ends_a_run_that_waits_for_its_stream(serve, weights: Path):
    connections, lines = [], []

    def talk(connection, over):
        connections.append(connection)
        (small if len(connections) == 1 else silent)(connection, over)

    options = AnalysisOptions(reconnect_s=86_400)
    with Analyser(f"http://{serve(talk)}/cam", options, notify=lines.append) as run:
        counting = in_background(lambda: sum(1 for _ in run))
        until(lambda: lines)
        run.stop()
        assert counting.result(LIMIT_S) <= 20
    assert [thread.name for thread in threading.enumerate() if thread.name == "capture"] == []


def test_a_run_of_some_seconds_ends_in_a_gap_too(serve, weights: Path):
    connections = []

    def talk(connection, over):
        connections.append(connection)
        (small if len(connections) == 1 else silent)(connection, over)

    options = AnalysisOptions(reconnect_s=float("inf"), seconds=0.7)
    with Analyser(f"http://{serve(talk)}/cam", options) as run:
        counting = in_background(lambda: sum(1 for _ in run))
        assert 0 < counting.result(LIMIT_S) <= 20


def test_a_file_on_a_web_server_is_not_shown_again(serve, tmp_path: Path):
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mjpeg", rate=20)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuvj420p"
        for n in range(10):
            frame = av.VideoFrame(128, 96, "yuvj420p")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    asked = []

    def talk(connection, over):
        asked.append(connection.recv(4096))
        data = clip.read_bytes()
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    lines = []
    source = source_for(f"http://{serve(talk)}/clip.mkv", reconnect_s=30, notify=lines.append)
    source.open()
    while source.read() is not None:
        pass
    source.close()
    assert lines == []


def test_a_stream_described_by_a_file_plays(tmp_path: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1] & ~1
    (tmp_path / "cam.sdp").write_text(
        f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video {port} RTP/AVP 32\r\n"
    )
    over = threading.Event()

    def send():
        with av.open(f"rtp://127.0.0.1:{port}", "w", format="rtp") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
            for n in itertools.count():
                frame = av.VideoFrame(128, 96, "yuv420p")
                frame.pts = n
                container.mux(stream.encode(frame))
                if over.wait(0.02):
                    return

    sending = in_background(send)
    source = source_for(str(tmp_path / "cam.sdp"))
    try:
        info = source.open()
        assert (info.name, info.live, info.size_wh) == ("cam.sdp", True, (128, 96))
        assert source.read() is not None
    finally:
        over.set()
        source.close()
        sending.result(LIMIT_S)


def test_a_description_that_is_missing_or_names_nobody_is_one_line(tmp_path: Path):
    with pytest.raises(Exception, match=r"no file .*none\.sdp; check the path"):
        source_for(str(tmp_path / "none.sdp")).open()
    (tmp_path / "cam.sdp").write_text("v=0\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 49990 RTP/AVP 32\r\n")
    with pytest.raises(Exception, match=r"stream cam\.sdp did not open: no (answer|picture came) within 0\.3 s"):
        source_for(str(tmp_path / "cam.sdp"), timeout_s=0.3).open()
