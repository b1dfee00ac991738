"""The numbers of a batch: one row per video and person, means per time window, and what each column means."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.manifest import EMOTIONS
from models.new_files import write_whole
from realtime.batch.person_tally import LABELS
from realtime.batch.result_store import DONE, VideoResult
from realtime.core.types import UNCERTAIN, FloatArray
from realtime.reports.table_schema import SOURCE_COLUMN, columns_of, constant_columns

_L = len(LABELS)
Cell = str | int | float | None
_CONDITIONS = {
    "column": ("", "a column of the list of videos"),
    "value": ("", "one of its values"),
    "unit": ("", "what counts once: a video, or the list's column that names participants"),
    "units": ("", "how many of them have that value"),
    "label": ("", "an emotion, or uncertain"),
    "mean_share": ("1", "mean over units of the share of time in which it was shown"),
    "low_95": ("1", "lower end of the 95 % interval of that mean"),
    "high_95": ("1", "upper end of it"),
}
_WINDOWS = {
    "start_s": ("s", "where the window begins"),
    "end_s": ("s", "where it ends; all other columns are the summary's, over the window"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One track of one video, added up.

    Attributes:
        seconds: `float`, how long it was seen.
        shares: `(7,)`, share of that time per label, in the order of `LABELS`.
        means: `(6,)`, mean probability of each emotion over that time.
    """

    seconds: float
    shares: FloatArray
    means: FloatArray


def seen_of(bins: Sequence[Sequence[float]]) -> Seen:
    """Add up bins of `PersonTally.facts`, a second each."""
    sums = np.asarray([one[1:] for one in bins], np.float64).reshape(-1, _L + len(EMOTIONS)).sum(axis=0)
    seconds = float(sums[:_L].sum())
    shares = sums / max(seconds, 1e-9)
    return Seen(seconds, np.asarray(shares[:_L], np.float32), np.asarray(shares[_L:], np.float32))


def summary_rows(
    results: Sequence[VideoResult], columns: Mapping[str, Mapping[str, str]], regions: Sequence[str]
) -> list[dict[str, Cell]]:
    """Return one row per video and person; a video without a face, or that failed, has one row with empty cells.

    Args:
        results: of all videos, in order.
        columns: video's name -> further columns of its list.
        regions: of the experts, one column of reliability each.
    """
    names = further_columns(columns)
    rows: list[dict[str, Cell]] = []
    for result in results:
        own = columns.get(result.name, {})
        head: dict[str, Cell] = {"video": result.name, **{name: own.get(name, "") for name in names}}
        head |= {"status": result.status, "video_s": result.seconds}
        for person in result.people or [None]:
            rows.append({**head, **_person_cells(person, regions)})
    return rows


def further_columns(columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the names of all further columns, in the order in which they were met."""
    return list(dict.fromkeys(name for one in columns.values() for name in one))


def _person_cells(person: Mapping[str, Any] | None, regions: Sequence[str]) -> dict[str, Cell]:
    names = ["track", "first_s", "last_s", "seconds", *_share_names(), "transitions"]
    names += [f"reliability_{region}" for region in regions]
    if person is None:
        return dict.fromkeys(names)
    seen = seen_of(person["bins"])
    values: list[Cell] = [person["track"], person["first_s"], person["last_s"], round(seen.seconds, 3)]
    values += [*_rounded(seen.shares), *_rounded(seen.means), person["transitions"]]
    values += [person["reliability"].get(region) for region in regions]
    return dict(zip(names, values, strict=True))


def _share_names() -> list[str]:
    return [*(f"share_{label}" for label in LABELS), *(f"mean_p_{emotion}" for emotion in EMOTIONS)]


def _rounded(values: FloatArray) -> list[Cell]:
    return [round(float(value), 4) for value in values]


def window_rows(results: Sequence[VideoResult], window_s: int) -> Iterator[dict[str, Cell]]:
    """Yield one row per video, person and window of `window_s` seconds in which the person was seen."""
    for result in results:
        for person in result.people:
            windows: dict[int, list[Sequence[float]]] = {}
            for one in person["bins"]:
                windows.setdefault(int(one[0]) // window_s, []).append(one)
            for number, bins in sorted(windows.items()):
                seen = seen_of(bins)
                head: dict[str, Cell] = {"video": result.name, "track": person["track"], "start_s": number * window_s}
                head |= {"end_s": (number + 1) * window_s, "seconds": round(seen.seconds, 3)}
                yield {
                    **head,
                    **dict(zip(_share_names(), [*_rounded(seen.shares), *_rounded(seen.means)], strict=True)),
                }


def codebook_rows(names: Sequence[str], regions: Sequence[str]) -> list[dict[str, Cell]]:
    """Return what each column means: those of the videos' tables, of the summary, of conditions and windows.

    Args:
        names: further columns of the list of videos.
        regions: of the experts.
    """
    columns = (*columns_of(tuple(regions)), *constant_columns({SOURCE_COLUMN: ""}))
    tables = {one.name: (one.unit, one.about) for one in columns}
    about: dict[str, tuple[str, str]] = {
        "video": ("", "name of the video's outputs"),
        **dict.fromkeys(names, ("", "from the list of videos")),
        "status": ("", "done, or failed: then the row covers what was read before"),
        "video_s": ("s", "how much of the video was analyzed"),
        "track": ("", "the person's number in that video, as in its table; after a cut one person may have two"),
        "first_s": ("s", "when the person was first seen"),
        "last_s": ("s", "when the person was last seen"),
        "seconds": ("s", "how long the person was seen"),
        **{f"share_{one}": ("1", f"share of that time in which {one} was shown") for one in EMOTIONS},
        f"share_{UNCERTAIN}": ("1", "share of that time in which the program would not decide"),
        **{f"mean_p_{one}": ("1", f"mean probability of {one} over that time") for one in EMOTIONS},
        "transitions": ("", "changes from one shown emotion to another"),
        **{f"reliability_{one}": ("1", f"mean reliability of the region {one}") for one in regions},
    }
    files = {"table of a video": tables, "summary": about, "conditions": _CONDITIONS, "windows": _WINDOWS}
    return [
        {"file": file, "column": name, "unit": unit, "meaning": meaning}
        for file, told in files.items()
        for name, (unit, meaning) in told.items()
    ]


def write_csv(path: Path, rows: Sequence[Mapping[str, Cell]]) -> None:
    """Write rows as CSV, whole or not at all; a file that is there is replaced. Raises OSError."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["video"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())


def write_parquet(path: Path, rows: Sequence[Mapping[str, Cell]]) -> bool:
    """Write rows as Parquet likewise; return False where pyarrow is not installed. Raises OSError."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return False
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), sink, compression="zstd")
    write_whole(path, sink.getvalue().to_pybytes())
    return True


def is_good(result: VideoResult) -> bool:
    """Return whether a video was analyzed to its end."""
    return result.status == DONE
