"""The tables: the same rows in all three formats, and nothing lost when the process is."""

from __future__ import annotations

import errno
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.core.errors import ConfigError, RecordError
from realtime.core.types import Emotions
from realtime.reports.table_schema import iso_utc
from realtime.reports.table_writer import TableWriter, open_table
from tests.support.values.table_rows import FORMATS, NAMES, SHARES, analysed, read_all, write_all

FullDisk = Callable[[int], AbstractContextManager[None]]
ROOT = Path(__file__).resolve().parents[2]


def test_the_three_formats_hold_the_same_rows_under_the_same_names(tmp_path: Path) -> None:
    frames = [analysed(0, 0), analysed(1, 1), analysed(4, 3)]
    tables = [read_all(write_all(tmp_path / f"out{suffix}", frames, live=False)) for suffix in FORMATS]
    assert tables[0] == tables[1] == tables[2]
    assert [len(rows) for rows in tables] == [5, 5, 5]
    for rows in tables:
        assert all(list(row) == NAMES for row in rows)


def test_a_row_says_what_the_frame_said(tmp_path: Path) -> None:
    row = read_all(write_all(tmp_path / "out.jsonl", [analysed(4, 2)]))[1]
    assert (row["frame"], row["media_time_s"], row["faces"], row["face"], row["track"]) == (4, 0.133333, 2, 1, 8)
    assert [row[name] for name in ("x1", "y1", "x2", "y2")] == [110.0, 120.1, 130.0, 140.0]
    assert [row[name] for name in ("yaw_deg", "pitch_deg", "roll_deg")] == [-12.3, 5.0, 0.0]
    assert math.copysign(1, row["roll_deg"]) == 1
    assert (row["label"], row["confidence"], row["uncertain_reason"]) == ("uncertain", 0.5, "turned")
    held = Emotions(
        np.float32([SHARES]), np.float32([[SHARES, SHARES]]), np.ones((1, 2), np.float32), (EMOTIONS[1],),
        np.float32([SHARES]), ("",),
    )  # fmt: skip
    assert held.confidence(0) == pytest.approx(SHARES[1]), "a label that is held has its own share, not the largest"
    wanted = [round(float(share), 4) for share in SHARES]
    assert [row[f"p_{emotion}"] for emotion in EMOTIONS] == wanted
    assert [row[f"raw_{emotion}"] for emotion in EMOTIONS] == [*wanted[-2:], *wanted[:-2]]
    assert [row[f"eyes_{emotion}"] for emotion in EMOTIONS] == wanted[::-1]
    assert [row[f"lips_{emotion}"] for emotion in EMOTIONS] == [*wanted[-1:], *wanted[:-1]]
    assert (row["reliability_eyes"], row["reliability_lips"]) == (0.9, 0.25)


def test_a_frame_without_a_face_has_one_row_with_empty_face_columns(tmp_path: Path) -> None:
    [row] = read_all(write_all(tmp_path / "out.csv", [analysed(3, 0)]))
    assert (row.pop("frame"), row.pop("media_time_s"), row.pop("faces")) == (3, 0.1, 0)
    assert set(row.values()) == {None}


def test_a_value_that_is_no_number_becomes_an_empty_cell(tmp_path: Path) -> None:
    frame = analysed(0, 1)
    frame.faces.head_pose_deg[0, 0] = np.nan
    [row] = read_all(write_all(tmp_path / "out.jsonl", [frame]))
    assert row["yaw_deg"] is None
    assert "NaN" not in (tmp_path / "out.jsonl").read_text("utf-8")


def test_wall_time_is_when_the_frame_was_delivered_and_live_only(tmp_path: Path) -> None:
    frames = [analysed(0, 0, captured_at_s=99.75)]
    clocks = {"clock": lambda: 100.0, "wall_clock": lambda: 1_700_000_000.5}
    live = read_all(write_all(tmp_path / "live.jsonl", frames, live=True, **clocks))
    replay = read_all(write_all(tmp_path / "file.jsonl", frames, live=False, **clocks))
    assert live[0]["wall_time"] == "2023-11-14T22:13:20.250Z"
    assert replay[0]["wall_time"] is None
    assert iso_utc(0.0) == "1970-01-01T00:00:00.000Z"


