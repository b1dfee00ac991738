"""Each rule of the table's writer alone: what it says, what it leaves behind, and how its files are made."""

from __future__ import annotations

import builtins
import dataclasses
import errno
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from models import new_files
from realtime.core.errors import ConfigError, RecordError
from realtime.reports import table_writer
from realtime.reports.table_metadata import sidecar_of
from realtime.reports.table_schema import COLUMNS, Column
from realtime.reports.table_writer import TableWriter, jsonl_text, open_table, wall_time
from tests.support.fakes import THREE, three_experts
from tests.support.values.table_rows import NAMES, analysed, read_all, write_all


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_closed_table_and_frames_of_other_experts_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = open_table(path)
    assert (table.overwrite, table.complete) == (False, None)
    with pytest.raises(ValueError, match="the table is for the experts") as other:
        table.write(three_experts(analysed(0, 1), "fear", "fear", "fear"))
    assert str(other.value) == f"the table is for the experts ('eyes', 'lips'); received {THREE}"
    table.close()
    assert table.complete == path
    with pytest.raises(RecordError) as closed:
        table.write(analysed(0, 1))
    assert str(closed.value) == f"the table {path} is closed; open another one"


class Disk:
    """A file that takes little at a time and is full after some bytes."""

    def __init__(self, path: Path, room_bytes: int, at_once: int = 7) -> None:
        self._file, self._room, self._at_once = path.open("xb", buffering=0), room_bytes, at_once

    def write(self, data: memoryview) -> int:
        taken = bytes(data[: min(self._at_once, self._room)])
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= len(taken)
        return self._file.write(taken)

    def truncate(self, size: int) -> None:
        self._file.truncate(size)

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed


def on_disks(monkeypatch: pytest.MonkeyPatch, room_bytes: int) -> list[Disk]:
    disks: list[Disk] = []
    monkeypatch.setattr(new_files, "create", lambda path: disks.append(Disk(path, room_bytes)) or disks[-1])
    return disks


def test_a_disk_that_takes_little_at_a_time_gets_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_all(tmp_path / "whole.jsonl", [analysed(number, 2) for number in range(3)]).read_bytes()
    disks = on_disks(monkeypatch, 10**9)
    path = tmp_path / "t.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(table_writer, "write_sidecar", lambda *_: None)
        write_all(path, [analysed(number, 2) for number in range(3)])
    assert path.read_bytes() == whole
    assert disks[0].closed


def test_a_full_disk_ends_the_table_after_its_last_whole_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_writer, "write_sidecar", lambda *_: None)
    one = write_all(tmp_path / "one.jsonl", [analysed(0, 1)]).read_bytes()
    disks, path = on_disks(monkeypatch, 2 * len(one)), tmp_path / "t.jsonl"
    table = open_table(path)
    table.write(analysed(0, 1))
    with pytest.raises(RecordError) as full:
        table.write(analysed(1, 2))
    assert str(full.value) == (
        f"cannot write the table {path}: No space left on device; the rows written so far are in {path}; free some "
        "space or give another folder"
    )
    assert path.read_bytes() == one
    assert disks[0].closed
    with pytest.raises(RecordError, match="is closed"):
        table.write(analysed(2, 1))
    table.close()
    assert (table.complete, path.read_bytes()) == (None, one)


def test_a_disk_that_is_full_at_once_promises_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disks(monkeypatch, 3)
    with pytest.raises(RecordError) as full:
        open_table(tmp_path / "t.csv")
    assert str(full.value) == (
        f"cannot write the table {tmp_path / 't.csv'}: No space left on device; free some space or give another folder"
    )
    assert names(tmp_path) == [], "an empty table would be in the way of the next run"


def test_facts_that_cannot_be_written_leave_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(table_writer, "write_sidecar", refuse)
    with pytest.raises(RecordError) as refused:
        open_table(tmp_path / "t.csv")
    assert str(refused.value) == (
        f"cannot write the table {tmp_path / 't.csv'}: Disk quota exceeded; free some space or give another folder"
    )
    assert names(tmp_path) == []


def test_facts_that_cannot_be_replaced_leave_the_old_table_and_the_new_rows(tmp_path, monkeypatch) -> None:
    path = write_all(tmp_path / "t.csv", [analysed(0, 1)])
    before = path.read_bytes()
    table = open_table(path, overwrite=True)
    table.write(analysed(1, 1))

    def refuse(*_: object) -> None:
        raise ValueError("no reason of the system's")

    monkeypatch.setattr(table_writer, "write_sidecar", refuse)
    with pytest.raises(RecordError) as refused:
        table.close()
    part = tmp_path / "t.part.csv"
    assert str(refused.value) == (
        f"cannot write the table {path}: no reason of the system's; the rows written so far are in {part}; free some "
        "space or give another folder"
    )
    assert (path.read_bytes(), table.complete) == (before, None)
    assert read_all(part)[0]["frame"] == 1


