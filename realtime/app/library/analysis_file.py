"""One analysis on disk: numbers in NAME.npz, and what they are of in NAME.json. No pictures."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.new_files import create, write_whole
from realtime.app.jobs.analyse import Analysis
from realtime.core.delivery import Delivery
from realtime.core.errors import ConfigError, SourceReadError
from realtime.core.metrics import Metrics
from realtime.core.options import AnalysisOptions, SmoothingMode
from realtime.core.persons.person_edits import edits_from
from realtime.core.protocols import SourceInfo
from realtime.provenance.option_facts import options_from
from realtime.provenance.run_builder import end_facts, run_facts_of
from realtime.provenance.source_facts import source_facts
from realtime.timeline.analysis_results import AnalysisResults

_FORMAT = 1
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
_OF_THE_FILE = ("bytes", "sha256_of_first_megabyte")


@dataclass(frozen=True, slots=True)
class RecentAnalysis:
    """One analysis of the list, as its small file tells it.

    Attributes:
        path: that file; the numbers are beside it.
        source: the video.
        kept_s: `float`, Unix time at which it was kept.
        seconds: `float`, how long the video is, as far as it was analyzed.
        people: `int`, tracks in it.
        nbytes: `int`, what it takes on the disk.
        facts: all that the file says.
    """

    path: Path
    source: Path
    kept_s: float
    seconds: float
    people: int
    nbytes: int
    facts: Mapping[str, Any]

    @property
    def missing(self) -> bool:
        """Whether the video is not where it was."""
        try:
            return not self.source.is_file()
        except OSError:
            return True


class KeptMetrics(Metrics):
    """The metrics of a run that ended in an earlier run of the program.

    Args:
        facts: as `analysis_facts` notes them.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.frames_shown, self._fps = int(facts["frames"]), float(facts["fps"])
        self.drops.update(facts["dropped"])
        self.carried_over = int(facts["carried_over"])

    def mean_fps(self) -> float:
        """Return frames per second from the first to the last frame of that run."""
        return self._fps


def analysis_facts(analysis: Analysis, manifest_sha256: str) -> dict[str, Any]:
    """Return what an analysis is of, and how it was made, in what JSON has."""
    info, results = analysis.info, analysis.results
    options = AnalysisOptions(pipeline=analysis.config, smoothing=SmoothingMode.OFFLINE)
    return {
        "format": _FORMAT,
        "source": str(Path(analysis.source).absolute()),
        "size_wh": list(info.size_wh),
        "fps": info.fps,
        "seconds": results.end_s,
        "people": len(results.people()),
        "began_s": analysis.began_s,
        "warning": analysis.warning,
        "persons": analysis.persons.facts()["lines"],
        "manifest_sha256": manifest_sha256,
        "run": run_facts_of(info, Delivery.FAST, options, began_s=analysis.began_s),
        "end": {**end_facts(analysis), "fps": analysis.metrics.mean_fps()},
    }


def write_analysis(path: Path, analysis: Analysis, facts: Mapping[str, Any]) -> None:
    """Write an analysis; the small file last, so that what it names is there. Raises OSError."""
    numbers, part = path.with_suffix(".npz"), path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with create(part) as stream:
        part.chmod(0o600)
        np.savez_compressed(stream, **analysis.results.stored())  # type: ignore[arg-type]
    part.replace(numbers)
    write_whole(path, json.dumps(facts).encode())
    path.chmod(0o600)


def read_entry(path: Path) -> RecentAnalysis | None:
    """Return an analysis as the list shows it; `None` for a file that is not one, or of another version."""
    try:
        facts = json.loads(path.read_text("utf-8"))
        if facts["format"] != _FORMAT:
            return None
        return RecentAnalysis(
            path,
            Path(facts["source"]),
            float(path.stat().st_mtime),
            float(facts["seconds"]),
            int(facts["people"]),
            path.stat().st_size + path.with_suffix(".npz").stat().st_size,
            facts,
        )
    except (OSError, RecursionError, *_MALFORMED):
        return None


def read_analysis(entry: RecentAnalysis, weights: Path) -> Analysis:
    """Return an analysis as it was when it was kept.

    Args:
        entry: of the list.
        weights: folder of the models.

    Raises:
        SourceReadError: its files are damaged, or of another version.
    """
    try:
        return _read(entry, weights)
    except (OSError, ConfigError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error, *_MALFORMED) as error:
        raise SourceReadError(
            f"the kept analysis of {entry.source.name} cannot be read ({' '.join(str(error).split())}); remove it from "
            "the list, and open the video again"
        ) from error


def _read(entry: RecentAnalysis, weights: Path) -> Analysis:
    """Read an analysis whose files may be anything."""
    facts, source = entry.facts, entry.source
    with np.load(entry.path.with_suffix(".npz"), allow_pickle=False) as arrays:
        results = AnalysisResults.restored(arrays)
    if not len(results):
        raise ValueError("it has no frame")
    run, end = facts["run"], facts["end"]
    info = _info(facts, source)
    return Analysis(
        source=str(source),
        info=info,
        results=results,
        metrics=KeptMetrics(end),
        provider=str(end["ran_on"]),
        began_s=float(facts["began_s"]),
        config=options_from(run["options"], weights=weights).pipeline,
        warning=str(facts["warning"]),
        run_facts=run,
        manifest_sha256=str(facts["manifest_sha256"]),
        kept=True,
        pictures=_why_no_pictures(source, info, run["source_facts"]),
        persons=edits_from(facts.get("persons", ())),
    )


def _info(facts: Mapping[str, Any], source: Path) -> SourceInfo:
    told, size = facts["run"]["source_facts"], facts["size_wh"]
    return SourceInfo(
        name=str(told["name"]),
        live=False,
        size_wh=(int(size[0]), int(size[1])),
        fps=float(facts["fps"]),
        frame_count=told["frame_count"],
        path=str(source),
        duration_s=told["duration_s"],
        seekable=True,
    )


def _why_no_pictures(source: Path, info: SourceInfo, told: Mapping[str, Any]) -> str:
    """Return why the video's pictures cannot be shown, "" if they can."""
    now = source_facts(info)
    if not all(name in now for name in _OF_THE_FILE):
        return f"The video is not there any more: {source}"
    if any(now[name] != told.get(name) for name in _OF_THE_FILE):
        return f"The video is not the one that was analyzed; it was changed or replaced: {source}"
    return ""