def test_parquet_without_a_frame_is_an_empty_table(tmp_path: Path) -> None:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(write_all(tmp_path / "out.parquet", []))
    assert (table.num_rows, table.column_names) == (0, NAMES)


@pytest.mark.parametrize("suffix", FORMATS)
def test_close_any_number_of_times_and_then_nothing_more(tmp_path: Path, suffix: str) -> None:
    table = open_table(tmp_path / f"out{suffix}")
    table.write(analysed(0, 1))
    assert not table.complete
    table.close()
    table.close()
    assert table.complete
    with pytest.raises(RecordError, match="is closed"):
        table.write(analysed(1, 1))
    assert len(read_all(tmp_path / f"out{suffix}")) == 1


def test_bad_targets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.csv, \.jsonl, \.parquet; received out\.xlsx"):
        open_table(tmp_path / "out.xlsx")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "old.csv").write_text("precious")
    with pytest.raises(RecordError, match=r"old\.csv: it exists already; add --overwrite"):
        open_table(tmp_path / "old.csv")
    assert (tmp_path / "old.csv").read_text() == "precious"
    assert read_all(write_all(tmp_path / "old.csv", [analysed(0, 1)], overwrite=True))[0]["track"] == 7
    for suffix in FORMATS:
        with pytest.raises(RecordError, match="there is no folder"):
            open_table(tmp_path / "missing" / f"out{suffix}")
    with pytest.raises(RecordError, match="cannot write the table") as caught:
        open_table(tmp_path / "folder.csv")
    assert "\n" not in str(caught.value)


def test_an_unwritable_folder_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("models.new_files.os.open", refuse)  # root may write anywhere: a mode would not do
    for suffix in FORMATS:
        with pytest.raises(RecordError, match="Permission denied") as caught:
            open_table(tmp_path / f"out{suffix}")
        assert str(tmp_path / f"out{suffix}") in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_another_conversion_writes_or_left_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.part.parquet").write_text("half")
    assert len(read_all(write_all(tmp_path / "out.parquet", [analysed(0, 1)]))) == 1
    assert (tmp_path / "out.part.parquet").read_text() == "half"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.parquet", "out.part.parquet"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_existing_table_stays_whole_until_the_new_one_is_complete(tmp_path: Path, suffix: str) -> None:
    target = write_all(tmp_path / f"out{suffix}", [analysed(number, 1) for number in range(5)])
    names, before = sorted(p.name for p in tmp_path.iterdir()), target.read_bytes()
    open_table(target, overwrite=True).close()  # a run that ended before its first frame
    assert target.read_bytes() == before
    table = open_table(target, overwrite=True)
    table.write(analysed(0, 1))
    assert target.read_bytes() == before
    part = tmp_path / f"out.part{'.jsonl' if suffix == '.parquet' else suffix}"
    assert len(read_all(part)) == 1
    table.close()
    assert table.complete == target
    assert len(read_all(target)) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == names


@pytest.mark.parametrize("suffix", FORMATS)
def test_after_a_failed_run_the_new_rows_stand_beside_the_old_table(tmp_path: Path, suffix: str) -> None:
    target = write_all(tmp_path / f"out{suffix}", [analysed(number, 1) for number in range(5)])
    table = open_table(target, overwrite=True)
    table.write(analysed(0, 1))
    table.overwrite = False
    table.close()
    assert table.complete == tmp_path / f"out-2{suffix}"
    assert (len(read_all(target)), len(read_all(table.complete))) == (5, 1)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_metadata_of_somebody_else_is_kept(tmp_path: Path, suffix: str) -> None:
    sidecar = tmp_path / f"out{suffix}-metadata.json"
    for text in ('{"notes": "mine"}', "[]", "no JSON"):
        sidecar.write_text(text)
        for overwrite in (False, True):
            with pytest.raises(RecordError, match="is not of this program"):
                open_table(tmp_path / f"out{suffix}", overwrite=overwrite)
        assert sidecar.read_text() == text
        assert not (tmp_path / f"out{suffix}").exists()


