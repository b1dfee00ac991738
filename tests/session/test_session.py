"""Keys and endings of a run, with a window that presses keys by itself."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import numpy as np
import pytest

import realtime.session.analyser as analyser_module
import realtime.session.window_sink as window_module
from realtime.capture.video_file import FileSource
from realtime.core.errors import ConfigError
from realtime.core.options import SmoothingMode
from realtime.pipeline.pipeline import Pipeline
from realtime.recording.recording_sink import RecordingOptions
from realtime.reports.table_sink import TableOptions
from realtime.session.window import Key
from realtime.timeline.label_spans import LabelSpans
from tests.support.clocks import FakeClock
from tests.support.fakes import ScriptedWindow

pytestmark = pytest.mark.timeout(60)


def test_quit_ends_the_run_and_closes_the_window(run) -> None:
    session, window, _ = run({5: Key.QUIT})
    assert len(window.shown) == 5
    assert window.closed
    assert session.spans.frames <= 6


def test_a_file_without_keys_runs_to_its_end_at_its_own_speed(run, clock: FakeClock) -> None:
    session, window, _ = run({})
    assert session.spans.frames == 60
    assert clock.now_s == pytest.approx(59 / 30, abs=0.01)
    assert len(window.shown) == 60


def test_head_up_display_and_landmarks_are_switched_by_their_keys(run, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[bool, bool]] = []
    plain = window_module.Overlay.draw

    def spied(self, analysed, hud, **options):
        drawn.append((hud is not None, options["landmarks"]))
        return plain(self, analysed, hud, **options)

    monkeypatch.setattr(window_module.Overlay, "draw", spied)
    run({3: Key.TOGGLE_HUD, 6: Key.TOGGLE_HUD, 8: Key.TOGGLE_LANDMARKS, 10: Key.QUIT})
    assert [hud for hud, _ in drawn[:10]] == [True] * 3 + [False] * 3 + [True] * 4
    assert [landmarks for _, landmarks in drawn[:10]] == [False] * 8 + [True] * 2


def test_the_resting_face_is_asked_for_by_key_or_option_and_shown(run, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    plain = window_module.Overlay.draw

    def spied(self, analysed, hud, **options):
        notes.append(hud.resting if hud else "")
        return plain(self, analysed, hud, **options)

    monkeypatch.setattr(window_module.Overlay, "draw", spied)
    run({5: Key.CALIBRATE, 10: Key.QUIT})
    assert notes[3] == ""
    assert notes[8].startswith("REST YOUR FACE 5")
    notes.clear()
    run({5: Key.QUIT}, calibrate_s=2.0)
    assert notes[1].startswith("REST YOUR FACE 2")


def test_resting_faces_are_watched_once_per_frame_live_and_offline(run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    plain = analyser_module.NeutralCalibrator.update

    def spied(self, faces, emotions, media_time_s):
        seen.append(media_time_s)
        return plain(self, faces, emotions, media_time_s)

    monkeypatch.setattr(analyser_module.NeutralCalibrator, "update", spied)
    for smoothing in (SmoothingMode.LIVE, SmoothingMode.OFFLINE):
        seen.clear()
        run({}, calibrate_s=1.0, window=False, smoothing=smoothing)
        assert len(seen) == 60
        assert seen == sorted(set(seen))


def test_recording_starts_and_stops_with_the_key_and_begins_at_zero(run, tmp_path: Path) -> None:
    _, _, said = run({10: Key.TOGGLE_RECORDING, 40: Key.TOGGLE_RECORDING, 50: Key.QUIT})
    (video,) = tmp_path.glob("emotion-live-*.mp4")
    assert f"recording to {video.name}" in said
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))
    # The window enlarges so small a clip; the recording does not.
    assert {(frame.width, frame.height) for frame in frames} == {(160, 96)}
    times = [frame.time for frame in frames]
    assert 29 <= len(times) <= 31
    assert times[0] == pytest.approx(0.0, abs=0.001)
    assert times[-1] == pytest.approx((len(times) - 1) / 30, abs=0.005)


def test_a_screenshot_is_what_the_window_shows(run, tmp_path: Path) -> None:
    import cv2

    _, window, said = run({4: Key.SCREENSHOT, 6: Key.QUIT})
    (picture,) = tmp_path.glob("emotion-live-*.png")
    assert said == [f"screenshot: {picture.name}"]
    np.testing.assert_array_equal(cv2.imread(str(picture)), window.shown[3])


def test_a_paused_file_stands_still_and_loses_nothing(run, tmp_path: Path) -> None:
    class Pausing(ScriptedWindow):
        def show(self, image_bgr: np.ndarray) -> Key | None:
            key = super().show(image_bgr)
            if key is Key.PAUSE:
                self.paused_at = self.calls
            # Twenty looks at the standing picture later, space again.
            return Key.PAUSE if getattr(self, "paused_at", -99) + 20 == self.calls else key

    window_module.Window = Pausing
    _, window, _ = run({10: Key.PAUSE}, TableOptions(tmp_path / "t.csv"))
    # Pausing draws the standing picture anew, with the word for it.
    assert 60 <= len(window.shown) <= 62
    assert window.calls >= 80
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [int(row["frame"]) for row in rows] == list(range(60))


def test_an_error_in_the_middle_still_finishes_table_and_recording(run, tmp_path: Path, monkeypatch) -> None:
    def broken(self: LabelSpans, analysed: object, seen: list[int] = []) -> None:  # noqa: B006
        seen.append(1)
        if len(seen) > 20:
            raise RuntimeError("unforeseen")

    monkeypatch.setattr(LabelSpans, "write", broken)
    with pytest.raises(RuntimeError, match="unforeseen"):
        run({}, RecordingOptions(tmp_path / "r.mp4"), TableOptions(tmp_path / "t.csv"), window=False)
    assert len(list(csv.DictReader((tmp_path / "t.csv").open()))) == 20
    with av.open(str(tmp_path / "r.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20


def test_screenshots_of_one_second_are_kept_apart(run, tmp_path: Path) -> None:
    run({4: Key.SCREENSHOT, 5: Key.SCREENSHOT, 6: Key.SCREENSHOT, 8: Key.QUIT})
    assert len(list(tmp_path.glob("emotion-live-*.png"))) == 3


def test_a_faster_window_plays_faster_and_tables_keep_their_times(run, clock: FakeClock, tmp_path: Path) -> None:
    session, _, _ = run({}, TableOptions(tmp_path / "t.csv"), speed=4.0)
    assert clock.now_s == pytest.approx(59 / 30 / 4, abs=0.01)
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [float(row["media_time_s"]) for row in rows] == pytest.approx([n / 30 for n in range(60)], abs=0.002)
    assert session.spans.frames == 60
    run({}, speed=0.5)
    assert clock.now_s == pytest.approx(2 * 59 / 30, abs=0.01)


def test_a_speed_for_a_source_with_its_own_is_refused(run) -> None:
    with pytest.raises(ConfigError, match="--speed"):
        run({}, speed=2.0, realtime=True)


def test_the_list_of_keys_comes_and_goes_with_its_key_and_is_in_no_recording(run, tmp_path: Path) -> None:
    output = RecordingOptions(tmp_path / "out.mp4")
    _, window, _ = run({5: Key.TOGGLE_HELP, 10: Key.TOGGLE_HELP, 14: Key.QUIT}, output)

    def middle(picture: np.ndarray) -> np.ndarray:
        return picture[100:280, 200:440]

    # The clip's pictures are of one gray each; the list is not.
    varied = [int(np.ptp(middle(picture))) > 100 for picture in window.shown[:14]]
    assert varied == [False] * 5 + [True] * 5 + [False] * 4
    with av.open(str(tmp_path / "out.mp4")) as container:
        for frame in container.decode(video=0):
            assert np.ptp(frame.to_ndarray(format="bgr24")[25:70, 50:110]) < 100


def test_the_timeline_can_be_switched_off(run) -> None:
    _, window, _ = run({5: Key.TOGGLE_TIMELINE, 10: Key.QUIT})
    assert window.shown[3].shape[0] > window.shown[8].shape[0] == 384


def test_a_sender_that_closed_and_threads_that_hang_are_told(run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closing(FileSource):
        farewell = "stream http://camera/ ended: its sender closed it after 60 frames"

    ends = Pipeline.close
    monkeypatch.setattr(analyser_module, "source_for", lambda text, **_options: Closing(text))
    monkeypatch.setattr(Pipeline, "close", lambda self: [*ends(self), "capture"])
    _, _, said = run({}, window=False)
    assert said == [Closing.farewell, "still busy when the run ended: capture; they end with the program"]
