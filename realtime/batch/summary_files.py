"""Writes the files that sum a batch up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from models.manifest import load_manifest
from models.new_files import write_whole
from realtime.batch.batch_options import BatchOptions
from realtime.batch.condition_shares import condition_rows, condition_shares
from realtime.batch.result_store import VideoResult
from realtime.batch.summary_page import summary_page
from realtime.batch.summary_rows import (
    codebook_rows,
    further_columns,
    summary_rows,
    window_rows,
    write_csv,
    write_parquet,
)
from realtime.core.errors import RecordError
from realtime.core.output_paths import owner_only


def write_summary(
    out: Path,
    results: Sequence[VideoResult],
    columns: Mapping[str, Mapping[str, str]],
    options: BatchOptions,
    window_s: int | None = None,
) -> Path:
    """Write summary.csv, .parquet and .html, codebook.csv, and where they have rows conditions.csv and windows.csv.

    They are made anew from all results; those of an earlier run of the same batch are replaced, or removed where this
    one has nothing for them, since they would be of other videos.

    Args:
        out: the batch's folder.
        results: of all videos so far, in order.
        columns: video's name -> further columns of its list.
        options: of the batch.
        window_s: length in seconds of the windows in windows.csv; `None` writes none.

    Returns:
        The page.

    Raises:
        RecordError: one of them cannot be written.
        ModelError: there is no manifest.
    """
    try:
        with owner_only():
            return _write(out, results, columns, options, window_s)
    except OSError as error:
        raise RecordError(
            f"cannot write the summary into {out}: {error.strerror}; free some space and run the same command again"
        ) from error


def _write(
    out: Path,
    results: Sequence[VideoResult],
    columns: Mapping[str, Mapping[str, str]],
    options: BatchOptions,
    window_s: int | None,
) -> Path:
    regions = load_manifest(options.pipeline.weights).regions
    conditions = condition_shares(results, columns)
    rows = summary_rows(results, columns, regions)
    write_csv(out / "summary.csv", rows)
    if not write_parquet(out / "summary.parquet", rows):
        (out / "summary.parquet").unlink(missing_ok=True)
    write_csv(out / "codebook.csv", codebook_rows(further_columns(columns), regions))
    windows = [] if window_s is None else list(window_rows(results, window_s))
    for name, found in (("conditions.csv", condition_rows(conditions)), ("windows.csv", windows)):
        if found:
            write_csv(out / name, found)
        else:
            (out / name).unlink(missing_ok=True)
    return write_whole(
        out / "summary.html", summary_page(results, columns, conditions, options.facts()).encode(), overwrite=True
    )
