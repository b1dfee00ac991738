"""What the desktop program does beside its window: results, jumping in a video, playing, saving. No display needed."""

from __future__ import annotations

import csv
import queue
import time
from pathlib import Path

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.app.jobs.analyse import Progress
from realtime.app.jobs.job import Cancelled, Failed, Job
from realtime.app.jobs.player import Player
from realtime.app.jobs.save import SaveJob
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.capture.frame_index_reader import SeekableVideo, length_s
from realtime.capture.video_file import FileSource
from realtime.core.config import SmoothingConfig
from realtime.core.errors import SourceOpenError
from realtime.core.options import FaceStyle
from realtime.smoothing.offline import smooth_offline
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of, moment, results_of

pytestmark = pytest.mark.timeout(60)
IRREGULAR_MS = np.cumsum(np.random.default_rng(3).integers(20, 90, 120)).tolist()


def finished(job: Job, events: queue.Queue) -> list[object]:
    job.start()
    heard = []
    while not heard or isinstance(heard[-1], Progress):
        heard.append(events.get(timeout=30)[1])
    return heard


@pytest.fixture
def events() -> queue.Queue:
    return queue.Queue()


def test_results_give_back_what_was_put_in_however_many_there_are() -> None:
    people = [{}, {1: "anger"}, {2: "uncertain", 1: "fear"}]
    frames = [moment(n / 25, people[n % 3]) for n in range(900)]
    results = results_of(frames)
    assert len(results) == 900
    for n in (0, 1, 2, 600, 899):
        np.testing.assert_array_equal(results.faces(n).track_ids, frames[n].faces.track_ids)
        np.testing.assert_array_equal(results.faces(n).boxes_xyxy, frames[n].faces.boxes_xyxy)
        np.testing.assert_array_equal(results.emotions(n).by_region, frames[n].emotions.by_region)
        assert results.emotions(n).labels == frames[n].emotions.labels
        assert results.emotions(n).reasons == frames[n].emotions.reasons
    assert results.people() == [1, 2]
    assert results.end_s == pytest.approx(900 / 25)
    assert results.nbytes < 900 * 1000
    assert [results.index_at(t) for t in (-1.0, 0.0, 0.041, 1e9)] == [0, 0, 1, 899]


def test_results_are_smoothed_as_the_command_smooths_offline() -> None:
    frames = [moment(n / 25, {1: "anger" if 20 < n < 60 else "neutral"}) for n in range(100)]
    results = results_of(frames)
    config = SmoothingConfig()
    wanted = smooth_offline(
        [f.frame.media_time_s for f in frames],
        [f.faces.track_ids for f in frames],
        [f.emotions for f in frames],
        config,
    )
    results.smooth(config)
    assert [results.emotions(n).labels for n in range(100)] == [said.labels for said in wanted]
    np.testing.assert_allclose(results.emotions(30).probabilities, wanted[30].probabilities)
    np.testing.assert_array_equal(results.emotions(30).raw, frames[30].emotions.raw)


def test_a_course_has_one_person_only() -> None:
    results = results_of([moment(n, {1: "fear"} if n % 2 else {1: "fear", 2: "anger"}) for n in range(6)])
    frames, shown, labels = results.course(2)
    assert frames.tolist() == [0, 2, 4]
    assert shown.shape == (3, 6)
    assert set(labels.tolist()) == {EMOTIONS.index("anger")}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("regular.mp4", {}),
        ("irregular.mp4", {"times": IRREGULAR_MS}),
        ("late.mkv", {"times": [ms + 5000 for ms in IRREGULAR_MS]}),
        ("no_times.m4v", {"codec": "mpeg4"}),
    ],
)
def test_frames_come_in_any_order_exactly(tmp_path: Path, name: str, options: dict) -> None:
    path = write_clip(tmp_path / name, 120, noise=True, **options)
    source = FileSource(str(path))
    source.open()
    reference, times = [], []
    while (frame := source.read()) is not None:
        reference.append(frame.image_bgr)
        times.append(frame.media_time_s)
    source.close()
    video = SeekableVideo(str(path), np.array(times))
    for index in [0, 119, 3, 4, 118, 60, 61, 59, 0]:
        np.testing.assert_array_equal(video.frame(index), reference[index], err_msg=str(index))
    assert video.frame(100, lambda: True) is None
    video.close()


def test_a_far_frame_is_reached_without_reading_everything(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mp4", 1500)
    video = SeekableVideo(str(path), np.arange(1500) / 30)
    decoded = []
    plain = video._decode
    video._decode = lambda: (decoded.append(1) or frame for frame in plain())  # type: ignore[method-assign]
    assert video.frame(1400) is not None
    assert len(decoded) < 40
    video.close()


def test_a_video_that_is_gone_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="open it again"):
        SeekableVideo(str(tmp_path / "gone.mp4"), np.zeros(1))
    assert length_s(str(tmp_path / "gone.mp4")) is None


def test_the_length_is_known_also_where_frames_are_not_counted(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", 60)
    assert analysis_of(path).info.frame_count is None
    assert length_s(str(path)) == pytest.approx(2.0, abs=0.1)


def test_a_player_keeps_the_videos_own_speed_and_stops_at_the_end(tmp_path: Path, events) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 45))
    player = Player(analysis, lambda job, event: events.put((job, event)))
    player.start()
    seen, started = set(), time.monotonic()
    player.play()
    while player.playing and time.monotonic() - started < 10:
        if (shown := player.pictures.take()) is not None:
            seen.add(shown.index)
        time.sleep(0.002)
    took_s = time.monotonic() - started
    assert 44 / 30 - 0.1 < took_s < 4
    assert player.position_s == pytest.approx(44 / 30)
    assert len(seen) > 10
    player.play()
    assert player.position_s < 1, "at the end play begins again"
    player.cancel()
    assert isinstance(events.get(timeout=5)[1], Cancelled)


