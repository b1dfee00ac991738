"""Performance targets, where each one's value is found in the raw figures, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Raw = Mapping[str, Any]
"""Name of a measurement -> what it wrote; measurements that failed are absent."""

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the table.

    Attributes:
        what: what is measured, with its unit.
        command: what measures it, for people; CLIP is the clip and LOOP the same one repeated.
        pick: finds the value among the raw figures; may raise KeyError, or return None: not measured.
        must: the bar.
        reach: what is reached for, or `None`.
        higher: whether more is better.
        note: more to know of the value; may raise KeyError.
    """

    what: str
    command: str
    pick: Callable[[Raw], float | None]
    must: float
    reach: float | None = None
    higher: bool = False
    note: Callable[[Raw], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Line:
    """A bar with its measured value, the verdict ("reached", "met", "missed", "not measured") and a note."""

    bar: Bar
    value: float | None
    verdict: str
    note: str


def judged(raw: Raw) -> list[Line]:
    """Return every bar with what was measured."""
    lines = []
    for bar in BARS:
        value, note = _found(bar.pick, raw), _found(bar.note, raw)
        lines.append(Line(bar, value, verdict(value, bar), note or ""))
    return lines


def verdict(value: float | None, bar: Bar) -> str:
    """Return whether a value reaches what is reached for, meets the bar, or misses it."""
    if value is None:
        return NOT_MEASURED
    sign = 1 if bar.higher else -1
    if bar.reach is not None and sign * value >= sign * bar.reach:
        return "reached"
    return "met" if sign * value >= sign * bar.must else "missed"


def _found(pick: Callable[[Raw], Any], raw: Raw) -> Any:
    try:
        return pick(raw)
    except (KeyError, TypeError):
        return None


def further_face_ms(raw: Raw) -> float | None:
    """Return the CPU milliseconds that each face beyond the first adds to a frame."""
    one, four = raw["replay"], raw["replay_four"]
    faces = four["faces_per_frame"] - one["faces_per_frame"]
    return round((four["cpu_ms_per_frame"] - one["cpu_ms_per_frame"]) / faces, 2) if faces > 0.5 else None


def _start_up(raw: Raw) -> float | None:
    # Where TensorFlow is installed, the bare import pays for it and we do not: no fair measure.
    return None if raw["startup"]["tensorflow_installed"] else raw["startup"]["ratio"]


def _start_up_note(raw: Raw) -> str:
    figures = raw["startup"]
    if figures["ratio"] is None:
        return f"{figures['first_annotated_frame_s']:g} s; without mediapipe there is nothing to compare with"
    said = f"{figures['first_annotated_frame_s']:g} s against {figures['import_mediapipe_onnxruntime_s']:g} s"
    return f"{said}, which with TensorFlow installed says nothing" if figures["tensorflow_installed"] else said


def _overload_note(figures: Mapping[str, Any]) -> str:
    return f"oldest {figures['age_ms']['max']:g} ms, one inference {figures['inference_ms']['p50']:g} ms"


def _latency(name: str, share: str) -> Callable[[Raw], float]:
    return lambda raw: float(raw[name]["latency_ms"][share])


_REPLAY = "speed.pipeline CLIP --repeat 5"
_COMPARE = "rivals.compare CLIP --fer-python PYTHON"
_LIVE = "speed.pipeline LOOP --live"

BARS = (
    Bar(
        "replay, 720p, one face: fps against the bound",
        _REPLAY,
        lambda raw: raw["replay"]["bound_ratio"],
        0.80,
        0.92,
        higher=True,
        note=lambda raw: f"{raw['replay']['fps']:g} of {raw['replay']['bound_fps']:g} fps",
    ),
    Bar("replay: CPU ms per frame", _REPLAY, lambda raw: raw["replay"]["cpu_ms_per_frame"], 12, 8),
    Bar(
        "replay: times as fast as the textbook program",
        _COMPARE,
        lambda raw: raw["compare"]["times_as_fast"]["textbook"],
        12,
        25,
        higher=True,
        note=lambda raw: f"{raw['compare']['times_less_cpu']['textbook']:g} times less CPU",
    ),
    Bar(
        "replay: times as fast as fer",
        _COMPARE,
        lambda raw: raw["compare"]["times_as_fast"]["fer"],
        12,
        20,
        higher=True,
        note=lambda raw: f"{raw['compare']['times_less_cpu']['fer']:g} times less CPU",
    ),
    Bar("live, 720p30, one face: capture to display p50 (ms)", _LIVE, _latency("live", "p50"), 25, 18),
    Bar("the same, p95 (ms)", _LIVE, _latency("live", "p95"), 45, 33),
    Bar("the same, p99 (ms)", _LIVE, _latency("live", "p99"), 60, 45),
    Bar(
        "live, four faces: p95 (ms)",
        f"{_LIVE} --faces 4",
        _latency("live_four", "p95"),
        80,
        55,
        note=lambda raw: f"{raw['live_four']['faces_per_frame']:g} faces found per frame",
    ),
    Bar(
        "live, classifier five times as slow: oldest frame beyond 150 ms + one inference (ms)",
        "speed.overload LOOP --slow 5",
        lambda raw: raw["overload"]["oldest_over_limit_ms"],
        0,
        note=lambda raw: _overload_note(raw["overload"]),
    ),
    Bar(
        "the same: frames shown per second against the camera's",
        "speed.overload LOOP --slow 5",
        lambda raw: raw["overload"]["rate_share"],
        0.95,
        0.99,
        higher=True,
        note=lambda raw: f"{raw['overload']['carried_over']} of {raw['overload']['shown']} with earlier emotions",
    ),
    Bar("each further face: CPU ms per frame", "speed.pipeline CLIP --faces 4 --repeat 3", further_face_ms, 4, 2),
    Bar(
        "live, 720p30, recording: frames lost to it",
        "recording.cost LOOP",
        lambda raw: raw["recording"]["lost_to_recording"],
        0,
        note=lambda raw: (
            f"{raw['recording']['not_shown_recording']} with, {raw['recording']['not_shown_without']} without"
        ),
    ),
    Bar(
        "live: resident memory at the end against after one minute (%)",
        "speed.soak CLIP --minutes M",
        lambda raw: raw["soak"]["growth"]["percent"],
        2,
        0.2,
        note=lambda raw: f"{raw['soak']['minutes']:g} min, {raw['soak']['growth']['last_mb']:g} MB at the end",
    ),
    Bar(
        "first annotated frame, times `import mediapipe, onnxruntime`",
        "speed.startup CLIP",
        _start_up,
        1.6,
        1.2,
        note=_start_up_note,
    ),
)
