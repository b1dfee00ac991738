"""The parts of the soak test: what it shows, how it breaks off, what it counts, and its arithmetic."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

import av
import click
import numpy as np
import pytest

from benchmarks.soak.breaking_stream import BREAKS, BreakingStream
from benchmarks.soak.scene import CYCLE_S, FPS, SIZE_WH, shown_share, write_scene
from benchmarks.soak.trends import read_resources, trend
from benchmarks.soak.watched_run import COLUMNS, watch
from realtime.capture.network_stream import StreamSource
from realtime.core.errors import SourceOpenError, SourceReadError
from tests.support.pictures.made_clips import write_numbered

pytestmark = pytest.mark.timeout(60)


def test_people_come_and_go_and_nobody_is_there_in_between(tmp_path: Path) -> None:
    clip = write_numbered(tmp_path / "person.mp4", [33 * n for n in range(12)])
    write_scene(clip, clip, tmp_path / "scene.mp4")
    with av.open(str(tmp_path / "scene.mp4")) as scene:
        pictures = [frame.to_ndarray(format="gray") for frame in scene.decode(video=0)]
    assert (len(pictures), pictures[0].shape) == (CYCLE_S * FPS, SIZE_WH[::-1])
    shown = [tuple(half.std() > 5 for half in np.hsplit(picture, 2)) for picture in pictures]
    assert shown[0] == shown[20 * FPS] == shown[44 * FPS] == (False, False)
    assert shown[10 * FPS] == (True, False)
    assert shown[30 * FPS] == (True, True)
    assert shown[38 * FPS] == (False, True)


def test_somebody_slides_in_and_out() -> None:
    visits = ((1.0, 5.0), (8.0, 9.0))
    shares = [shown_share(at_s, visits) for at_s in (0.0, 1.0, 1.375, 3.0, 4.625, 5.0, 6.0, 8.5)]
    assert shares == pytest.approx([0, 0, 0.5, 1, 0.5, 0, 0, 2 / 3])


def opened_at_last(port: int) -> StreamSource:
    """A receiver of the stream, which may refuse it for a while."""
    while True:
        source = StreamSource(f"tcp://127.0.0.1:{port}", read_timeout_s=1.0)
        try:
            source.open()
        except SourceOpenError:
            source.close()
        else:
            return source


def test_a_stream_breaks_off_in_three_ways_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.breaking_stream._REFUSES_S", 0.2)
    clip = write_numbered(tmp_path / "clip.mp4", [50 * n for n in range(40)], gop=10)
    stream = BreakingStream(clip, every_s=1.0)
    stream.start()
    ends = []
    for _ in BREAKS:
        source = opened_at_last(stream.port)
        try:
            while source.read() is not None:
                pass
            ends.append("closed")
        except SourceReadError as error:
            ends.append("reset" if "reset" in str(error) else "silent")
        source.close()
    stream.leave()
    stream.join(5)
    assert ends == list(BREAKS)
    assert stream.breaks == dict.fromkeys(BREAKS, 1)


def test_what_the_run_holds_is_written_as_it_is_read() -> None:
    table, ended = io.StringIO(), threading.Event()
    kept = [threading.Event() for _ in range(1000)]
    ended.set()
    watch(table, ended, every_s=0.0)
    (row,) = csv.DictReader(io.StringIO(table.getvalue()))
    assert tuple(row) == COLUMNS
    assert float(row["rss_mb"]) >= float(row["private_mb"]) > 5
    assert int(row["threads"]) >= 1
    assert int(row["handles"]) >= 3
    assert int(row["objects"]) > len(kept)


def test_a_slope_is_told_from_noise() -> None:
    seconds = np.arange(0, 7200, 10.0)
    noise = np.random.default_rng(0).normal(0, 1, len(seconds))
    level, rising = (trend(seconds, 200 + noise + per_hour * seconds / 3600, 600) for per_hour in (0.0, 3.0))
    assert level["within_noise"]
    assert not level["grows"]
    assert level["slope_per_hour"] == pytest.approx(0, abs=0.3)
    low, high = level["thirty_days_would_add"]
    assert low < 0 < high
    assert not rising["within_noise"]
    assert rising["grows"]
    assert rising["slope_per_hour"] == pytest.approx(3.0, abs=0.3)
    assert rising["thirty_days_would_add"][0] > 1900
    # The error is that of the means of 18 samples: 35 of them, a twentieth of an hour apart.
    expected = 1 / np.sqrt(18) / np.sqrt((((np.arange(36) - 17.5) / 20) ** 2).sum())
    assert level["standard_error"] == pytest.approx(expected, rel=0.35)


def test_what_came_in_the_warm_up_does_not_count() -> None:
    seconds = np.arange(0, 7200, 10.0)
    begun = np.where(seconds < 600, seconds, 600.0)
    assert trend(seconds, begun, 600)["slope_per_hour"] == pytest.approx(0)
    assert trend(seconds, begun, 0)["slope_per_hour"] > 10


def test_too_short_a_table_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "resources.csv"
    table.write_text(",".join(COLUMNS) + "\n", "utf-8")
    with pytest.raises(click.ClickException, match="run longer"):
        read_resources(table)
    with pytest.raises(click.ClickException, match="5 times three minutes"):
        trend(np.arange(0, 900, 10.0), np.ones(90), 300)
