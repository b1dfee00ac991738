"""Facts of a run for the report: source, models, versions, drops."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from models.manifest import WEIGHTS_DIR, load_manifest, manifest_sha256
from models.region_registry import region_named
from realtime.core.delivery import Delivery
from realtime.core.options import AnalysisOptions
from realtime.core.persons.person_edits import PersonEdits
from realtime.core.sink import Run
from realtime.core.version import VERSION
from realtime.provenance.option_facts import option_facts
from realtime.reports.html_page import PageFacts
from realtime.reports.measured_accuracy import NOTHING_MEASURED, measured_accuracy
from realtime.reports.table_schema import iso_utc

_HASH_SHOWN = 16
_MEGABYTE = 1 << 20
_LEARNED_REST = "how each face looks at rest was learned"
_COMMON_REST = "taken to look alike, so a face that looks sad or angry at rest may be called so"


def run_facts(run: Run) -> PageFacts:
    """Return the facts of a run at its end.

    Args:
        run: whose facts.

    Raises:
        ModelError: the manifest cannot be read any more.
    """
    info, metrics = run.source, run.metrics
    width, height = info.size_wh
    rate = f", {info.fps:.4g} frames per second" if info.fps > 0 else ""
    drops = ", ".join(f"{count} ({cause})" for cause, count in metrics.drops.items()) or "none"
    rows = [
        ("Program", f"emotion-live {VERSION}, Python {platform.python_version()}, {platform.system()}"),
        *_models(run),
        ("Source", f"{info.name}, {width} x {height} pixels{rate}"),
        (
            "Analyzed",
            f"{metrics.frames_shown:,} frames; the computer worked through {metrics.mean_fps():.1f} per second",
        ),
        ("Run started", f"{iso_utc(run.began_s)[:16].replace('T', ' ')} UTC"),
        ("Frames dropped", drops),
        *_file(run.facts.get("source_facts", {})),
        *_ending(run.end_facts()),
    ]
    smoothing = run.config.smoothing
    low = f"{100 * smoothing.min_confidence:g}\N{NO-BREAK SPACE}%"
    rows += [
        *_live(run),
        ("Smoothing", f"time constant {smoothing.time_constant_ms:g} ms; uncertain below {low}"),
        ("Faces at rest", _LEARNED_REST if run.config.learn_rest else _COMMON_REST),
        ("Options not at their default", _options(run.facts.get("options", {}))),
        *_added(run.columns, run.persons),
        ("Models run on", run.provider().replace("cpu", "cpu (the main processor)") or "nothing: no model was loaded"),
    ]
    return PageFacts(info.name, rows, measured_accuracy(load_manifest(run.config.weights)), smoothing.min_confidence)


def recorded_facts(facts: Mapping[str, Any], persons: PersonEdits) -> PageFacts:
    """Return what a table's metadata say of its run, for a report that is made of the table.

    Args:
        facts: as `realtime.reports.table_metadata.read_facts` returns them.
        persons: who its tracks are.
    """
    source, models = facts.get("source_facts") or {}, facts.get("models") or {}
    name, rate = str(facts.get("source", "")), float(source.get("fps") or 0)
    size = f", {source['width_px']} x {source['height_px']} pixels" if "width_px" in source else ""
    digest, files = str(facts.get("manifest_sha256", "")), (models.get("files") or {}).items()
    rows = [
        ("Program", f"{facts.get('program', '')}; this page: emotion-live {VERSION}"),
        ("Models", _manifest(str(models.get("manifest_created", "an unknown date")), digest)),
        *(("Model", f"{file}, checksum {sha256[:_HASH_SHOWN]}…") for file, sha256 in files),
        ("Source", f"{name}{size}{f', {rate:.4g} frames per second' if rate > 0 else ''}"),
    ]
    if "frames" in facts:
        rows.append(("Analyzed", f"{facts['frames']:,} frames"))
    if "began" in facts:
        rows.append(("Run started", f"{str(facts['began'])[:16].replace('T', ' ')} UTC"))
    drops = ", ".join(f"{count} ({cause})" for cause, count in (facts.get("dropped") or {}).items())
    rows += [("Frames dropped", drops or "none"), *_file(source), *_ending(facts)]
    rows += [("Options not at their default", _options(facts.get("options") or {})), *_added({}, persons)]
    # What the tests said of other models than these is not here to be read.
    shipped = digest == manifest_sha256(WEIGHTS_DIR)
    accuracy = measured_accuracy(load_manifest(WEIGHTS_DIR)) if shipped else NOTHING_MEASURED
    return PageFacts(name, rows, accuracy, _uncertain_below(facts.get("options") or {}))


def _uncertain_below(options: Mapping[str, Any]) -> float | None:
    told = _flat(options).get("min_confidence")
    return float(told) if isinstance(told, int | float) else None


def _added(columns: Mapping[str, str], persons: PersonEdits) -> list[tuple[str, str]]:
    """Return what somebody has said of the run: constant columns, and who is who."""
    told = [("Persons", persons.told)] if persons.lines else []
    return [*((f"Column {name}", value) for name, value in columns.items()), *told]


def _live(run: Run) -> list[tuple[str, str]]:
    """Return what only a live source has: how late it was shown."""
    if run.delivery is not Delivery.LIVE:
        return []
    metrics = run.metrics
    rows = [("Delay", f"median {metrics.latency_ms():.0f} ms, 95th percentile {metrics.latency_ms(0.95):.0f} ms")]
    if metrics.carried_over:
        said = f"in {metrics.carried_over} frames: the classifier was busy, so they show the answer before"
        rows.append(("Emotions carried over", said))
    return rows


def _file(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what identifies a file, to tell whether another one is the same."""
    if "bytes" not in facts:
        return []
    digest, changed = facts["sha256_of_first_megabyte"][:_HASH_SHOWN], iso_utc(facts["modified_unix_s"])[:10]
    of_what = " of the first megabyte" if facts["bytes"] > _MEGABYTE else ""
    return [("File", f"{facts['bytes']:,} bytes, of {changed}, checksum (SHA-256{of_what}) {digest}…")]


