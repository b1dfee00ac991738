"""What the desktop program keeps between its runs: analyses, bounded and for their owner alone, and choices."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import queue
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.app.jobs.analyse import Progress
from realtime.app.jobs.job import Failed
from realtime.app.jobs.save import SaveJob
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.app.library.analysis_file import read_analysis, read_entry
from realtime.app.library.preferences import Preferences
from realtime.app.library.recent_analyses import RecentAnalyses
from realtime.app.library.user_folders import data_folder, videos_folder
from realtime.core.config import PipelineConfig
from realtime.core.errors import EmotionLiveError, RecordError, SourceReadError
from realtime.core.options import FaceStyle
from tests.support.fuzzing import FUZZ, in_one_line
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

PEOPLE = {1: "happiness", 2: "uncertain"}
WEIGHTS = PipelineConfig().weights


@pytest.fixture
def recent(tmp_path: Path) -> RecentAnalyses:
    return RecentAnalyses(tmp_path / "data" / "recent")


@pytest.fixture
def analysis(tmp_path: Path):
    return analysis_of(write_clip(tmp_path / "clip.mp4", 20), PEOPLE)


def saved_table(analysis, path: Path) -> object:
    events: queue.Queue = queue.Queue()
    job = SaveJob(analysis, Kind.TABLE, path, FaceStyle.AS_THEY_ARE, lambda _, event: events.put(event))
    job.start()
    # Under load it also tells how far it is.
    while isinstance(event := events.get(timeout=30), Progress):
        pass
    return event


def test_a_kept_analysis_comes_back_with_every_number(recent: RecentAnalyses, analysis) -> None:
    analysis = dataclasses.replace(analysis, warning="it broke off", provider="cpu", began_s=1e9)
    entry = recent.keep(analysis)
    assert [one.path for one in recent.entries()] == [entry.path]
    assert (entry.source, entry.people, entry.missing) == (Path(analysis.source), 2, False)
    assert entry.seconds == pytest.approx(20 / 30)
    back = read_analysis(entry, WEIGHTS)
    for name, array in analysis.results.stored().items():
        np.testing.assert_array_equal(back.results.stored()[name], array, err_msg=name)
    assert back.results.emotions(7).labels == ("happiness", "uncertain")
    assert back.results.emotions(7).reasons == ("", "turned")
    assert back.config == analysis.config
    assert (back.info.size_wh, back.info.fps) == (analysis.info.size_wh, analysis.info.fps)
    assert (back.warning, back.provider, back.began_s) == ("it broke off", "cpu", 1e9)
    assert back.kept
    assert back.pictures == ""


def test_what_is_saved_of_a_kept_analysis_is_what_would_have_been_saved_at_once(recent, analysis, tmp_path) -> None:
    analysis.metrics.frames_shown = 20
    assert isinstance(saved_table(analysis, tmp_path / "then.csv"), Saved)
    back = read_analysis(recent.keep(analysis), WEIGHTS)
    Path(analysis.source).unlink()  # A table needs no pictures, and says what the video was all the same.
    assert isinstance(saved_table(back, tmp_path / "now.csv"), Saved)
    assert (tmp_path / "now.csv").read_text() == (tmp_path / "then.csv").read_text()
    assert len(list(csv.DictReader((tmp_path / "now.csv").open()))) == 40
    then, now = (
        json.loads((tmp_path / f"{name}.csv-metadata.json").read_text())["notes"][0] for name in ("then", "now")
    )
    assert now == then
    assert then["frames"] == 20


def test_an_analysis_of_other_models_is_shown_and_not_saved(recent, analysis, tmp_path: Path) -> None:
    back = dataclasses.replace(read_analysis(recent.keep(analysis), WEIGHTS), manifest_sha256="0" * 64)
    refused = saved_table(back, tmp_path / "t.csv")
    assert isinstance(refused, Failed)
    assert "open the video again" in refused.message
    assert not (tmp_path / "t.csv").exists()


def test_a_video_that_is_gone_or_another_one_has_no_pictures(recent, analysis) -> None:
    entry, path = recent.keep(analysis), Path(analysis.source)
    path.write_bytes(path.read_bytes() + b"more")
    assert "changed or replaced" in read_analysis(entry, WEIGHTS).pictures
    path.unlink()
    assert entry.missing
    assert "not there any more" in read_analysis(entry, WEIGHTS).pictures


def test_the_list_is_bounded_by_number_and_by_size(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "0.mp4", 5)
    for name in "1234":
        (tmp_path / f"{name}.mp4").write_bytes(one.read_bytes())
    clips = [analysis_of(tmp_path / f"{name}.mp4") for name in range(5)]
    few = RecentAnalyses(tmp_path / "few", most=3)
    for number, clip in enumerate(clips):
        entry = few.keep(clip)
        os.utime(entry.path, (number, number))
    assert [entry.source.name for entry in few.entries()] == ["4.mp4", "3.mp4", "2.mp4"]
    assert len(list((tmp_path / "few").iterdir())) == 6
    small = RecentAnalyses(tmp_path / "small", most_bytes=round(2.5 * few.entries()[0].nbytes))
    for number, clip in enumerate(clips):
        os.utime(small.keep(clip).path, (number, number))
    assert [entry.source.name for entry in small.entries()] == ["4.mp4", "3.mp4"]
    with pytest.raises(RecordError, match="this one alone takes more"):
        RecentAnalyses(tmp_path / "small", most_bytes=100).keep(clips[0])
    assert len(small.entries()) == 2, "what cannot be kept takes nothing away"


def test_the_same_video_again_replaces_its_entry_and_other_options_do_not(recent, analysis) -> None:
    recent.keep(analysis)
    recent.keep(analysis)
    assert len(recent.entries()) == 1
    recent.keep(dataclasses.replace(analysis, config=PipelineConfig(max_faces=1)))
    assert len(recent.entries()) == 2
    recent.remove(recent.entries()[0])
    assert len(recent.entries()) == 1
    recent.clear()
    assert recent.entries() == []


@pytest.mark.skipif(sys.platform == "win32", reason="the folder's permissions decide there")
def test_what_is_kept_is_for_its_owner_alone_and_has_no_picture(recent, analysis) -> None:
    mask = os.umask(0)
    try:
        entry = recent.keep(analysis)
        Preferences(entry.path.parents[1]).open_folder = entry.source.parent
    finally:
        os.umask(mask)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in entry.path.parents[1].rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert stat.S_IMODE(entry.path.parents[1].stat().st_mode) == 0o700
    with np.load(entry.path.with_suffix(".npz")) as arrays:
        assert set(arrays) == {"times_s", "starts", "rows", "regions", "reasons"}
        assert set(arrays["rows"].dtype.names) == {
            *("track", "box", "pose", "shown", "raw", "by_region", "reliability", "label", "reason")
        }


def test_a_full_disk_is_said_and_leaves_nothing(recent, analysis, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(RecordError, match=r"No space left.*save what you need now"):
        recent.keep(analysis)
    assert recent.entries() == []
    assert list((recent._folder).iterdir()) == []


@FUZZ
@given(data=st.data())
def test_a_damaged_file_is_one_line_or_no_entry(analysis, tmp_path_factory, data) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    entry = RecentAnalyses(folder / "recent").keep(analysis)
    path = data.draw(st.sampled_from([entry.path, entry.path.with_suffix(".npz")]))
    body = bytearray(path.read_bytes())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=8)):
        body[place] = value
    path.write_bytes(bytes(body[: data.draw(st.integers(0, len(body)))]))
    damaged = read_entry(entry.path)
    if damaged is not None:
        try:
            assert len(read_analysis(damaged, WEIGHTS).results) > 0
        except SourceReadError as error:
            in_one_line(error)


def test_numbers_that_do_not_fit_together_are_refused(recent, analysis) -> None:
    entry = recent.keep(analysis)
    whole = analysis.results.stored()
    wrong = {
        "frames": {"starts": whole["starts"][:-1]},
        "version": {"rows": whole["rows"][["track", "box"]]},
        "label": {"rows": _with(whole["rows"], "label", 99)},
        "reason": {"rows": _with(whole["rows"], "reason", 99)},
        "order": {"starts": np.concatenate([[0], whole["starts"][1:-1][::-1], whole["starts"][-1:]])},
        "nothing": {"times_s": whole["times_s"][:0], "starts": whole["starts"][:1], "rows": whole["rows"][:0]},
    }
    for what, arrays in wrong.items():
        np.savez_compressed(entry.path.with_suffix(".npz"), **{**whole, **arrays})
        with pytest.raises(EmotionLiveError, match="remove it from the list"):
            pytest.fail(f"{what}: {read_analysis(entry, WEIGHTS)}")


def _with(rows, name: str, value: int):
    rows = rows.copy()
    rows[name][3] = value
    return rows


def test_choices_outlast_the_program_and_a_damaged_file_is_as_none(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    first = Preferences(tmp_path / "data")
    assert first.keeps_recent
    assert first.open_folder == tmp_path
    (tmp_path / "clips").mkdir()
    first.open_folder, first.keeps_recent = tmp_path / "clips", False
    again = Preferences(tmp_path / "data")
    assert (again.open_folder, again.keeps_recent) == (tmp_path / "clips", False)
    (tmp_path / "clips").rmdir()
    assert Preferences(tmp_path / "data").open_folder == tmp_path
    (tmp_path / "data" / "preferences.json").write_text("[1")
    assert Preferences(tmp_path / "data").keeps_recent


@pytest.mark.parametrize(
    ("platform", "variables", "data", "videos"),
    [
        ("linux", {}, ".local/share/emotion-live", "Filme"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/emotion-live", "Filme"),
        ("linux", {"XDG_DATA_HOME": "relative"}, ".local/share/emotion-live", "Filme"),
        ("darwin", {}, "Library/Application Support/emotion-live", "Movies"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/emotion-live", "Videos"),
    ],
)
def test_the_users_folders(tmp_path: Path, monkeypatch, platform: str, variables, data: str, videos: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    assert data_folder() == tmp_path / data
    assert videos_folder() == tmp_path
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "user-dirs.dirs").write_text('# made\nXDG_VIDEOS_DIR="$HOME/Filme"\n')
    for name in ("Filme", "Movies", "Videos"):
        (tmp_path / name).mkdir()
    assert videos_folder() == tmp_path / videos
