"""Who is who in the desktop program: what it saves and keeps follows, and the results by track stay."""

from __future__ import annotations

import csv
import dataclasses
import gc
import queue
from pathlib import Path

import pytest

from realtime.app.jobs.save import SaveJob
from realtime.app.jobs.save_kinds import Kind, Saved
from realtime.app.library.analysis_file import read_analysis
from realtime.app.library.person_form import PersonForm
from realtime.app.library.recent_analyses import RecentAnalyses
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from realtime.core.options import FaceStyle
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_line import PersonLine
from realtime.reports.table_metadata import read_facts
from tests.support.pages.report_page import plain
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

EDITS = PersonEdits((PersonLine(1, "Anna"), PersonLine(2, exclude=True, from_s=0.2)))


def named(tmp_path: Path):
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 20), {1: "happiness", 2: "uncertain"})
    return dataclasses.replace(analysis, persons=EDITS)


def saved(analysis, kind: Kind, path: Path) -> Path:
    # What is left of an earlier test's window must not be freed on the job's thread.
    gc.collect()
    events: queue.Queue = queue.Queue()
    job = SaveJob(analysis, kind, path, FaceStyle.AS_THEY_ARE, lambda _, event: events.put(event))
    job.start()
    while not isinstance(event := events.get(timeout=30), Saved):
        assert type(event).__name__ == "Progress", event
    return event.path


def on_faces(screen) -> list[str]:
    picture = screen._picture
    texts = [picture.itemcget(item, "text") for item in picture.find_withtag("face") if picture.type(item) == "text"]
    return [text.rpartition(" ")[0] if text.endswith("%") else text for text in texts]


def test_an_analysis_is_seen_by_person_and_stays_as_it_is(tmp_path: Path) -> None:
    analysis = named(tmp_path)
    assert [EDITS.title(number) for number in analysis.by_person.people()] == ["Anna", "person 2"]
    assert analysis.results.people() == [1, 2]
    assert dataclasses.replace(analysis, persons=PersonEdits()).by_person is analysis.results


def test_what_is_saved_and_kept_says_who_is_who(tmp_path: Path) -> None:
    analysis, recent = named(tmp_path), RecentAnalyses(tmp_path / "recent")
    back = read_analysis(recent.keep(analysis), PipelineConfig().weights)
    assert back.persons == EDITS
    for number, one in enumerate((analysis, back)):
        table = saved(one, Kind.TABLE, tmp_path / f"{number}.csv")
        rows = list(csv.DictReader(table.read_text().splitlines()))
        assert {(row["track"], row["person"]) for row in rows} == {("1", "Anna"), ("2", "2")}
        assert {row["excluded"] for row in rows if float(row["media_time_s"]) >= 0.2 and row["track"] == "2"} == {"1"}
        assert read_facts(table)["persons"]["lines"] == EDITS.facts()["lines"]
    page = plain(saved(analysis, Kind.REPORT, tmp_path / "r.html").read_text())
    assert "Anna: seen too briefly (0.7 s)" in page
    assert "track 1 is Anna, track 2 from 0.2 s is left out" in page


def test_the_form_shows_whole_tracks_and_keeps_what_only_a_list_can_say() -> None:
    part = PersonLine(3, "Ben", from_s=1.0, number=7)
    form = PersonForm.of(PersonEdits((PersonLine(1, "Anna", number=2), PersonLine(2, exclude=True), part)))
    assert (form.names, form.left_out) == ({1: "Anna"}, {2})
    assert form.edits().lines == (
        PersonLine(1, "Anna"),
        PersonLine(2, exclude=True),
        PersonLine(3, "Ben", from_s=1.0),
    )
    timed = form.with_time(" 1:05", "")
    assert timed.edits().lines[-1] == PersonLine(None, from_s=65.0, exclude=True)
    with pytest.raises(ConfigError, match="from is in seconds, or as 1:05; received 'soon'"):
        form.with_time("soon", "")
    assert PersonForm().edits() == PersonEdits()


def test_persons_are_named_in_the_player_and_everything_follows(drive, tmp_path: Path, monkeypatch) -> None:
    analysis = analysis_of(write_clip(tmp_path / "clip.mp4", 20), {1: "happiness", 2: "uncertain", 3: "anger"})
    drive.app.show_player(dataclasses.replace(analysis, kept=True))
    screen = drive.on("PlayerScreen")
    drive.until(lambda: screen.shown is not None)
    screen.ask_persons()
    window = screen.persons_window
    window.names[1].set("Anna")
    window.names[3].set("anna")
    window.accept()
    assert "anna is spelled Anna elsewhere" in window.error.cget("text")
    window.names[3].set("Anna")
    window.from_text.set("0.5")
    window.add_time()
    window.accept()
    drive.app.root.update()
    assert not window.winfo_exists()
    assert list(screen._chooser.cget("values")) == ["largest face", "Anna", "person 2"]
    texts = [
        screen.strip.itemcget(item, "text") for item in screen.strip.find_all() if screen.strip.type(item) == "text"
    ]
    assert {"Anna", "person 2"} <= set(texts)
    screen.player.show(2)
    drive.until(lambda: {"Anna: happiness", "person 2: uncertain"} <= set(on_faces(screen)))
    drive.until(lambda: drive.app.opening.recent.entries())
    [entry] = drive.app.opening.recent.entries()
    assert read_analysis(entry, PipelineConfig().weights).persons == screen.analysis.persons
    check_saved(drive, monkeypatch, tmp_path / "t.csv")
    screen.ask_persons()
    again = screen.persons_window
    assert [again.names[track].get() for track in (1, 2, 3)] == ["Anna", "", "Anna"]
    again.save_list()
    assert "1,Anna,,," in (tmp_path / "t.csv").read_text()
    again.destroy()


def check_saved(drive, monkeypatch, path: Path) -> None:
    """Save the table of what is shown, and see who is in it."""
    from realtime.app.views import dialogs

    monkeypatch.setattr(dialogs.filedialog, "asksaveasfilename", lambda **_: str(path))
    drive.app.screen.save(Kind.TABLE)
    drive.until(lambda: drive.app.screen.saving.saved)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert {(row["track"], row["person"]) for row in rows} == {("1", "Anna"), ("2", "2"), ("3", "Anna")}
    assert {row["excluded"] for row in rows if float(row["media_time_s"]) >= 0.5} == {"1"}
