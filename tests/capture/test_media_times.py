"""Media times of clocks that leap, step back or have one wild stamp, and of files without times."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.capture.frames.media_times import MediaTimes
from realtime.core.protocols import SourceFindings
from tests.support.pictures.made_clips import numbered, opened, read_all

STEP_S = 1 / 30


def placed(times_s, **options) -> tuple[list[float], SourceFindings]:
    findings = SourceFindings()
    times = MediaTimes(STEP_S, findings, **options)
    got = [times.place(t, lambda after=i + 1: (times_s[after : after + 1] or [None])[0]) for i, t in enumerate(times_s)]
    return got, findings


def regular(count: int, first_s: float = 0.0) -> list[float]:
    return [first_s + number * STEP_S for number in range(count)]


@pytest.mark.parametrize("leap_s", [12.0, 10_000.0, -0.2, -0.7, -3600.0])
def test_a_clock_that_leaps_goes_on_by_the_usual_step_and_says_so(leap_s):
    got, findings = placed(regular(60) + regular(60, 2.0 + leap_s), leap_s=10.0)
    assert got == pytest.approx(regular(120))
    assert findings.notes == ["the file's clock leaps at 1.97 s: times go on from there by the usual step"]
    assert findings.time_note == findings.notes[0]
    assert [from_s for from_s, _ in findings.clock] == pytest.approx([0.0, 2.0])
    assert findings.clock[1][1] == pytest.approx(leap_s)


@pytest.mark.parametrize("wild_s", [5000.0, 5.0, -5.0, 1.5])
def test_one_wild_time_changes_nothing_else(wild_s):
    times_s = regular(120)
    times_s[60] = wild_s
    got, findings = placed(times_s)
    assert got == pytest.approx(regular(120))
    assert findings.notes == ["the file has a wild time at 1.97 s: it was left out"]
    assert len(findings.clock) == 1


def test_a_real_gap_stays_one():
    times_s = regular(30) + regular(30, 9.0)
    got, findings = placed(times_s, leap_s=10.0)
    assert got == pytest.approx(times_s)
    assert findings.notes == []
    assert findings.time_note == ""


def test_pictures_that_are_far_apart_keep_their_times():
    times_s = [3600.0 * number for number in range(5)]
    findings = SourceFindings()
    times = MediaTimes(3600.0, findings)
    assert [times.place(time_s) for time_s in times_s] == times_s
    assert findings.notes == []


def test_a_clock_that_leaps_again_and_again_gathers_no_error():
    parts = [regular(60, start_s) for start_s in (0.0, 500.0, 4.0, 900.0, 8.0)]
    got, _ = placed(list(itertools.chain(*parts)), leap_s=10.0)
    assert got == pytest.approx(regular(300))


def test_a_clock_that_comes_back_is_taken_up_again_so_that_a_lost_picture_stays_lost():
    times_s = [*regular(60), *regular(60, 500.0), *regular(60, 4.0 + STEP_S)]
    got, findings = placed(times_s, leap_s=10.0)
    assert got == pytest.approx([*regular(120), *regular(60, 4.0 + STEP_S)])
    assert findings.clock[2][1] == 0.0


def write(path: Path, times_s, rate: int = 30, form: str | None = None, codec: str = "libx264") -> Path:
    """Write numbered pictures at times that are multiples of a picture's length."""
    options = {"mpegts_copyts": "1"} if path.suffix == ".ts" else {}
    with av.open(str(path), "w", format=form, container_options=options) as container:
        video = container.add_stream(codec, rate=rate, options={"preset": "ultrafast"} if codec == "libx264" else {})
        video.width, video.height = 128, 64
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        video.codec_context.max_b_frames = 0
        for number, time_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="bgr24")
            frame.pts, frame.time_base = round(time_s * rate), Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def read_times(path: Path) -> tuple[np.ndarray, SourceFindings]:
    source, info = opened(path)
    frames, error = read_all(source)
    source.close()
    assert error is None
    return np.array([frame.media_time_s for frame in frames]), info.findings


def test_recordings_joined_end_to_end_with_a_leap_play_on(tmp_path):
    parts = [write(tmp_path / f"{name}.ts", regular(30, first_s)) for name, first_s in (("a", 0.0), ("b", 10_000.0))]
    (tmp_path / "both.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    times_s, findings = read_times(tmp_path / "both.ts")
    assert times_s == pytest.approx(np.arange(60) / 30, abs=1e-4)
    assert findings.time_note.startswith("the file's clock leaps at 0.97 s")
    assert findings.end_s == pytest.approx(2.0, abs=1e-4)


@pytest.mark.parametrize(("form", "codec", "rate"), [("h264", "libx264", 30), ("mjpeg", "mjpeg", 25)])
def test_a_file_without_times_gets_its_coded_or_the_usual_rate_and_says_so(tmp_path, form, codec, rate):
    times_s, findings = read_times(write(tmp_path / f"a.{form}", regular(30), form=form, codec=codec))
    assert times_s == pytest.approx(np.arange(30) / rate)
    assert findings.notes == [f"the file carries no times: {rate} pictures per second are assumed"]
    assert findings.time_note == findings.notes[0]


def test_two_thousand_pictures_a_second_keep_their_length(tmp_path):
    times_s, findings = read_times(write(tmp_path / "a.mkv", [number / 2000 for number in range(120)], rate=2000))
    assert times_s[-1] == pytest.approx(0.06, abs=0.001)
    assert np.diff(times_s).min() > 0
    assert findings.notes == []
