"""Markdown page of a benchmark run: targets with measured values, time per stage, drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.summary.targets import Line


def markdown(lines: Sequence[Line], raw: Mapping[str, Any], facts: Mapping[str, Any], plot: str | None) -> str:
    """Return the page: targets and measured values, then time per stage and drops."""
    parts = [
        f"# Measured on {facts['date']} at {facts['commit']}",
        f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}, Python {facts['python']}; load before the run "
        f"{facts['load_before']}. Commands are in `benchmarks/`; how to repeat it: "
        "[docs/benchmarks.md](../../docs/benchmarks.md).",
        _rows(
            ("what", "measured", "must", "reach for", "", "note", "measured by"),
            [_cells(line) for line in lines],
        ),
    ]
    if plot is not None:
        parts.append(f"![Speed, latency, cost per stage and memory]({plot})")
    parts += [section for section in (_programs(raw), _stages(raw), _hand_overs(raw)) if section]
    return "\n\n".join(parts) + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    bar = line.bar
    said = f"**{line.verdict}**" if line.verdict == "missed" else line.verdict
    return bar.what, number(line.value), number(bar.must), number(bar.reach), said, line.note, f"`{bar.command}`"


def _programs(raw: Mapping[str, Any]) -> str:
    programs = raw.get("compare", {}).get("programs", {})
    rows = [(name, *(number(value) for value in figures.values())) for name, figures in programs.items()]
    return _section("Programs, same clip, in turns", ("", "fps", "CPU ms per frame", "faces per frame"), rows)


def _stages(raw: Mapping[str, Any]) -> str:
    rows = [
        (name, stage, *(number(times.get(key)) for key in ("p50_ms", "p95_ms", "cpu_ms")))
        for name, figures in raw.items()
        for stage, times in figures.get("stages", {}).items()
    ]
    return _section("Stages, ms per frame", ("run", "stage", "p50", "p95", "CPU"), rows)


def _hand_overs(raw: Mapping[str, Any]) -> str:
    rows = []
    for name, figures in raw.items():
        if "queues" in figures:
            waiting = ", ".join(f"{taker} {q['mean']:g} / {q['max']}" for taker, q in figures["queues"].items())
            rows.append((name, number(figures["fps"]), waiting, _counts(figures["drops"])))
    title = "Frames waiting in each queue (mean / most), and dropped, including those while models load"
    return _section(title, ("run", "fps", "waiting for", "dropped"), rows)


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"## {title}\n\n{_rows(head, rows)}" if rows else ""


def _counts(drops: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {cause}" for cause, count in drops.items()) or "none"


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def number(value: float | None) -> str:
    """Return a figure for people, nothing for none."""
    return "" if value is None else f"{value:g}"
