"""`--persons FILE` of a run, and the same numbers in everything that shows a face."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from click.testing import CliRunner, Result

import run_live
from demo import CLIP_PATH
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.persons.person_line import PersonLine
from realtime.core.sink import RunStatus
from realtime.overlay.face_facts import FaceFacts
from realtime.reports.table_metadata import read_facts
from realtime.serving.page_state import state_of
from realtime.timeline.live_timeline import LiveTimeline
from realtime.timeline.timeline import Timeline
from tests.support.pages.report_page import plain, story, written
from tests.support.values.analysed import moment
from tests.support.values.table_rows import read_all, write_all


def run(*words: object) -> Result:
    return CliRunner().invoke(run_live.main, [str(word) for word in words])


def test_a_run_names_its_tracks(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "p.csv").write_text("track;person;from_s;to_s;exclude\n1;Anna\n1;;0,1;0,2;yes\n9;Ben\n")
    words = (CLIP_PATH, "--headless", "--seconds", 0.5, "--weights", weights, "--persons", tmp_path / "p.csv")
    found = run(*words, "--table", tmp_path / "t.csv", "--report", tmp_path / "r.html", "--column", "group=A")
    assert found.exit_code == 0, found.output
    assert "Anna: happiness 0.0-0.5 s" in found.output
    assert "the list of persons p.csv, line 4: no row is of track 9; tracks are 1" in found.output
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert list(rows[0])[-4:] == ["source", "group", "person", "excluded"]
    assert {(row["track"], row["person"]) for row in rows} == {("1", "Anna")}
    for row in rows:
        assert row["excluded"] == ("1" if 0.1 <= float(row["media_time_s"]) < 0.2 else "0")
    left_out = {"track": 1, "from_s": 0.1, "to_s": 0.2, "exclude": True}
    assert read_facts(tmp_path / "t.csv")["persons"]["lines"][1] == left_out
    page = plain((tmp_path / "r.html").read_text("utf-8"))
    assert "<h3>Anna: seen too briefly (0.4 s) to be judged</h3>" in page
    assert "Track 1. Seen for 0.4 s" in page
    assert "track 1 is Anna, track 1 from 0.1 s to 0.2 s is left out, track 9 is Ben (p.csv)" in page
    printed = run(*words, "--table", "-")
    lines = [line for line in printed.stdout.splitlines() if line.startswith("{")]
    assert [json.loads(line)["person"] for line in lines] == ["Anna"] * len(rows)


def test_a_bad_list_ends_a_run_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("track,person\nfirst,Anna\n")
    found = run(CLIP_PATH, "--headless", "--persons", tmp_path / "p.csv", "--table", tmp_path / "t.csv")
    assert (found.exit_code, found.output.count("\n")) == (2, 1)
    assert "line 2: a track is a number from 1; received 'first'" in found.output
    (tmp_path / "p.csv").write_text("track,person\n1,Anna\n")
    found = run(
        CLIP_PATH, "--headless", "--persons", tmp_path / "p.csv", "--table", tmp_path / "t.csv", "--column", "person=x"
    )
    assert "a table has the column person already" in found.output
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_the_number_on_a_face_is_the_one_in_table_timeline_report_and_page(tmp_path: Path) -> None:
    people = {7: "anger", 3: "happiness"}
    frames = [moment(n / 10, people) for n in range(20)]
    on_faces = [FaceFacts.of(frames[0].emotions, row, int(frames[0].faces.track_ids[row])) for row in (0, 1)]
    assert {facts.track_id: facts.label for facts in on_faces} == people
    assert {row["track"]: row["label"] for row in read_all(write_all(tmp_path / "t.csv", frames))} == people
    state = state_of(frames[0], RunStatus(1.0, None, 0, "", ""))
    assert {one["id"]: one["label"] for one in state.people} == people
    assert {face.track_id: face.label for face in frames[0].people} == people
    lanes, timeline = LiveTimeline(2.0), Timeline()
    for frame in frames:
        lanes.write(frame)
        timeline.write(frame)
    timeline.close()
    assert lanes.view(0.0, 1.0, 1).tracks[:, 0].tolist() == [7, 3], "lanes stand as faces do"
    assert {person.track: person.total.label for person in timeline.people} == people
    page = written(tmp_path / "r.html", frames)
    assert page.index("Person 7") < page.index("Person 3"), "from left to right"


def test_a_report_that_may_split_a_person_says_tracks_and_shows_them_side_by_side(tmp_path: Path) -> None:
    split = [moment(n / 10, {1 + n // 20: "anger", **({9: "fear"} if n > 50 else {})}) for n in range(60)]
    page = written(tmp_path / "r.html", split)
    assert "4 tracks, of 2 to 4 people." in page
    assert page.count("<figure>") == 4
    assert "followed without a break: a face gets a new number after a cut, or after 2 s out of sight." in page
    assert "<b>Track 2</b><br>2.0 to 4.0 s</figcaption>" in page
    assert "<b>Track 9</b><br>5.1 to 6.0 s<br>too briefly (0.9 s)</figcaption>" in page
    assert "<h3>Track 2: anger for 2.0 of the 2.0 s seen" in page
    assert "Person" not in page
    named = PersonEdits((PersonLine(1, "Anna"), PersonLine(2, "Anna"), PersonLine(3, "Anna"), PersonLine(9, "Ben")))
    page = written(tmp_path / "n.html", split, persons=named)
    assert "2 people.</p>" in page
    assert page.count("<figure>") == 1
    assert "<b>Ben</b><br>5.1 to 6.0 s<br>too briefly (0.9 s)</figcaption>" in page
    assert "<h3>Anna: anger for 6.0 of the 6.0 s seen</h3>" in page
    assert "Tracks 1, 2 and 3. Seen for 6.0 s" in page
    page = written(tmp_path / "w.html", story())
    assert "2 people.</p>" in page
    assert "<figure>" not in page
    assert "Track" not in page