def test_a_new_table_beside_an_old_one_has_its_own_facts(tmp_path: Path) -> None:
    path = write_all(tmp_path / "t.csv", [analysed(0, 1)], source="old")
    before = sidecar_of(path).read_bytes()
    table = open_table(path, overwrite=True, source="new")
    table.overwrite = False
    table.close()
    assert names(tmp_path) == ["t.csv", "t.csv-metadata.json"], "it had no frame"
    table = open_table(path, overwrite=True, source="new")
    table.write(analysed(1, 1))
    table.overwrite = False
    table.close()
    assert sidecar_of(path).read_bytes() == before
    assert b'"new"' in sidecar_of(tmp_path / "t-2.csv").read_bytes()


def test_parts_are_numbered_and_never_taken_over(tmp_path: Path) -> None:
    for count in range(3):
        table = open_table(tmp_path / "t.parquet")
        table.write(analysed(count, 1))
    assert names(tmp_path) == ["t.part.jsonl", "t.part2.jsonl", "t.part3.jsonl"]


def test_a_frame_whose_answer_is_awaited_counts_as_one_that_the_table_has(tmp_path: Path) -> None:
    path = write_all(tmp_path / "t.csv", [analysed(0, 1)])
    waits = dataclasses.replace(analysed(8, 1), answer_follows=True)
    write_all(path, [waits], overwrite=True)
    assert [row["frame"] for row in read_all(path)] == [8]


def test_wall_time_is_the_clocks_less_the_frames_age_which_is_never_negative() -> None:
    frame = analysed(0, 0, captured_at_s=99.0)
    assert wall_time(frame, lambda: 100.5, lambda: 3600.0) == "1970-01-01T00:59:58.500Z"
    assert wall_time(frame, lambda: 99.0, lambda: 3600.0) == "1970-01-01T01:00:00.000Z"
    assert wall_time(frame, lambda: 90.0, lambda: 3600.0) == "1970-01-01T01:00:00.000Z"


def test_json_lines_hold_text_as_it_is_and_every_column() -> None:
    columns = [Column("a", str, "", "text"), Column("b", int, "", "number")]
    assert jsonl_text(columns, [("é\n", 1), (None, 2)]) == '{"a": "é\\n", "b": 1}\n{"a": null, "b": 2}\n'
    with pytest.raises(ValueError, match="shorter"):
        jsonl_text(columns, [("é",)])


def test_csv_lines_end_as_on_every_system_and_begin_with_the_names(tmp_path: Path) -> None:
    lines = write_all(tmp_path / "t.csv", [analysed(0, 1)]).read_bytes().split(b"\n")
    assert (len(lines), lines[0].decode(), lines[2]) == (3, ",".join(NAMES), b"")
    assert b"\r" not in b"".join(lines)


def test_parquet_is_packed_in_groups_with_units_and_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_writer, "_ROWS_PER_GROUP", 2)
    path = write_all(tmp_path / "t.parquet", [analysed(number, 1) for number in range(5)], source="clip")
    file = pyarrow.parquet.ParquetFile(path)
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [2, 2, 1]
    assert groups[0].column(0).compression == "ZSTD"
    kinds = {int: "int64", float: "double", str: "string"}
    for column in COLUMNS:
        field = file.schema_arrow.field(column.name)
        assert str(field.type) == kinds[column.kind]
        assert field.metadata == {b"unit": column.unit.encode(), b"about": column.about.encode()}
    assert file.schema_arrow.metadata[b"source"] == b"clip"


def test_without_pyarrow_parquet_is_refused_before_anything_is_written(tmp_path, monkeypatch) -> None:
    plain = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError("no module of that name")
        return plain(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError) as refused:
        open_table(tmp_path / "t.parquet")
    assert str(refused.value) == (
        "a .parquet table needs pyarrow, which cannot be imported (no module of that name); install it, or give "
        "a name in .csv or .jsonl"
    )
    assert names(tmp_path) == []


def test_a_conversion_that_fails_leaves_the_rows_and_nothing_half_done(tmp_path, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(table_writer, "take_place", refuse)
    table = open_table(tmp_path / "t.parquet")
    table.write(analysed(0, 1))
    with pytest.raises(RecordError, match=r"Input/output error; the rows written so far are in .*t\.part\.jsonl"):
        table.close()
    assert names(tmp_path) == ["t.part.jsonl"]


def test_the_writer_itself_replaces_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    table = TableWriter(tmp_path / "t", [tmp_path / "t"], lambda rows: f"{len(rows)}\n")
    table.write(analysed(0, 3))
    table.close()
    assert (table.overwrite, table.complete) == (False, tmp_path / "t")
    assert (tmp_path / "t").read_text() == "3\n"
