"""What a table says of itself, and that the page about it says the same."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import EMOTIONS
from realtime import VERSION
from realtime.core.errors import RecordError
from realtime.reports.table_metadata import check_sidecar, note_times, sidecar_of
from realtime.reports.table_schema import COLUMNS, TABLE_VERSION
from realtime.reports.table_writer import open_table
from tests.support.fuzzing import FUZZ, in_one_line
from tests.support.table_rows import NAMES, analysed, write_all

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
def test_a_table_says_how_its_times_were_mended(tmp_path: Path, suffix: str) -> None:
    import pyarrow.parquet

    path = write_all(tmp_path / f"out{suffix}", [analysed(n, 1) for n in range(3)])
    before = path.read_bytes()
    note_times(path, "")
    assert path.read_bytes() == before
    note_times(path, "the clock leaps")
    if suffix == ".parquet":
        file = pyarrow.parquet.ParquetFile(path)
        facts = {name.decode(): value.decode() for name, value in file.schema_arrow.metadata.items()}
        assert file.metadata.num_rows == 3
        assert file.schema_arrow.field("x1").metadata[b"unit"] == b"px"
    else:
        facts = json.loads(sidecar_of(path).read_text())["notes"][0]
        assert path.read_bytes() == before
    assert facts["times"] == "the clock leaps"
    assert facts["program"] == f"emotion-live {VERSION}"


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