def _ending(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    stopped_at_s = facts.get("stopped_at_s")
    told = [] if stopped_at_s is None else [("Stopped", f"at {stopped_at_s:.1f} s, before the source's end")]
    return [*told, *_interventions(facts.get("interventions", ()))]


def _interventions(steps: Sequence[Mapping[str, float]]) -> list[tuple[str, str]]:
    if not steps:
        return []
    names = {"seek_to_s": "went to {:g} s", "calibrate_s": "took the next {:g} s as neutral"}
    told = [(names[key].format(step[key]), step["at_s"]) for step in steps for key in names.keys() & step.keys()]
    return [("During the run", ", ".join(f"{what} (at {at_s:g} s)" for what, at_s in told))]


def _options(facts: Mapping[str, Any]) -> str:
    """Return the options that are not at their default, in a line."""
    usual, given = _flat(option_facts(AnalysisOptions())), _flat(facts)
    told = [f"{name} {value}" for name, value in given.items() if value != usual.get(name)]
    return ", ".join(told) or "none"


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        flat.update(_flat(value) if isinstance(value, Mapping) else {name: value})
    return flat


def _manifest(created: str, sha256: str) -> str:
    """Return which set of models it was: date and checksum of its manifest."""
    checksum = f"{sha256[:_HASH_SHOWN]}…" if sha256 else "not noted"
    return f"set of {created} (checksum (SHA-256) of its manifest: {checksum})"


def _models(run: Run) -> list[tuple[str, str]]:
    manifest = load_manifest(run.config.weights)
    rows = [("Models", _manifest(manifest.created, run.manifest_sha256))]
    rows += [
        (f"Model of the {region_named(e.region).title}", f"{e.file}, checksum {e.sha256[:_HASH_SHOWN]}…")
        for e in manifest.experts
    ]
    return rows
