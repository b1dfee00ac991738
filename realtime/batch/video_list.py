"""Which videos a batch is of: files, folders, and lists with further columns."""

from __future__ import annotations

import csv
import fnmatch
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from realtime.core.errors import ConfigError

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".wmv", ".flv"),
    *(".3gp", ".ogv", ".mxf", ".asf", ".vob"),
)
"""What a folder's files must end in to count as videos, unless a pattern says otherwise."""

_LIST_SUFFIXES = (".txt", ".csv", ".tsv")
SUMMARY_NAMES = ("summary", "codebook", "conditions", "windows")
"""Names of the files that sum a batch up; no video's outputs may have them."""

_FILE_COLUMNS = ("file", "path", "video", "source")
_OWN_COLUMNS = frozenset({"video", "status", "video_s", "track", "first_s", "last_s", "seconds", "transitions"})
_OWN_GROUPS = ("share_", "mean_p_", "reliability_")


@dataclass(frozen=True, slots=True)
class Video:
    """One video of a batch.

    Attributes:
        path: where it is.
        name: `str`, of its outputs, without a suffix, unique in the batch; may have folders, parted by "/".
        columns: further columns of the list that named it: column -> value.
    """

    path: Path
    name: str
    columns: Mapping[str, str] = field(default_factory=dict)


def find_videos(inputs: Sequence[Path], pattern: str = "", outputs: Collection[Path] = ()) -> list[Video]:
    """Return the videos of all inputs, in a fixed order, each once.

    Args:
        inputs: videos, folders (searched to the bottom), and lists: .txt with a path per line, or .csv and .tsv with a
            column `file` and any others. Paths in a list may be relative to it.
        pattern: what a folder's files must match instead of `VIDEO_SUFFIXES`: "*.avi", "cam1/*.mp4".
        outputs: files of earlier batches, resolved; a folder's videos are without them.

    Raises:
        ConfigError: an input is not there, a list cannot be read, or nothing was found.
    """
    found: dict[Path, tuple[PurePosixPath, Mapping[str, str]]] = {}
    for one in inputs:
        for path, place, columns in _of_input(one, pattern, outputs):
            found.setdefault(path.resolve(), (place, columns))
    if not found:
        wanted = pattern or ", ".join(VIDEO_SUFFIXES)
        raise ConfigError(f"no video was found in {', '.join(map(str, inputs))}; looked for {wanted}: see --pattern")
    names = _names([place for place, _ in found.values()])
    return [Video(path, name, columns) for (path, (_, columns)), name in zip(found.items(), names, strict=True)]


def _of_input(
    one: Path, pattern: str, outputs: Collection[Path]
) -> Iterator[tuple[Path, PurePosixPath, Mapping[str, str]]]:
    """Yield path, place below the output folder, and columns of each video."""
    if one.is_dir():
        for path in sorted(one.rglob("*")):
            inside = PurePosixPath(path.relative_to(one).as_posix())
            if _wanted(inside, pattern) and path.is_file() and path.resolve() not in outputs:
                yield path, inside, {}
    elif not one.is_file():
        raise ConfigError(f"an input must be a video, a folder or a list (.txt, .csv); {one} is not there")
    elif one.suffix.lower() in _LIST_SUFFIXES:
        for path, columns in _listed(one):
            yield path, PurePosixPath(path.name), columns
    else:
        yield one, PurePosixPath(one.name), {}


def _wanted(inside: PurePosixPath, pattern: str) -> bool:
    # "._x.mp4" is what macOS leaves beside a file on other systems' disks.
    if any(part.startswith(".") for part in inside.parts):
        return False
    if pattern:
        return fnmatch.fnmatch(inside.name, pattern) or fnmatch.fnmatch(str(inside), pattern)
    return inside.suffix.lower() in VIDEO_SUFFIXES


def _listed(table: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    try:
        text = table.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the list {table} must be text in UTF-8; it cannot be read ({error})") from error
    if table.suffix.lower() == ".txt":
        rows: Iterable[tuple[str, Mapping[str, str]]] = (
            (line.strip(), {}) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
        )
    else:
        rows = _rows(table, text)
    for name, columns in rows:
        path = table.parent / name
        try:
            path = table.parent / Path(name).expanduser()
            there = path.is_file()
        except (OSError, RuntimeError, ValueError):  # Longer than a name may be; the home of nobody.
            there = False
        if not there:
            raise ConfigError(f"the list {table} names {name}, which is not there ({path}); correct the list")
        yield path, columns


def _rows(table: Path, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    first = text.splitlines()[0] if text.strip() else ""
    separator = max("\t;,", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    try:
        lines, columns = list(reader), reader.fieldnames or []
    except csv.Error as error:
        line = reader.reader.line_num  # The other one is of the row before.
        raise ConfigError(f"the list {table} must be a table; its line {line} is none ({error})") from error
    header = {name.strip().lower(): name for name in columns if name}
    column = next((header[name] for name in _FILE_COLUMNS if name in header), None)
    if column is None:
        raise ConfigError(f"the list {table} needs a column called file; it has {', '.join(header) or 'none'}")
    others = [name for name in columns if name and name != column]
    taken = [name for name in others if (own := name.strip().lower()) in _OWN_COLUMNS or own.startswith(_OWN_GROUPS)]
    if taken:
        raise ConfigError(f"the list {table} has a column {taken[0]!r}, which the summary has too; rename it")
    stripped = [name.strip() for name in columns if name]
    twice = next((name for name in stripped if stripped.count(name) > 1), "")
    if twice:
        raise ConfigError(f"the list {table} must have each column once; it has two called {twice!r}: rename one")
    for row in lines:
        if (row.get(column) or "").strip():
            yield row[column].strip(), {name.strip(): (row.get(name) or "").strip() for name in others}


def _names(places: Sequence[PurePosixPath]) -> list[str]:
    """Return an output name for each: without the suffix where that is unique, else with it, else with a number."""
    bare = [str(place.with_suffix("")) for place in places]
    # Names that differ only in case are one file on many systems.
    folded = [name.casefold() for name in bare]
    names, used = [], set(SUMMARY_NAMES)
    for place, name, key in zip(places, bare, folded, strict=True):
        candidate = name if folded.count(key) == 1 else f"{name}_{place.suffix.lstrip('.')}"
        number, free = 2, candidate
        while free.casefold() in used:
            free, number = f"{candidate}-{number}", number + 1
        used.add(free.casefold())
        names.append(free)
    return names
