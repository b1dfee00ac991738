"""Metadata of a table: version, models, source, and the unit and meaning of every column."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from realtime.core.errors import ConfigError, RecordError
from realtime.core.output_paths import write_whole
from realtime.core.version import VERSION
from realtime.reports.table_schema import TABLE_VERSION, Column

# Facts that are no text. A source may be called "[1].mp4", so what looks like JSON need not be it.
_STRUCTURED = (
    *("source_facts", "options", "models", "versions"),
    *("frames", "dropped", "carried_over", "interventions", "stopped_at_s", "persons"),
)
_DATATYPES = {int: "integer", float: "number", str: "string"}


def table_facts(manifest_sha256: str, source: str, run: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the facts of a whole table.

    Args:
        manifest_sha256: of the manifest that the labels come from.
        source: the source's name, without credentials.
        run: what makes the run what it is, in what JSON has.
    """
    return {
        "table_version": str(TABLE_VERSION),
        "manifest_sha256": manifest_sha256,
        # The name of a file need not be UTF-8, and comes with surrogates then.
        "source": source.encode(errors="replace").decode(),
        "program": f"emotion-live {VERSION}",
        **(run or {}),
    }


def as_text(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return facts as a Parquet file's metadata has them: what is no text as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in facts.items()
    }


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts of a table, as `table_facts` made them.

    Args:
        path: a table of this program.

    Raises:
        RecordError: it is not there, or has no facts.
        ConfigError: it is in Parquet, and pyarrow cannot be imported.
    """
    try:
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet

            told = (pyarrow.parquet.read_schema(path).metadata or {}).items()
            facts = {name.decode(): value.decode() for name, value in told}
            facts |= {name: json.loads(facts[name]) for name in _STRUCTURED if name in facts}
        else:
            facts = json.loads(sidecar_of(path).read_bytes())["notes"][0]
        if str(facts["program"]).startswith("emotion-live "):
            return dict(facts)
    except ImportError as error:
        raise ConfigError(
            f"a .parquet table needs pyarrow, which cannot be imported ({error}); install it to read {path}"
        ) from error
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _no_facts(path) from error
    raise _no_facts(path)


def _no_facts(path: Path) -> RecordError:
    beside = "" if path.suffix.lower() == ".parquet" else f", and {sidecar_of(path).name} beside it"
    return RecordError(f"needed is a table of this program{beside}; received {path}: give one with its metadata")


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


def write_sidecar(path: Path, facts: Mapping[str, Any], columns: Sequence[Column]) -> None:
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


def sidecar_json(path: Path, facts: Mapping[str, Any], columns: Sequence[Column]) -> str:
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


def note_end(path: Path, facts: Mapping[str, Any]) -> None:
    """Add to the sidecar of a finished table what is known only at the end of its run; a Parquet file has it already.

    Args:
        path: the table.
        facts: in what JSON has.

    Raises:
        OSError, ValueError: the sidecar cannot be read or written; it stays as it is.
    """
    if path.suffix.lower() == ".parquet":
        return
    sidecar = sidecar_of(path)
    body = json.loads(sidecar.read_bytes())
    body["notes"][0].update(facts)
    write_whole(sidecar, (json.dumps(body, indent=1, ensure_ascii=False) + "\n").encode())
