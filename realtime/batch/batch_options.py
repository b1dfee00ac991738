"""What a batch does with each video, and how one of its results is known again."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.manifest import manifest_sha256
from realtime.core.config import PipelineConfig
from realtime.core.errors import ConfigError
from realtime.core.options import AnalysisOptions, FaceStyle, SmoothingMode
from realtime.core.version import VERSION

_HEAD_BYTES = 1 << 20
TABLE_FORMATS = ("parquet", "csv", "jsonl")
"""Formats that each video's table may have."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How every video of a batch is analyzed and what is written of it.

    Attributes:
        pipeline: faces, provider, weights, sensitivity and smoothing.
        smoothing: how probabilities become labels over time.
        table: `str`, one of `TABLE_FORMATS`.
        report: `bool`, also a page per video.
        record: `bool`, also an annotated video each.
        faces: how faces appear in recordings and reports.
        seconds: `float` or `None`, only so much of each video.

    Raises:
        ConfigError: a value that no run may have.
    """

    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    smoothing: SmoothingMode = SmoothingMode.LIVE
    table: str = "parquet"
    report: bool = False
    record: bool = False
    faces: FaceStyle = FaceStyle.AS_THEY_ARE
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse here what each video would be refused for."""
        self.analysis()

    def analysis(self) -> AnalysisOptions:
        """Return how each video is analyzed. Raises ConfigError."""
        return AnalysisOptions(pipeline=self.pipeline, smoothing=self.smoothing, seconds=self.seconds)

    def facts(self) -> dict[str, Any]:
        """Return all that decides a video's results, as JSON takes it; equal facts make equal results."""
        config = self.pipeline
        return {
            "version": VERSION,
            "models": manifest_sha256(config.weights),
            "max_faces": config.max_faces,
            "provider": config.provider,
            "sensitivity": config.sensitivity,
            "learn_rest": config.learn_rest,
            "smoothing_ms": config.smoothing.time_constant_ms,
            "smooth": self.smoothing.value,
            "seconds": self.seconds,
            "table": self.table,
            "report": self.report,
            "record": self.record,
            "faces": self.faces.value,
        }


def suffixes_of(options: BatchOptions) -> tuple[str, ...]:
    """Return what the names of a video's outputs end in."""
    table = f".{options.table}"
    # A Parquet file has its metadata in itself.
    beside = () if options.table == "parquet" else (f"{table}-metadata.json",)
    return (table, *beside, *((".html",) if options.report else ()), *((".mp4",) if options.record else ()))


def table_format(wanted: str | None) -> str:
    """Return the format of the videos' tables: the one that is wanted, else Parquet where it can be written, else CSV.

    Raises:
        ConfigError: Parquet is wanted, and pyarrow is not installed.
    """
    can = importlib.util.find_spec("pyarrow") is not None
    if wanted == "parquet" and not can:
        raise ConfigError("tables in parquet need pyarrow, which is not installed; install it, or give --table csv")
    return wanted or ("parquet" if can else "csv")


def fingerprint(path: Path) -> dict[str, Any]:
    """Return what tells a video from another version of it: size, time of change, SHA-256 of its first megabyte.

    Raises:
        OSError: it cannot be read.
    """
    stat = path.stat()
    with path.open("rb") as stream:
        head = hashlib.sha256(stream.read(_HEAD_BYTES)).hexdigest()
    return {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns, "head_sha256": head}


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return in words which options differ, "" if none: "max_faces 4, now 2"."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {before.get(name)}, now {now.get(name)}" for name in names)