def test_two_tables_of_one_name_are_two_files(tmp_path: Path) -> None:
    first, second = (open_table(tmp_path / "out.parquet") for _ in range(2))
    first.write(analysed(0, 1))
    for number in range(2):
        second.write(analysed(number, 1))
    first.close()
    second.close()
    assert (first.complete, second.complete) == (tmp_path / "out.parquet", tmp_path / "out-2.parquet")
    assert [len(read_all(tmp_path / name)) for name in ("out.parquet", "out-2.parquet")] == [1, 2]
    open_table(tmp_path / "out.csv").write(analysed(0, 1))
    with pytest.raises(RecordError, match="exists"):
        open_table(tmp_path / "out.csv")


def test_a_table_is_written_where_a_link_points_only_if_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "out.csv"
    link.symlink_to(tmp_path / "folder" / "real.dat")
    with pytest.raises(RecordError, match="exists already"):
        open_table(link)
    write_all(link, [analysed(0, 1)], overwrite=True)
    assert link.is_symlink()
    assert len(read_all(link)) == 1
    assert (tmp_path / "folder" / "real.dat").read_text().startswith(f"{NAMES[0]},")


CHILD = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.support.values.table_rows import analysed
from realtime.reports.table_writer import open_table
table = open_table(Path(sys.argv[1]))
for number in range(50):
    table.write(analysed(number, 2))
print("pyarrow" in sys.modules, flush=True)
import time
time.sleep(60)
"""


@pytest.mark.parametrize("suffix", FORMATS)
def test_kill_9_keeps_every_row(tmp_path: Path, suffix: str) -> None:
    code = CHILD.format(root=str(ROOT))
    command = [sys.executable, "-c", code, str(tmp_path / f"out{suffix}")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    imported = process.stdout.readline().strip()
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = tmp_path / ("out.part.jsonl" if suffix == ".parquet" else f"out{suffix}")
    rows = read_all(left)
    assert len(rows) == 100
    assert rows[-1]["frame"] == 49
    assert imported == str(suffix == ".parquet")  # heavy: only where it is asked for


def test_a_spool_that_a_killed_run_left_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.part.jsonl").write_text("precious")
    write_all(tmp_path / "out.parquet", [analysed(0, 1)])
    assert (tmp_path / "out.part.jsonl").read_text() == "precious"


def write_many(table: TableWriter, count: int) -> None:
    for number in range(count):
        table.write(analysed(number, 1))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_full_disk_leaves_whole_rows(tmp_path: Path, full_disk: FullDisk, suffix: str) -> None:
    table = open_table(tmp_path / f"out{suffix}")
    with full_disk(9000), pytest.raises(RecordError) as caught:
        write_many(table, 100)
    assert re.search(rf"cannot write the table .*out\{suffix}: .*out\{suffix}", str(caught.value))
    assert "\n" not in str(caught.value)
    table.close()
    assert not table.complete
    rows = read_all(tmp_path / f"out{suffix}")
    assert len(rows) >= 3
    assert all(len(row) == len(NAMES) and row["reliability_lips"] == 0.25 for row in rows)


def test_if_parquet_cannot_be_made_the_spool_stays_and_is_named(tmp_path: Path, full_disk: FullDisk) -> None:
    table = open_table(tmp_path / "out.parquet")
    for number in range(3):
        table.write(analysed(number, 1))
    with full_disk(9000), pytest.raises(RecordError, match=r"out\.part\.jsonl"):
        table.close()
    assert len(read_all(tmp_path / "out.part.jsonl")) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["out.part.jsonl"]
    table.close()
