"""Metadata of a table: version, models, source, and the unit and meaning of every column."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime.core.errors import RecordError
from realtime.core.output_paths import write_whole
from realtime.core.version import VERSION
from realtime.reports.table_schema import TABLE_VERSION, Column

_DATATYPES = {int: "integer", float: "number", str: "string"}


def table_facts(manifest_sha256: str, source: str) -> dict[str, str]:
    """Return the facts of a whole table.

    Args:
        manifest_sha256: of the manifest that the labels come from.
        source: the source's name, without credentials.
    """
    return {
        "table_version": str(TABLE_VERSION),
        "manifest_sha256": manifest_sha256,
        # The name of a file need not be UTF-8, and comes with surrogates then.
        "source": source.encode(errors="replace").decode(),
        "program": f"emotion-live {VERSION}",
    }


def sidecar_of(path: Path) -> Path:
    """Return the file beside a .csv or .jsonl table that holds its facts, named as CSV on the Web names it."""
    return path.with_name(f"{path.name}-metadata.json")


def check_sidecar(path: Path) -> None:
    """Refuse a table beside whose place a file of somebody else has the metadata's name. Raises RecordError."""
    sidecar = sidecar_of(path)
    if path.suffix.lower() != ".parquet" and os.path.lexists(sidecar) and not _is_ours(sidecar):
        raise RecordError(
            f"cannot write the table {path}: its metadata would replace {sidecar}, which is not of this program; move "
            "that away, or give another name"
        )


def write_sidecar(path: Path, facts: dict[str, str], columns: Sequence[Column]) -> None:
    """Write the facts beside the table `path`. Raises RecordError: the name is somebody else's; OSError."""
    check_sidecar(path)
    write_whole(sidecar_of(path), sidecar_json(path, facts, columns).encode())


def _is_ours(sidecar: Path) -> bool:
    """Return whether a file is a table's metadata as this program writes it; links are not."""
    if sidecar.is_symlink() or not sidecar.is_file():
        return False
    try:
        return str(json.loads(sidecar.read_bytes())["notes"][0]["program"]).startswith("emotion-live ")
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def sidecar_json(path: Path, facts: dict[str, str], columns: Sequence[Column]) -> str:
    """Return the sidecar's text: for a .csv, metadata as the W3C's CSV on the Web has it; the facts are its note.

    Args:
        path: the table.
        facts: from `table_facts`.
        columns: the table's.
    """
    described = [
        {
            "name": column.name,
            "titles": column.name,
            "datatype": _DATATYPES[column.kind],
            "dc:description": column.about,
            "schema:unitText": column.unit,
        }
        for column in columns
    ]
    body: dict[str, Any] = {"url": path.name, "notes": [facts], "tableSchema": {"columns": described}}
    if path.suffix.lower() == ".csv":
        body = {"@context": "http://www.w3.org/ns/csvw", **body}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def note_times(path: Path, time_note: str) -> None:
    """Add to the facts of a finished table how its times were made up or mended; known only at the end of its source.

    Args:
        path: the table.
        time_note: one line; "" where times are the source's own: nothing is written then.

    Raises:
        OSError, ValueError: the facts cannot be read or written; the table stays as it is.
    """
    if not time_note:
        return
    if path.suffix.lower() != ".parquet":
        sidecar = sidecar_of(path)
        body = json.loads(sidecar.read_bytes())
        body["notes"][0]["times"] = time_note
        write_whole(sidecar, (json.dumps(body, indent=1, ensure_ascii=False) + "\n").encode())
        return
    import pyarrow.parquet

    # A Parquet file's facts stand behind its rows, and can only be written with them.
    table = pyarrow.parquet.read_table(path)
    data = pyarrow.BufferOutputStream()
    facts = {**(table.schema.metadata or {}), "times": time_note}
    pyarrow.parquet.write_table(table.replace_schema_metadata(facts), data, compression="zstd")
    write_whole(path, data.getvalue().to_pybytes())
