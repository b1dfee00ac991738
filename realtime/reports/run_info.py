"""Facts of a run for the report: source, models, versions, drops."""

from __future__ import annotations

import platform

from models.manifest import load_manifest
from models.region_registry import region_named
from realtime.core.delivery import Delivery
from realtime.core.sink import Run
from realtime.core.version import VERSION
from realtime.reports.html_page import PageFacts
from realtime.reports.table_schema import iso_utc

_HASH_SHOWN = 16


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
        ("Source", f"{info.name}, {width} x {height} pixels{rate}"),
        ("Analysed", f"{metrics.frames_shown} frames, at {metrics.mean_fps():.1f} per second"),
        ("Begun", f"{iso_utc(run.began_s)[:16].replace('T', ' ')} UTC"),
        ("Frames dropped", drops),
    ]
    if run.delivery is Delivery.LIVE:
        if metrics.carried_over:
            said = f"{metrics.carried_over} frames, shown before the classifier, which was busy, had seen them"
            rows.append(("Emotions carried over", said))
        rows.append(
            ("Delay", f"median {metrics.latency_ms():.0f} ms, 95th percentile {metrics.latency_ms(0.95):.0f} ms")
        )
    smoothing = run.config.smoothing
    rows += [
        ("Smoothing", f"{smoothing.time_constant_ms:g} ms; uncertain below {100 * smoothing.min_confidence:g} %"),
        ("Resting faces", "learned for each person" if run.config.learn_rest else "the same for everybody"),
        ("Program", f"emotion-live {VERSION}, Python {platform.python_version()}, {platform.system()}"),
        ("Models run on", run.provider() or "nothing yet"),
        *_models(run),
    ]
    return PageFacts(info.name, rows)


def _models(run: Run) -> list[tuple[str, str]]:
    manifest = load_manifest(run.config.weights)
    rows = [("Manifest", f"of {manifest.created}, SHA-256 {run.manifest_sha256[:_HASH_SHOWN] or 'not noted'}")]
    rows += [
        (f"Model of the {region_named(e.region).title}", f"{e.file}, SHA-256 {e.sha256[:_HASH_SHOWN]}")
        for e in manifest.experts
    ]
    return rows
