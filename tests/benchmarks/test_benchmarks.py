"""The arithmetic and the pages of the benchmarks; nothing is timed here."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.common.looped_clip import looped
from benchmarks.common.stopwatch import WARM_UP_FRAMES, Stopwatch
from benchmarks.rivals.compare import OURS, commands, compared, ratio
from benchmarks.speed.live_session import LiveRun, missing, rate, spread
from benchmarks.speed.overload import over_limit_ms, slowed
from benchmarks.speed.pipeline import median_run
from benchmarks.speed.soak import MemoryLog, growth
from benchmarks.summary.page import markdown
from benchmarks.summary.plot import draw_results
from benchmarks.summary.table import pointed, read_raw
from benchmarks.summary.targets import BARS, NOT_MEASURED, further_face_ms, judged, verdict
from realtime.core.metrics import Metrics
from realtime.core.options import RunOptions
from realtime.inference.classifier import RegionClassifier
from tests.support.pictures.made_clips import opened, read_all, write_clip
from tests.support.values.analysed import moment

ROOT = Path(__file__).resolve().parents[2]
FACTS = {
    "date": "2026-01-02",
    "commit": "abc1234",
    "cpu": "a CPU",
    "cores": 2,
    "system": "Linux",
    "python": "3.11",
    "load_before": "0.01",
}


def figures(fps: float, cpu_ms: float, faces: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"fps": fps, "cpu_ms_per_frame": cpu_ms, "faces_per_frame": faces, **more}


def measured() -> dict[str, Any]:
    latency = {"p50": 17.0, "p95": 40.0, "p99": 61.0}
    stages = {"capture": {"p50_ms": 2.0, "p95_ms": 3.0, "cpu_ms": 2.5}}
    programs = {OURS: figures(150, 10), "textbook": figures(10, 150), "fer": figures(7.5, 170)}
    return {
        "replay": figures(150, 10, bound_ratio=0.85, bound_fps=176, stages=stages, alone_cpu_ms={"capture": 2.0}),
        "replay_four": figures(60, 25, 4.0),
        "live": {
            "fps": 30.0,
            "latency_ms": latency,
            "queues": {"landmarks": {"mean": 0.1, "max": 1}},
            "drops": {"landmarks busy": 3},
        },
        "live_four": figures(30, 25, 4.0, latency_ms=latency),
        "live_window": {"latency_ms": latency},
        "compare": {
            "programs": programs,
            "times_as_fast": {"textbook": 15.0, "fer": 20.0},
            "times_less_cpu": {"textbook": 15.0, "fer": 17.0},
        },
        "overload": {
            "oldest_over_limit_ms": -3.0,
            "age_ms": {"max": 197.0},
            "inference_ms": {"p50": 50.0},
            "rate_share": 0.96,
            "shown": 90,
            "carried_over": 70,
        },
        "recording": {"lost_to_recording": 1, "not_shown_recording": 1, "not_shown_without": 0},
        "startup": {
            "ratio": 1.3,
            "tensorflow_installed": False,
            "first_annotated_frame_s": 1.3,
            "import_mediapipe_onnxruntime_s": 1.0,
        },
        "soak": {"minutes": 2.0, "growth": {"percent": 0.1, "last_mb": 250.0}, "samples": [[0, 249], [5, 250]]},
    }


def ticking(step: float = 1.0) -> Any:
    ticks: Iterator[float] = itertools.count(0.0, step)
    return lambda: next(ticks)


def test_the_stopwatch_tells_start_up_from_the_steady_state() -> None:
    watch = Stopwatch(ticking(0.5), ticking(0.1))
    for _ in range(WARM_UP_FRAMES + 4):
        watch.frame_done(2)
    found = watch.figures()
    assert found["frames"] == WARM_UP_FRAMES + 4
    assert found["fps"] == 2.0
    assert found["cpu_ms_per_frame"] == 100.0
    assert found["start_up_s"] == 0.5 * WARM_UP_FRAMES
    assert found["faces_per_frame"] == 2.0


def test_a_clip_of_warm_up_frames_only_divides_by_nothing() -> None:
    watch = Stopwatch()
    watch.frame_done(0)
    assert (watch.figures()["fps"], watch.figures()["cpu_ms_per_frame"]) == (0.0, 0.0)


def test_programs_are_compared_by_their_medians() -> None:
    found = compared(
        {
            OURS: [figures(90, 9), figures(100, 10), figures(300, 11)],
            "textbook": [figures(5, 100), figures(8, 120), figures(9, 150)],
        }
    )
    assert found["programs"][OURS] == figures(100, 10)
    assert found["times_as_fast"] == {"textbook": 12.5}
    assert found["times_less_cpu"] == {"textbook": 12.0}
    assert ratio(1.0, 0.0) is None


def test_the_rival_runs_on_its_own_python_and_only_if_it_is_named() -> None:
    assert set(commands("c.mp4", None, None)) == {OURS, "textbook"}
    rival = commands("c.mp4", 2.0, Path("/envs/fer/bin/python"))["fer"]
    assert rival[0] == "/envs/fer/bin/python"
    assert rival[-3:] == ["c.mp4", "--seconds", "2.0"]


def test_a_looped_clip_goes_on_at_the_same_pace(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "short.mp4", 12, codec="libx264")
    assert looped(clip, 1.0, tmp_path / "long.mp4") == 3
    source, info = opened(tmp_path / "long.mp4")
    frames, error = read_all(source)
    assert error is None
    assert [round(frame.media_time_s * 30, 3) for frame in frames] == list(range(36))
    assert abs(int(frames[12].image_bgr[80, 80, 0]) - int(frames[0].image_bgr[80, 80, 0])) < 3
    assert info.fps == pytest.approx(30)


def test_frames_that_were_never_shown_are_counted_between_the_first_and_the_last() -> None:
    assert missing([5, 6, 9, 10]) == 2
    assert missing([]) == 0
    assert spread([0.001 * n for n in range(1, 101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def test_rates_are_of_what_lies_between_the_first_and_the_last() -> None:
    assert rate(range(4), [10.0, 10.5, 11.0, 11.5]) == 2.0
    assert rate([7, 9, 13], [0.0, 1.0, 2.0]) == 3.0, "frames that were never shown passed before the camera as well"
    assert rate([7], [0.0]) == rate([], []) == rate([1, 2], [3.0, 3.0]) == 0.0


def test_a_live_run_tells_whose_emotions_its_frames_showed(monkeypatch: pytest.MonkeyPatch) -> None:
    ages = [[0.0], [0.1], [0.2, math.inf], []]

    class Fake:
        metrics = Metrics()

        def __init__(self, options: object, on_frame: Any) -> None:
            self._on_frame = on_frame

        def run(self) -> None:
            # The first is start-up, and not counted.
            for number, age_s in enumerate([[0.0], *ages]):
                one = moment(number / 10, dict(enumerate(["fear"] * len(age_s), 1)))
                emotions = dataclasses.replace(one.emotions, age_s=np.array(age_s, np.float32))
                self._on_frame(dataclasses.replace(one, emotions=emotions))

    monkeypatch.setattr("benchmarks.speed.live_session.Session", Fake)
    found = LiveRun(RunOptions("0"), ticking(1.0)).run()
    assert (found["shown"], found["fps"], found["camera_fps"]) == (4, 1.0, 10.0)
    assert (found["carried_over"], found["not_yet"]) == (2, 1)
    assert found["emotion_age_ms"]["max"] == 200.0


def test_a_slowed_classifier_takes_that_many_times_as_long_and_is_itself_again_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RegionClassifier, "classify", lambda self, batch: ["said"])
    own = RegionClassifier.classify
    with slowed(5, clock=ticking()) as taken:
        assert RegionClassifier.classify(object(), []) == ["said"]  # type: ignore[arg-type,comparison-overlap]
    # The call itself takes one tick of this clock; five are filled, and one reads the end.
    assert taken == [6.0]
    assert RegionClassifier.classify is own
    assert over_limit_ms(age_ms=210, inference_ms=50) == 10


def test_growth_is_from_the_first_minute_to_the_end() -> None:
    early = [(float(at), 500.0) for at in range(0, 60, 5)]
    steady = [(float(at), 200.0) for at in range(60, 120, 5)]
    grown = [(float(at), 203.0) for at in range(120, 181, 5)]
    assert growth(early + steady + grown) == {"first_mb": 200.0, "last_mb": 203.0, "percent": 1.5}
    assert growth(early) is None


def test_memory_is_read_every_five_seconds() -> None:
    log = MemoryLog(lambda: 100.0, ticking(2.0))
    for _ in range(10):
        log.frame_done(None)
    assert [at for at, _ in log.samples] == [0.0, 6.0, 12.0, 18.0]


def test_bars_are_judged_in_their_own_direction() -> None:
    said = {line.bar.what: line.verdict for line in judged(measured())}
    by_start = {what.split(":")[0]: word for what, word in said.items()}
    assert said["replay, 720p, one face: fps against the bound"] == "met"
    assert said["replay: times as fast as fer"] == "reached"
    assert said["live, 720p30, one face: capture to display p50 (ms)"] == "reached"
    assert said["the same, p99 (ms)"] == "missed"
    assert by_start["each further face"] == "missed", "(25 - 10) / 3 is 5 ms"
    assert by_start["live, 720p30, recording"] == "missed"
    assert further_face_ms(measured()) == 5.0
    assert verdict(0.8, BARS[0]) == "met", "the bar itself is enough"


def test_what_failed_is_not_measured_and_breaks_nothing(tmp_path: Path) -> None:
    lines = judged({})
    assert {line.verdict for line in lines} == {NOT_MEASURED}
    assert markdown(lines, {}, FACTS, None).count(NOT_MEASURED) == len(BARS)
    short = measured()
    short["soak"]["growth"] = None
    assert judged(short)[-2].verdict == NOT_MEASURED


def test_a_start_up_beside_tensorflow_is_no_fair_measure() -> None:
    raw = measured()
    raw["startup"]["tensorflow_installed"] = True
    line = judged(raw)[-1]
    assert (line.verdict, "TensorFlow" in line.note) == (NOT_MEASURED, True)


def test_the_page_has_every_bar_and_tables_that_render() -> None:
    page = markdown(judged(measured()), measured(), FACTS, "x.png")
    assert "![Speed, latency, cost per stage and memory](x.png)" in page
    assert all(f"| {bar.what} |" in page for bar in BARS)
    assert "| live | 30 | landmarks 0.1 / 1 | 3 landmarks busy |" in page
    for table in re.findall(r"(?:^\|.*\n?)+", page, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table


def test_run_sh_takes_every_measurement_that_a_bar_wants() -> None:
    script = (ROOT / "benchmarks" / "run.sh").read_text("utf-8")
    taken = set(re.findall(r"^\s*(?:bench|step) (\w+)", script, re.MULTILINE))

    class Recording(dict):  # type: ignore[type-arg]
        def __getitem__(self, name: str) -> Any:
            wanted.add(name)
            return super().__getitem__(name)

    wanted: set[str] = set()
    judged(Recording(measured()))
    assert wanted <= taken
    assert all((ROOT / "benchmarks" / f"{bar.command.split()[0].replace('.', '/')}.py").is_file() for bar in BARS)


def test_broken_figures_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps({"fps": 3}), "utf-8")
    (tmp_path / "cut.json").write_text('{"fps": ', "utf-8")
    (tmp_path / "empty.json").write_text("", "utf-8")
    assert read_raw(tmp_path) == {"good": {"fps": 3}}


def test_the_readme_is_pointed_at_the_newest_table() -> None:
    before = "See [the newest table](benchmarks/results/old.md) and [others](x.md)."
    assert pointed(before, "benchmarks/results/new.md") == before.replace("old.md", "new.md")
    assert pointed((ROOT / "README.md").read_text("utf-8"), "NEW") != (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("raw", [{}, measured()])
def test_the_plot_is_drawn_with_whatever_was_measured(tmp_path: Path, raw: dict[str, Any]) -> None:
    pytest.importorskip("matplotlib", reason="plots need the train extra")
    draw_results(raw, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5000


def test_of_several_runs_the_median_one_is_told_with_the_first_ones_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    names = ("cpu_ms_per_frame", "fps", "alone_cpu_ms", "peak_rss_mb", "start_up_cpu_s")
    runs = [
        dict(zip(names, row, strict=True))
        for row in (
            (9, 200, {"capture": 2.0, "classify": 6.0}, 300, 4),
            (30, 60, {"capture": 9.0, "classify": 7.0}, 500, 1),
            (8, 190, {"capture": 1.0, "classify": 8.0}, 501, 1),
        )
    ]
    told = median_run(runs)
    assert (told["cpu_ms_per_frame"], told["peak_rss_mb"], told["start_up_cpu_s"]) == (9, 300, 4)
    # Each of these is a median of its own: of the frames per second, and of each stage alone.
    assert told["fps"] == 190
    assert told["alone_cpu_ms"] == {"capture": 2.0, "classify": 7.0}
    assert told["bound_fps"] == pytest.approx(2000 / 9, abs=0.1)
    assert told["bound_ratio"] == pytest.approx(190 * 9 / 2000, abs=0.001)
    told = median_run([runs[1], runs[0], runs[2]])
    assert (told["cpu_ms_per_frame"], told["peak_rss_mb"]) == (9, 500)
    assert [run["fps"] for run in told["runs"]] == [60, 200, 190]
