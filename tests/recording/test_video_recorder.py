"""The recorder: every written file is decoded again."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.core.errors import RecordError
from realtime.core.protocols import SourceInfo
from realtime.recording.video_recorder import FORMATS, VideoRecorder
from tests.support.pictures.recorded import (
    LIVE,
    decoded_times,
    irregular_times,
    make_source,
    packets,
    picture,
    record,
    video_length_s,
)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_picture_keeps_its_own_time_and_the_file_its_length(tmp_path: Path, suffix: str) -> None:
    times = irregular_times(60, first_s=12.5)  # recording began in the middle of a run
    assert record(tmp_path / f"out{suffix}", times) == []
    got = decoded_times(tmp_path / f"out{suffix}")
    assert len(got) == 60
    assert np.abs(np.array(got) - (np.array(times) - 12.5)).max() < 1e-3
    assert [p.name for p in tmp_path.iterdir()] == [f"out{suffix}"]
    if suffix in (".mp4", ".mov"):  # Matroska states no length per picture
        wanted_s = times[-1] - 12.5 + (times[-1] - times[-2])
        assert video_length_s(tmp_path / f"out{suffix}") == pytest.approx(wanted_s, abs=1e-3)


def test_the_finished_mp4_has_its_index_in_front_and_key_frames_every_second(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", irregular_times(60))
    content = (tmp_path / "out.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content
    with av.open(str(tmp_path / "out.mp4")) as container:
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None and p.is_keyframe]
    assert len(keys) >= 4
    assert max(np.diff(keys)) < 1.14


def test_times_that_stand_still_or_turn_back_stay_in_order(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", [0.0, 0.04, 0.04, 0.03, 0.1])
    got = decoded_times(tmp_path / "out.mp4")
    assert len(got) == 5
    assert all(a < b for a, b in itertools.pairwise(got))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_source_that_was_away_for_hours_is_recorded_on_with_the_gap(tmp_path: Path, suffix: str) -> None:
    record(tmp_path / f"out{suffix}", [0.0, 0.1, 30_000.0, 30_000.1])
    got = decoded_times(tmp_path / f"out{suffix}")
    assert [got[0], got[1], *got[-2:]] == pytest.approx([0.0, 0.1, 30_000.0, 30_000.1], abs=1e-3)
    assert len(got) == 4 + 8, "the last picture is repeated once an hour"


def test_odd_sizes_are_padded_and_colours_survive(tmp_path: Path) -> None:
    image = np.zeros((49, 65, 3), np.uint8)
    image[:] = (30, 60, 200)
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.write_picture(image, 0.0)
    recorder.close()
    with av.open(str(tmp_path / "out.mp4")) as container:
        got = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert got.shape == (50, 66, 3)
    assert np.abs(got.astype(int) - (30, 60, 200)).max() <= 6


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_sound_is_copied_byte_for_byte_and_in_step(tmp_path: Path, suffix: str) -> None:
    info = make_source(tmp_path / "in.mp4")
    times = decoded_times(tmp_path / "in.mp4")
    assert record(tmp_path / f"out{suffix}", times, info) == []
    # What starts before the first picture is the encoder's run-in.
    wanted = [(t, data) for t, data in packets(tmp_path / "in.mp4", "audio") if 0 <= t < 3.0]
    got = packets(tmp_path / f"out{suffix}", "audio")
    assert [data for _, data in got] == [data for _, data in wanted]
    assert np.abs(np.array([t for t, _ in got]) - [t for t, _ in wanted]).max() < 1e-3
    if suffix == ".mp4":
        assert video_length_s(tmp_path / "out.mp4") == pytest.approx(3.0, abs=1e-3)


def test_sound_starts_and_stops_with_a_recording_of_the_middle(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mp4", seconds=4.0)
    times = [t for t in decoded_times(tmp_path / "in.mp4") if 1.5 <= t < 2.5]
    record(tmp_path / "out.mp4", times, info)
    wanted = [(t - 1.5, data) for t, data in packets(tmp_path / "in.mp4", "audio") if 1.5 <= t < 2.5]
    got = packets(tmp_path / "out.mp4", "audio")
    assert [data for _, data in got] == [data for _, data in wanted]
    assert np.abs(np.array([t for t, _ in got]) - [t for t, _ in wanted]).max() < 1e-3


def test_sound_that_begins_late_stays_late(tmp_path: Path) -> None:
    info = make_source(tmp_path / "in.mp4", seconds=3.0, sound_delay_s=1.2)
    record(tmp_path / "out.mp4", decoded_times(tmp_path / "in.mp4"), info)
    assert packets(tmp_path / "out.mp4", "audio")[0][0] == pytest.approx(1.2, abs=0.03)
    assert decoded_times(tmp_path / "out.mp4")[0] == 0.0


def test_a_vanished_source_costs_the_sound_only(tmp_path: Path) -> None:
    info = SourceInfo(name="gone.mp4", live=False, size_wh=(64, 48), fps=20.0, path=str(tmp_path / "gone.mp4"))
    notes = record(tmp_path / "out.mp4", irregular_times(10), info)
    assert "sound" in notes[0]
    assert len(decoded_times(tmp_path / "out.mp4")) == 10


def test_without_a_picture_no_file_is_left(tmp_path: Path) -> None:
    notes = record(tmp_path / "out.mp4", [])
    assert "no picture" in notes[0]
    assert list(tmp_path.iterdir()) == []


def test_close_any_number_of_times_and_then_nothing_more(tmp_path: Path) -> None:
    recorder = VideoRecorder(tmp_path / "out.mp4", LIVE)
    recorder.write_picture(picture(0), 0.0)
    recorder.close()
    recorder.close()
    for time_s in (0.1, 5.0):
        with pytest.raises(RecordError, match="is closed"):
            recorder.write_picture(picture(1), time_s)
    assert not any(thread.name == "recorder" for thread in threading.enumerate())


@pytest.mark.parametrize("name", ["smile_to_neutral_720p.mp4", "face_then_none_hevc.mov", "several_people_cuts.mp4"])
def test_a_real_clip_keeps_its_times(real_data: Path, tmp_path: Path, name: str) -> None:
    clip = real_data / "videos" / name
    recorder, times, first = None, [], 0.0
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            first = frame.time if number == 0 else first
            if number < 40:
                continue
            image = frame.to_ndarray(format="bgr24")
            if recorder is None:
                size_wh = (image.shape[1], image.shape[0])
                info = SourceInfo(name=name, live=False, size_wh=size_wh, fps=30.0, path=str(clip))
                recorder = VideoRecorder(tmp_path / "out.mp4", info)
            times.append(frame.time - first)
            recorder.write_picture(image, times[-1])
            if len(times) == 60:
                break
    assert recorder is not None
    recorder.close()
    assert recorder.notes == []
    got = decoded_times(tmp_path / "out.mp4")
    assert np.abs(np.array(got) - (np.array(times) - times[0])).max() < 1e-3
    start_s, end_s = first + times[0], first + times[-1]
    wanted = [(t - start_s, data) for t, data in packets(clip, "audio") if start_s - 1e-5 <= t < end_s]
    sound = [item for item in packets(tmp_path / "out.mp4", "audio") if item[0] < end_s - start_s - 0.03]
    assert [data for _, data in sound] == [data for _, data in wanted][: len(sound)]
    assert len(wanted) - 4 < len(sound) <= len(wanted)
    assert np.abs(np.array([a[0] - b[0] for a, b in zip(sound, wanted, strict=False)])).max() < 1e-3
