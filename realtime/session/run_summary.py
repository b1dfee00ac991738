"""Summary of a run at its end: label spans per person, frames, drops, latency, files."""

from __future__ import annotations

from collections.abc import Iterator

from realtime.inference.execution_providers import running_line
from realtime.session.session import Session


def summary_lines(session: Session, *, debug: bool) -> Iterator[str]:
    """Yield the lines; none if no frame was analyzed.

    Args:
        session: the run, ended.
        debug: `bool`, also the times of each stage.
    """
    spans, metrics = session.spans, session.metrics
    if not spans.frames:
        return
    yield from spans.lines()
    drops = ", ".join(f"{count} dropped ({cause})" for cause, count in metrics.drops.items()) or "none dropped"
    provider = running_line(session.options.analysis.pipeline.provider, session.provider)
    yield f"{spans.frames} frames, {spans.frames_with_face} with a face, {drops}; {provider}"
    if session.live:
        if metrics.carried_over:
            yield f"{metrics.carried_over} shown with earlier emotions, because the classifier was busy"
        yield f"capture to display: p50 {metrics.latency_ms():.0f} ms, p95 {metrics.latency_ms(0.95):.0f} ms"
    if debug:
        for name, times in metrics.stages().items():
            yield f"{name:10} p50 {times.p50_ms:6.2f} ms  p95 {times.p95_ms:6.2f} ms  cpu {times.cpu_ms:6.2f} ms"
    for what, path in session.finished:
        yield f"{what}: {path}"
