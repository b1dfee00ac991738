"""The run that a table came from, as its metadata tells it, ready to be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.manifest import manifest_sha256
from realtime.core.errors import ConfigError, RecordError
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.provenance.option_facts import options_from
from realtime.provenance.source_facts import first_megabyte_sha256
from realtime.reports.table_metadata import read_facts
from realtime.reports.table_sink import TableOptions

_BEFORE_THE_NEXT_S = 1e-5


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run that can be repeated.

    Attributes:
        source: the file that was analyzed.
        analysis: how.
        doubts: one line each on what is not as it was then: other models, another version.
    """

    source: Path
    analysis: AnalysisOptions
    doubts: tuple[str, ...]

    def into(self, table: Path) -> RunOptions:
        """Return the options of the same run into another table."""
        return RunOptions(str(self.source), self.analysis, outputs=(TableOptions(table),))


def recorded_run(table: Path, source: Path | None, weights: Path) -> RecordedRun:
    """Read how a table was made.

    Args:
        table: .csv, .jsonl or .parquet, with its metadata.
        source: where the analyzed file is now; `None` looks for its name beside the table and in the current folder.
        weights: folder of the models.

    Raises:
        RecordError: the table has no metadata, or damaged one.
        ConfigError: the run cannot be repeated: a camera, a file that is gone or another one, by-hand interventions.
    """
    facts = read_facts(table)
    told, options = facts.get("source_facts"), facts.get("options")
    if not isinstance(told, Mapping) or not isinstance(options, Mapping):
        raise ConfigError(f"{table} is of a version that did not note its options: it cannot be repeated")
    if told.get("live") or facts.get("interventions"):
        why = "frames that were dropped then" if told.get("live") else "what a person did meanwhile"
        raise ConfigError(f"only a file's run without help can be repeated; {table} depends on {why}")
    try:
        found = _found(told, table, source)
        analysis = options_from(options, weights=weights)
        if (stopped_at_s := facts.get("stopped_at_s")) is not None:
            # Times are noted in microseconds, and no frame follows another one so soon.
            analysis = replace(analysis, seconds=stopped_at_s + _BEFORE_THE_NEXT_S)
        return RecordedRun(found, analysis, tuple(_doubts(facts, weights)))
    except (TypeError, ValueError, AttributeError, OSError) as error:
        raise RecordError(f"the metadata of {table} was changed or damaged ({error}); give it as it was") from error


def _found(told: Mapping[str, Any], table: Path, source: Path | None) -> Path:
    name = str(told.get("name", ""))
    places = [source] if source else [Path(told.get("path", name)), table.parent / name, Path(name)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ConfigError(f"the analyzed file {name} is not beside the table or here; say where: rerun TABLE FILE")
    wanted = told.get("sha256_of_first_megabyte")
    if wanted and (first_megabyte_sha256(found) != wanted or found.stat().st_size != told.get("bytes")):
        raise ConfigError(f"{found} is not the file that was analyzed, which had {told.get('bytes')} bytes: give that")
    return found


def _doubts(facts: Mapping[str, Any], weights: Path) -> list[str]:
    doubts = []
    if facts.get("manifest_sha256") != manifest_sha256(weights):
        doubts.append("the models are not those of the table")
    from realtime.provenance.source_facts import version_facts

    now, then = version_facts(), facts.get("versions", {})
    changed = [f"{name} {then[name]}, now {now.get(name, 'none')}" for name in then if then[name] != now.get(name)]
    if (stopped_at_s := facts.get("stopped_at_s")) is not None:
        offline = facts["options"].get("smoothing") == "offline"
        later = "; what came later was smoothed with it if that was in the second pass" if offline else ""
        doubts.append(f"the run was stopped at {stopped_at_s:g} s: it is repeated until then{later}")
    return doubts + ([f"other versions: {', '.join(changed)}"] if changed else [])