def test_a_player_shows_the_frame_that_was_asked_for_last(tmp_path: Path, events) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 90))
    player = Player(analysis, lambda job, event: events.put((job, event)))
    player.resize((320, 320))
    player.start()
    for time_s in np.linspace(0, 2.9, 40):
        player.seek(float(time_s))
    player.step(-3)
    wanted = analysis.results.index_at(2.9) - 3
    deadline = time.monotonic() + 10
    shown = None
    while (shown is None or shown.index != wanted) and time.monotonic() < deadline:
        shown = player.pictures.take() or shown
        time.sleep(0.002)
    assert shown is not None
    assert shown.index == wanted
    assert shown.size_wh == (320, 192)
    assert shown.scale == pytest.approx(2.0)
    assert shown.picture.startswith(b"P6 320 192 255\n")
    player.cancel()


@pytest.mark.parametrize(("kind", "name"), [(Kind.RECORDING, "r.mp4"), (Kind.TABLE, "t.csv"), (Kind.REPORT, "r.html")])
def test_a_file_is_saved_whole_and_nothing_beside_it(tmp_path: Path, events, kind: Kind, name: str) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 40))
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).write_text("an older one")
    job = SaveJob(analysis, kind, folder / name, FaceStyle.AS_THEY_ARE, lambda j, event: events.put((j, event)))
    assert isinstance(finished(job, events)[-1], Saved)
    assert {path.name for path in folder.iterdir()} - {"t.csv-metadata.json"} == {name}
    if kind is Kind.RECORDING:
        assert len(analysis_of(folder / name).results) == 40
    elif kind is Kind.TABLE:
        rows = list(csv.DictReader((folder / name).open()))
        assert [row["label"] for row in rows] == ["happiness"] * 40
        assert float(rows[30]["media_time_s"]) == pytest.approx(1.0)
    else:
        assert "happiness" in (folder / name).read_text("utf-8")


def test_saving_onto_a_link_leaves_the_link_and_foreign_metadata_is_kept(tmp_path: Path, events) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 10))
    (tmp_path / "folder").mkdir()
    (tmp_path / "r.html").symlink_to(tmp_path / "folder" / "real.html")
    (tmp_path / "t.csv-metadata.json").write_text("precious")

    def saved(kind: Kind, name: str) -> object:
        job = SaveJob(analysis, kind, tmp_path / name, FaceStyle.ON_BLACK, lambda j, event: events.put((j, event)))
        return finished(job, events)[-1]

    assert isinstance(saved(Kind.REPORT, "r.html"), Saved)
    assert (tmp_path / "r.html").is_symlink()
    assert "happiness" in (tmp_path / "folder" / "real.html").read_text("utf-8")
    refused = saved(Kind.TABLE, "t.csv")
    assert isinstance(refused, Failed)
    assert "which is not of this program" in refused.message
    assert (tmp_path / "t.csv-metadata.json").read_text() == "precious"


def test_what_is_cancelled_leaves_what_was_there_before(tmp_path: Path, events) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 60))
    target = tmp_path / "r.mp4"
    target.write_text("an older one")
    job = SaveJob(analysis, Kind.RECORDING, target, FaceStyle.BLURRED, lambda j, event: events.put((j, event)))
    job.cancel()
    assert isinstance(finished(job, events)[-1], Cancelled)
    assert target.read_text() == "an older one"
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "r.mp4"}


@pytest.mark.parametrize(("faces", "shown"), [(FaceStyle.AS_THEY_ARE, True), (FaceStyle.ON_BLACK, False)])
def test_a_report_has_pictures_of_faces_only_where_they_may_be_shown(
    tmp_path: Path, events, faces: FaceStyle, shown: bool
) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 40))
    job = SaveJob(analysis, Kind.REPORT, tmp_path / "r.html", faces, lambda j, event: events.put((j, event)))
    assert isinstance(finished(job, events)[-1], Saved)
    assert ("data:image/jpeg" in (tmp_path / "r.html").read_text("utf-8")) == shown


@pytest.mark.parametrize(
    ("name", "says"),
    [("clip.mp4", "made from"), ("r.avi", "must end in"), ("nowhere/r.mp4", "no folder")],
)
def test_what_cannot_be_saved_is_said_and_the_source_stays(tmp_path: Path, events, name: str, says: str) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 10))
    before = (tmp_path / "clip.mp4").read_bytes()
    job = SaveJob(
        analysis, Kind.RECORDING, tmp_path / name, FaceStyle.ON_BLACK, lambda j, event: events.put((j, event))
    )
    last = finished(job, events)[-1]
    assert isinstance(last, Failed)
    assert says in last.message
    assert "\n" not in last.message
    assert (tmp_path / "clip.mp4").read_bytes() == before


def test_a_full_disk_while_saving_is_said_and_leaves_nothing(tmp_path: Path, events, monkeypatch) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 10))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("realtime.reports.table_sink.TableSink.write", full)
    job = SaveJob(analysis, Kind.TABLE, tmp_path / "t.csv", FaceStyle.AS_THEY_ARE, lambda j, e: events.put((j, e)))
    last = finished(job, events)[-1]
    assert isinstance(last, Failed)
    assert "No space left" in last.message
    assert "what was found is kept" in last.message
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_an_unforeseen_error_of_a_job_is_told_in_one_line(events) -> None:
    class Broken(Job):
        def work(self) -> None:
            raise RuntimeError("one\ntwo")

    (last,) = finished(Broken("broken", lambda j, event: events.put((j, event))), events)
    assert isinstance(last, Failed)
    assert "RuntimeError: one" in last.message
    assert "\n" not in last.message
