"""What a table says of itself, and that the page about it says the same."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import EMOTIONS
from realtime import VERSION
from realtime.core.errors import ConfigError, RecordError
from realtime.core.protocols import SourceInfo
from realtime.reports.table_metadata import check_sidecar, read_facts, sidecar_of
from realtime.reports.table_schema import COLUMNS, TABLE_VERSION
from realtime.reports.table_sink import TableOptions, TableSink
from realtime.reports.table_writer import open_table
from tests.support.fakes import make_run
from tests.support.fuzzing import FUZZ, in_one_line
from tests.support.values.table_rows import NAMES, analysed, write_all

ROOT = Path(__file__).resolve().parents[2]


def test_parquet_carries_version_manifest_and_source_without_credentials(tmp_path: Path) -> None:
    import pyarrow.parquet

    options = {"manifest_sha256": "ab" * 32, "source": "rtsp://me:secret@host/cam"}
    path = write_all(tmp_path / "out.parquet", [analysed(n, 1) for n in range(4100)], **options)
    file = pyarrow.parquet.ParquetFile(path)
    metadata = file.schema_arrow.metadata
    assert metadata[b"table_version"] == str(TABLE_VERSION).encode()
    assert metadata[b"manifest_sha256"] == b"ab" * 32
    assert metadata[b"source"] == b"rtsp://***@host/cam"
    assert metadata[b"program"] == f"emotion-live {VERSION}".encode()
    units = {field.name: field.metadata[b"unit"].decode() for field in file.schema_arrow}
    assert [units[name] for name in ("media_time_s", "x1", "yaw_deg", "p_fear", "track")] == ["s", "px", "deg", "1", ""]
    assert file.metadata.num_rows == 4100
    assert file.metadata.num_row_groups == 3
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_facts_of_a_table_stand_beside_it_from_the_start(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    table = open_table(path, manifest_sha256="ab" * 32, source="rtsp://me:secret@host/cam")
    facts = json.loads((tmp_path / f"out{suffix}-metadata.json").read_text("utf-8"))
    table.close()
    assert facts["url"] == path.name
    assert facts["notes"] == [
        {
            "table_version": str(TABLE_VERSION),
            "manifest_sha256": "ab" * 32,
            "source": "rtsp://***@host/cam",
            "program": f"emotion-live {VERSION}",
        }
    ]
    assert [column["name"] for column in facts["tableSchema"]["columns"]] == NAMES
    assert ("@context" in facts) == (suffix == ".csv"), "only a .csv is a CSV on the Web"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_source_whose_name_is_not_utf_8_has_a_table(tmp_path: Path, suffix: str) -> None:
    path = write_all(tmp_path / f"out{suffix}", [analysed(0, 1)], source=os.fsdecode(b"clip\xff.mp4"))
    assert b"clip?.mp4" in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_the_version_in_the_facts_is_the_project_s() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    found = re.search(r'^\[tool\.hatch\.version\]\npath = "(.+)"$', text, re.MULTILINE)
    assert found is not None
    assert 'dynamic = ["version"]' in text
    assert f'VERSION = "{VERSION}"' in (ROOT / found[1]).read_text("utf-8")


def test_the_documented_units_are_the_written_ones() -> None:
    units = {"s": "s, 6 decimals", "px": "px, 1 decimal", "deg": "degrees, 1 decimal", "1": "0 to 1"}
    lines = [line for line in (ROOT / "docs" / "table.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    documented = {name: line.split("|")[3] for line in lines for name in _names(line.split("|")[1])}
    for column in COLUMNS:
        assert column.about
        assert units.get(column.unit, "") in documented[column.name], column.name


def test_the_documented_columns_are_the_written_ones() -> None:
    text = (ROOT / "docs" / "table.md").read_text("utf-8")
    assert f"version {TABLE_VERSION}" in text
    listed = [name for line in text.splitlines() if line.startswith("| `") for name in _names(line.split("|")[1])]
    assert listed == NAMES


def _names(cell: str) -> list[str]:
    """Expand `p_*` as the page does: one column per emotion."""
    plain = re.findall(r"`([^`]+)`", cell)
    return [full for name in plain for full in ([name[:-1] + e for e in EMOTIONS] if name.endswith("*") else [name])]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_table_says_how_its_run_ended_and_its_times_were_mended(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    sink = TableSink(TableOptions(path))
    info = SourceInfo("[1] clip.mp4", False, (4, 4), 30.0)
    sink.open(make_run(info, facts={"options": {"seconds": 3.0}}, end_facts=lambda: {"ran_on": "cpu", "frames": 3}))
    info.findings.time_note = "the clock leaps"
    for number in range(3):
        sink.write(analysed(number, 1))
    sink.close()
    facts = read_facts(path)
    assert facts["times"] == "the clock leaps"
    assert (facts["ran_on"], facts["frames"], facts["options"]) == ("cpu", 3, {"seconds": 3.0})
    assert facts["program"] == f"emotion-live {VERSION}"
    assert facts["source"] == "[1] clip.mp4"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_source_and_conditions_are_columns_behind_all_others(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_all(path, [analysed(0, 2), analysed(1, 0)], constants={"source": "clip.mp4", "group": "A, b"})
    if suffix == ".parquet":
        import pyarrow.parquet

        rows = pyarrow.parquet.read_table(path).to_pylist()
    else:
        lines = path.read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines] if suffix == ".jsonl" else list(csv.DictReader(lines))
    assert [list(row) for row in rows] == [[*NAMES, "source", "group"]] * 3
    assert {(row["source"], row["group"]) for row in rows} == {("clip.mp4", "A, b")}


@pytest.mark.parametrize("name", ["p_fear", "source", "two words", "1st", ""])
def test_a_condition_that_a_table_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    run = make_run(SourceInfo("clip.mp4", False, (4, 4), 30.0), columns={name: "x"})
    with pytest.raises(ConfigError, match="column"):
        TableSink(TableOptions(tmp_path / "out.csv")).open(run)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_no_table_of_this_program_has_no_facts(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("frame\n0\n")
    with pytest.raises(RecordError, match="metadata"):
        read_facts(path)


OURS = json.dumps({"notes": [{"program": f"emotion-live {VERSION}"}]}).encode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=16) | st.just("emotion-live 9"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["notes", "program"]), inner),
    max_leaves=6,
)


@FUZZ
@given(
    st.binary(max_size=60) | JSON.map(lambda body: json.dumps(body).encode()) | st.sampled_from([b"[" * 20_000, OURS])
)
def test_any_file_in_the_place_of_the_facts_is_kept_unless_it_is_ours(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.csv"
    sidecar_of(path).write_bytes(data)
    try:
        check_sidecar(path)
    except RecordError as error:
        in_one_line(error)
        assert data != OURS
    else:
        assert b"emotion-live " in data
    assert sidecar_of(path).read_bytes() == data
