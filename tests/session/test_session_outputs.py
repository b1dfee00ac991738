"""Seeking in a run, and what its outputs forbid and leave."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import numpy as np
import pytest

import realtime.session.window_sink as window_module
from realtime.core.errors import ConfigError
from realtime.core.options import FaceStyle, SmoothingMode
from realtime.recording.part_writer import PartWriter
from realtime.recording.recording_sink import RecordingOptions
from realtime.reports.table_sink import TableOptions
from realtime.session.window import Click, Key
from tests.support.fakes import ScriptedWindow
from tests.support.pictures.recorded import playable_frames

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def shown_times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Media times of the frames that were drawn for the window, without repetitions."""
    times: list[float] = []
    plain = window_module.Overlay.draw

    def spied(self, analysed, hud, **options):
        if not times or times[-1] != analysed.frame.media_time_s:
            times.append(analysed.frame.media_time_s)
        return plain(self, analysed, hud, **options)

    monkeypatch.setattr(window_module.Overlay, "draw", spied)
    return times


def test_seeking_shows_the_frame_of_that_moment_and_nothing_from_before(run, shown_times) -> None:
    session, _, _ = run({31: Key.BACK, 50: Key.QUIT})
    (jump,) = [n for n in range(1, len(shown_times)) if shown_times[n] < shown_times[n - 1]]
    assert shown_times[jump] == pytest.approx(shown_times[jump - 1] - 1.0, abs=1 / 30)
    assert np.diff(shown_times[jump:]) == pytest.approx(1 / 30, abs=0.002)
    assert session.finished == []


def test_a_paused_file_shows_where_it_was_sent_and_stays_there(run, shown_times) -> None:
    class Patient(ScriptedWindow):
        def show(self, image_bgr: np.ndarray) -> Key | Click | None:
            key = super().show(image_bgr)
            return Key.QUIT if self.calls > 150 else key

    window_module.Window = Patient
    run({10: Key.PAUSE, 11: Key.FORWARD})
    assert shown_times[:10] == pytest.approx([n / 30 for n in range(10)], abs=0.002)
    assert shown_times[10:] == pytest.approx([1.3], abs=1 / 30)


def test_a_click_on_the_timeline_seeks(run, shown_times) -> None:
    run({5: Click(320, 400), 12: Key.QUIT})
    assert shown_times[5] == pytest.approx(1.0, abs=0.1)


def test_a_clip_that_was_scrubbed_stays_open_at_its_end_and_plays_again(run, shown_times) -> None:
    class Waiting(ScriptedWindow):
        def show(self, image_bgr: np.ndarray) -> Key | Click | None:
            key = super().show(image_bgr)
            if shown_times[-1] > 1.95:
                self.waited = getattr(self, "waited", 0) + 1
                return {20: Key.PAUSE, 60: Key.QUIT}.get(self.waited)
            return key

    window_module.Window = Waiting
    run({40: Key.FAR_FORWARD})
    assert shown_times.count(0.0) == 2
    assert shown_times[-1] == pytest.approx(59 / 30, abs=0.01)


def test_scrubbing_is_refused_while_a_table_is_written_and_the_table_is_whole(run, tmp_path: Path) -> None:
    _, _, said = run({10: Key.BACK, 20: Key.FAR_FORWARD, 30: Click(320, 400)}, TableOptions(tmp_path / "t.csv"))
    assert [line for line in said if "no seeking" in line] == [said[0]]
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [int(row["frame"]) for row in rows] == list(range(60))


def test_a_recording_that_is_refused_leaves_an_earlier_table_alone(run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("an older one")
    refused = RecordingOptions(tmp_path / "clip.mp4", overwrite=True)
    with pytest.raises(ConfigError, match="recording"):
        run({}, TableOptions(table, overwrite=True), refused, window=False)
    assert table.read_text() == "an older one"


def test_seeking_is_refused_with_offline_smoothing(run) -> None:
    _, _, said = run({10: Key.BACK}, smoothing=SmoothingMode.OFFLINE)
    assert any("no seeking with offline smoothing" in line for line in said)


@pytest.mark.parametrize("blurred", [False, True])
def test_a_full_disk_ends_the_key_s_recording_and_nothing_else(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blurred: bool
) -> None:
    plain, written = PartWriter.write, []

    def filling(self: PartWriter, image_bgr: np.ndarray, media_time_s: float) -> None:
        written.append(media_time_s)
        if len(written) == 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(self, image_bgr, media_time_s)

    monkeypatch.setattr(PartWriter, "write", filling)
    faces = FaceStyle.BLURRED if blurred else FaceStyle.AS_THEY_ARE
    keys = {5: Key.TOGGLE_RECORDING, 56: Key.TOGGLE_RECORDING}
    session, _, said = run(keys, TableOptions(tmp_path / "t.csv"), faces=faces)
    assert len(list(csv.DictReader((tmp_path / "t.csv").open()))) == session.spans.frames == 60
    (part,) = tmp_path.glob("emotion-live-*.part.mp4")
    (told,) = [line for line in said if "cannot record" in line]
    assert "No space left on device; what was recorded until then is in" in told
    assert part.name in told
    assert told.endswith("the run goes on without it")
    assert playable_frames(part) >= 10
    assert sum(line.startswith("recording to") for line in said) == 2, "the key begins another one"
    assert [what for what, _ in session.finished] == ["recording", "table"]


def test_what_is_finished_is_told_recordings_first(run, tmp_path: Path) -> None:
    outputs = TableOptions(tmp_path / "t.csv"), RecordingOptions(tmp_path / "r.mp4")
    session, _, _ = run({20: Key.TOGGLE_RECORDING, 25: Key.TOGGLE_RECORDING}, *outputs)
    assert [what for what, _ in session.finished] == ["recording", "recording", "table"]
