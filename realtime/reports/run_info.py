"""What a report says of its run: source, models, versions, drops."""

from __future__ import annotations

import platform

from models.manifest import load_manifest
from realtime import VERSION
from realtime.core.metrics import Metrics
from realtime.core.options import RunOptions
from realtime.core.protocols import SourceInfo
from realtime.reports.html_page import PageFacts
from realtime.reports.table_schema import iso_utc

_HASH_SHOWN = 16


def run_facts(options: RunOptions, info: SourceInfo, metrics: Metrics, provider: str, began_s: float) -> PageFacts:
    """Return the facts of a run at its end.

    Args:
        options: of the run.
        info: the source, as it was when open.
        metrics: of the run.
        provider: what the models ran on.
        began_s: `float`, Unix time of its start.

    Raises:
        ModelError: the manifest cannot be read any more.
    """
    width, height = info.size_wh
    rate = f", {info.fps:.4g} frames per second" if info.fps > 0 else ""
    drops = ", ".join(f"{count} ({cause})" for cause, count in metrics.drops.items()) or "none"
    rows = [
        ("Source", f"{info.name}, {width} x {height} pixels{rate}"),
        ("Analysed", f"{metrics.frames_shown} frames, at {metrics.mean_fps():.1f} per second"),
        ("Begun", f"{iso_utc(began_s)[:16].replace('T', ' ')} UTC"),
        ("Frames dropped", drops),
    ]
    if info.live:
        if metrics.carried_over:
            said = f"{metrics.carried_over} frames, shown before the classifier, which was busy, had seen them"
            rows.append(("Emotions carried over", said))
        rows.append(
            ("Delay", f"median {metrics.latency_ms():.0f} ms, 95th percentile {metrics.latency_ms(0.95):.0f} ms")
        )
    smoothing = options.pipeline.smoothing
    rows += [
        ("Smoothing", f"{smoothing.time_constant_ms:g} ms; uncertain below {100 * smoothing.min_confidence:g} %"),
        ("Program", f"emotion-live {VERSION}, Python {platform.python_version()}, {platform.system()}"),
        ("Models run on", provider or "nothing yet"),
        *_models(options),
    ]
    return PageFacts(info.name, rows)


def _models(options: RunOptions) -> list[tuple[str, str]]:
    manifest = load_manifest(options.pipeline.weights)
    rows = [("Manifest", f"of {manifest.created}, SHA-256 {options.manifest_sha256[:_HASH_SHOWN] or 'not noted'}")]
    rows += [(f"Model of the {e.region}", f"{e.file}, SHA-256 {e.sha256[:_HASH_SHOWN]}") for e in manifest.experts]
    return rows
