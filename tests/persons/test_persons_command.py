"""`run_live.py persons TABLE PERSONS`: a further table and a report from a table that exists already."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import run_live
from realtime.capture.video_file import FileSource
from realtime.core.types import Analysed
from realtime.provenance.source_facts import source_facts
from realtime.reports.table_metadata import read_facts, sidecar_of
from realtime.reports.table_schema import COLUMNS
from tests.support.pages.report_page import Elements, plain, written
from tests.support.pictures.recorded import make_source
from tests.support.values.analysed import moment
from tests.support.values.table_rows import FORMATS, read_all, write_all

LIST = "track,person,from_s,to_s,exclude\n1,Anna,,,\n3,Anna,,,\n"


def run(*words: object) -> Result:
    return CliRunner().invoke(run_live.main, ["persons", *map(str, words)])


def frames() -> list[Analysed]:
    """Track 1, then after a cut track 3, beside track 2; a second without a face; 10 frames a second."""
    labels: list[Mapping[int, str]] = [{1: "happiness", 2: "anger"}] * 20 + [{}] * 20
    labels += [{3: "neutral" if n < 10 else "uncertain", 2: "anger"} for n in range(20)]
    return [moment(n / 10, people) for n, people in enumerate(labels)]


def made(folder: Path, suffix: str = ".csv", **options: Any) -> Path:
    (folder / "persons.csv").write_text(LIST)
    return write_all(folder / f"t{suffix}", frames(), **options)


def by_person(rows: list[dict[str, Any]]) -> dict[tuple[Any, Any, Any], int]:
    found: dict[tuple[Any, Any, Any], int] = {}
    for row in rows:
        key = row["track"], row["person"], int(row["excluded"])
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_further_table_says_who_is_who(tmp_path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    table = made(tmp_path, suffix, facts={"versions": {"numpy": "1"}}, constants={"source": "c.mp4", "group": "A"})
    before, rows_before = table.read_bytes(), read_rows(table)
    found = run(table, tmp_path / "persons.csv")
    assert found.exit_code == 0, found.output
    new = tmp_path / f"t-persons{suffix}"
    assert found.output.splitlines() == [
        "Anna: happiness 0.0-1.9 s, neutral 4.0-4.9 s, uncertain 5.0-5.9 s",
        "person 2: anger 0.0-1.9 s, anger 4.0-5.9 s",
        f"table: {new}",
    ]
    rows = read_rows(new)
    assert [{k: v for k, v in row.items() if k not in ("person", "excluded")} for row in rows] == rows_before
    assert list(rows[0])[-4:] == ["source", "group", "person", "excluded"]
    none = None if suffix != ".csv" else ""
    one, two, three = (1, 2, 3) if suffix != ".csv" else ("1", "2", "3")
    assert by_person(rows) == {(one, "Anna", 0): 20, (two, "2", 0): 40, (three, "Anna", 0): 20, (none, none, 0): 20}
    facts = read_facts(new)
    assert facts["persons"]["lines"][0] == {"track": 1, "person": "Anna"}
    assert (facts["persons"]["of_table"], facts["versions"]) == (table.name, {"numpy": "1"})
    assert table.read_bytes() == before
    names = [*COLUMNS, "source", "group", "person", "excluded"]
    if suffix != ".parquet":
        described = json.loads(sidecar_of(new).read_bytes())
        assert described["url"] == new.name
        assert len(described["tableSchema"]["columns"]) == len(names)


def read_rows(table: Path) -> list[dict[str, Any]]:
    if table.suffix == ".csv":
        return list(csv.DictReader(table.open(encoding="utf-8", newline="")))
    return read_all(table)


def test_rows_that_are_left_out_are_marked(tmp_path: Path) -> None:
    table = made(tmp_path, ".jsonl")
    (tmp_path / "persons.csv").write_text("track,exclude,from_s,to_s\n2,yes,4,5\n,yes,2,3\n")
    assert run(table, tmp_path / "persons.csv").exit_code == 0
    assert by_person(read_all(tmp_path / "t-persons.jsonl")) == {
        (1, "1", 0): 20,
        (2, "2", 0): 30,
        (2, "2", 1): 10,
        (3, "3", 0): 20,
        (None, None, 0): 10,
        (None, None, 1): 10,
    }


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_table_with_a_list_gets_another_one(tmp_path: Path, suffix: str) -> None:
    table, new, again = made(tmp_path, suffix), tmp_path / f"t-persons{suffix}", tmp_path / f"again{suffix}"
    assert run(table, tmp_path / "persons.csv").exit_code == 0
    (tmp_path / "persons.csv").write_text("track,person\n2,Ben\n")
    assert run(new, tmp_path / "persons.csv", "--out", again).exit_code == 0
    assert run(table, tmp_path / "persons.csv", "--overwrite").exit_code == 0
    assert again.read_bytes() == new.read_bytes(), "as from the table without a list"
    assert {row["person"] for row in read_rows(again) if str(row["track"]) == "2"} == {"Ben"}
    assert read_facts(again)["persons"]["lines"] == [{"track": 2, "person": "Ben"}]
    assert [one["name"] for one in json.loads(sidecar_of(again).read_bytes())["tableSchema"]["columns"]][-2:] == [
        "person",
        "excluded",
    ]


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    table = made(tmp_path, ".jsonl")
    assert run(table, tmp_path / "persons.csv").exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "persons.csv").write_bytes(before[tmp_path / "persons.csv"] + b"2,Ben,,,\n")
    with full_disk(3000):
        found = run(table, tmp_path / "persons.csv", "--overwrite")
    assert (found.exit_code, found.output.count("\n")) == (1, 1), found.output
    assert "cannot write the table" in found.output
    del before[tmp_path / "persons.csv"]
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.name != "persons.csv"} == before


def test_the_report_of_a_table_says_what_that_of_the_run_says(tmp_path: Path) -> None:
    table, page = made(tmp_path), tmp_path / "r.html"
    (tmp_path / "persons.csv").write_text("track,person\n1,1\n")
    found = run(table, tmp_path / "persons.csv", "--report", page, "--clip-seconds", 1)
    assert found.exit_code == 0, found.output
    assert "no pictures of faces in the report" in found.output
    ours, runs = plain(page.read_text("utf-8")), written(tmp_path / "run.html", frames(), clip_s=1.0, pictures=False)
    assert Elements(ours).self_contained()
    assert Elements(ours).open == []

    def plots(text: str) -> tuple[list[str], list[float]]:
        said = "".join(re.findall(r"(?:<polygon|<rect|<h3|<b>)[^<]*", text))
        numbers = r"(?<![#\da-f.])\d+(?:\.\d+)?(?![\da-f])"
        return re.split(numbers, said), [float(number) for number in re.findall(numbers, said)]

    assert len(plots(ours)[0]) > 40
    assert plots(ours)[0] == plots(runs)[0]
    # Tables have four decimals.
    assert plots(ours)[1] == pytest.approx(plots(runs)[1], abs=0.11)
    assert "track 1 is 1 (persons.csv)" in ours


def test_pictures_come_from_the_video_if_it_is_the_same(tmp_path: Path) -> None:
    make_source(tmp_path / "c.mp4", seconds=4)
    source = FileSource(str(tmp_path / "c.mp4"))
    facts = {"source_facts": source_facts(source.open()), "source": "c.mp4"}
    source.close()
    table, page = made(tmp_path, facts=facts), tmp_path / "r.html"

    def pictures(*options: object) -> int:
        found = run(table, tmp_path / "persons.csv", "--report", page, "--overwrite", *options)
        assert found.exit_code == 0, found.output
        assert ("no pictures" in found.output) is ("<img" not in page.read_text() and "--privacy" not in options)
        return page.read_text().count("<img")

    assert pictures() >= 1
    assert pictures("--privacy") == 0
    hidden = write_all(tmp_path / "hidden.csv", frames(), facts={**facts, "faces": "blurred"})
    found = run(hidden, tmp_path / "persons.csv", "--report", page, "--overwrite")
    assert "note: no pictures of faces in the report: the run hid them" in found.output
    assert "<img" not in page.read_text()
    moved = (tmp_path / "c.mp4").rename(tmp_path / "moved.mp4")
    assert pictures() == 0
    assert pictures("--video", moved) >= 1
    moved.write_bytes(moved.read_bytes() + b"x")
    assert pictures("--video", moved) == 0, "another file shows other people"
    found = run(table, tmp_path / "persons.csv", "--report", page, "--overwrite", "--video", moved)
    assert f"the video c.mp4 was analyzed, and {moved} is not that file" in found.output


def test_a_video_that_is_damaged_costs_the_pictures_alone(tmp_path: Path) -> None:
    """Its size and its first megabyte, by which it is known, are as they were."""
    video, page = tmp_path / "c.mp4", tmp_path / "r.html"
    video.write_bytes(bytes(1000))
    digest = hashlib.sha256(video.read_bytes()).hexdigest()
    told = {"name": "c.mp4", "live": False, "bytes": 1000, "modified_unix_s": 0, "sha256_of_first_megabyte": digest}
    table = made(tmp_path, facts={"source_facts": told, "source": "c.mp4"})
    found = run(table, tmp_path / "persons.csv", "--report", page)
    assert found.exit_code == 0, found.output
    assert "note: no pictures of faces in the report: " in found.output
    assert "Anna" in page.read_text()


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("track,person\n7,Anna\n", "persons.csv, line 2: no row is of track 7; tracks are 1, 2, 3", 2),
        ("track,person,from_s\n1,Anna,50\n", "line 2: no row is of track 1 from 50 s", 2),
        ("track,who\n7,Anna\n", "columns must be of track, person, from_s, to_s, exclude; received who", 2),
    ],
)
def test_a_bad_list_costs_nothing(tmp_path: Path, text: str, said: str, code: int) -> None:
    table = made(tmp_path)
    (tmp_path / "persons.csv").write_text(text)
    before = sorted(tmp_path.iterdir())
    found = run(table, tmp_path / "persons.csv", "--report", tmp_path / "r.html")
    assert found.exit_code == code
    assert found.output.startswith("error: ")
    assert said in found.output
    assert found.output.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_table_costs_nothing(tmp_path: Path) -> None:
    table = made(tmp_path)
    good = table.read_text()
    broken = (good.replace("0.1,", "soon,"), good.replace("track", "trick", 1), good[: len(good) // 2] + '"\n')
    # A row that breaks off after its time would be one without a face.
    for text in (*broken, good[: good.rindex("5.9,") + 4], good.replace(",1,20.0,", ",inf,20.0,", 1)):
        table.write_text(text)
        before = sorted(tmp_path.iterdir())
        found = run(table, tmp_path / "persons.csv")
        assert (found.exit_code, found.output.count("\n")) == (1, 1), (found.output, found.exc_info)
        assert f"the rows of {table} cannot be read" in found.output
        assert sorted(tmp_path.iterdir()) == before


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    table = made(tmp_path)
    words = (table, tmp_path / "persons.csv")
    assert run(*words).exit_code == 0
    found = run(*words)
    assert (found.exit_code, "it exists already; add --overwrite" in found.output) == (1, True)
    assert run(*words, "--overwrite").exit_code == 0
    for name in ("t.csv", "persons.csv"):
        before = (tmp_path / name).read_bytes()
        found = run(*words, "--out", tmp_path / name, "--overwrite")
        assert (found.exit_code, "a new file cannot be one that is read" in found.output) == (2, True)
        assert (tmp_path / name).read_bytes() == before
    assert run(*words, "--out", tmp_path / "t.parquet").exit_code == 2


def test_columns_of_these_names_of_ones_own_are_refused(tmp_path: Path) -> None:
    table = made(tmp_path, constants={"source": "c.mp4", "person": "P07"})
    found = run(table, tmp_path / "persons.csv")
    assert (found.exit_code, "has a column person of its own" in found.output) == (2, True)


def test_one_person_in_two_places_is_noted(tmp_path: Path) -> None:
    table = made(tmp_path)
    (tmp_path / "persons.csv").write_text("track,person\n1,Anna\n2,Anna\n")
    found = run(table, tmp_path / "persons.csv")
    assert found.exit_code == 0
    assert "note: Anna is in two places at once, from 0.0 s on: tracks 1 and 2" in found.output


def test_two_frames_of_one_number_are_two_frames(tmp_path: Path) -> None:
    """After a seek numbers are computed, and can come twice."""
    (tmp_path / "persons.csv").write_text("track,person\n1,Anna\n")
    table = write_all(tmp_path / "t.csv", [moment(n / 20, {1: "anger"}) for n in range(20)])
    assert len({row["frame"] for row in read_rows(table)}) < 20
    found = run(table, tmp_path / "persons.csv")
    assert found.output.splitlines()[0] == "Anna: anger 0.0-0.9 s"
    assert "two places" not in found.output
