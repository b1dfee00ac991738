"""Each rule of the clocks alone: which times are believed, which are mended, and what is said of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from realtime.capture.frames.media_times import ArrivalTimes, MediaTimes, clock_may_leap, due_times, media_times
from realtime.core.protocols import SourceFindings
from tests.support.clocks import FakeClock

STEP_S = 0.1


def never() -> float:
    raise AssertionError("the next time was asked for, though nothing is strange")


def started(*times_s: float, step_s: float = STEP_S, **options: Any) -> tuple[MediaTimes, SourceFindings]:
    """A clock to which these times have come, none of which is strange."""
    findings = SourceFindings()
    times = MediaTimes(step_s, findings, **options)
    for time_s in times_s:
        times.place(time_s, never)
    return times, findings


def test_before_the_first_frame_a_clock_stands_at_zero() -> None:
    times = MediaTimes(STEP_S)
    assert (times.origin_s, times.end_s, times.step_s, times.plain) == (0.0, 0.0, STEP_S, True)


def test_times_count_from_the_first_one() -> None:
    times, findings = started(5.0, 5.1)
    assert (times.origin_s, times.plain) == (5.0, True)
    assert times.place(5.2, never) == pytest.approx(0.2)
    assert times.end_s == pytest.approx(0.3)
    assert findings.clock == [(0.0, 5.0)]


def test_frames_without_a_time_go_on_by_the_usual_step() -> None:
    times, findings = started()
    assert [times.place(None, never) for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2])
    assert (times.plain, findings.clock, findings.notes) == (False, [(0.0, 0.0)], [])


def test_times_that_the_reader_made_up_are_not_used() -> None:
    times, findings = started(7.0, 9.0, 100.0, without_times=True)
    assert times.place(0.0, never) == pytest.approx(0.3)
    assert (times.plain, findings.clock) == (False, [(0.0, 0.0)])


def test_a_new_clock_forgets_what_an_earlier_pass_found() -> None:
    findings = SourceFindings()
    findings.clock.append((0.0, 77.0))
    assert MediaTimes(STEP_S, findings).place(5.0) == 0.0
    assert findings.clock == [(0.0, 5.0)]


def test_the_usual_step_is_the_median_of_the_last_nine() -> None:
    at_s, times_s = 0.0, [0.0]
    for step_s in [0.1] * 20 + [0.3] * 4:
        at_s += step_s
        times_s.append(at_s)
    times, _ = started(*times_s)
    assert times.step_s == pytest.approx(0.1)
    times.place(at_s + 0.3, never)
    assert times.step_s == pytest.approx(0.3)


@pytest.mark.parametrize(("real_s", "usual_s"), [(0.095, 0.1), (0.105, 0.1), (0.089, 0.089), (0.115, 0.115)])
def test_the_declared_rate_counts_where_it_is_about_right(real_s: float, usual_s: float) -> None:
    times, _ = started(*(number * real_s for number in range(12)))
    assert times.step_s == pytest.approx(usual_s)


@pytest.mark.parametrize(("step_s", "tiny_s"), [(0.1, 0.001), (0.002, 0.0005)])
@pytest.mark.parametrize("back_steps", [0.0, 0.7])
def test_a_time_that_is_a_little_early_is_jitter(step_s: float, tiny_s: float, back_steps: float) -> None:
    times, findings = started(0.0, step_s, step_s=step_s)
    assert times.place(step_s - back_steps * step_s, never) == pytest.approx(step_s + tiny_s)
    assert (times.plain, findings.notes) == (True, [])


def test_a_time_that_is_early_by_most_of_a_step_is_a_restart() -> None:
    times, findings = started(0.0, 0.1, 0.2)
    assert times.place(0.12) == pytest.approx(0.3)
    assert times.plain is False
    assert findings.notes == ["the file's clock leaps at 0.20 s: times go on from there by the usual step"]
    assert findings.time_note == findings.notes[0]


@pytest.mark.parametrize(("step_s", "gap_s"), [(0.1, 1.0), (0.1, 0.6), (2.0, 10.0)])
def test_a_second_or_five_steps_are_nothing_strange(step_s: float, gap_s: float) -> None:
    times, findings = started(0.0, step_s=step_s)
    assert times.place(gap_s, never) == gap_s
    assert findings.notes == []


@pytest.mark.parametrize(("gap_s", "leap_s"), [(1.5, 600.0), (10.0, 10.0), (600.0, 600.0)])
def test_a_longer_gap_is_real_where_the_time_after_it_goes_on(gap_s: float, leap_s: float) -> None:
    times, findings = started(0.0, 0.1, leap_s=leap_s)
    assert times.place(0.1 + gap_s, lambda: 0.2 + gap_s) == pytest.approx(0.1 + gap_s)
    assert (times.plain, findings.notes, times.step_s) == (True, [], STEP_S)


def test_at_the_end_of_the_file_a_gap_is_real_too() -> None:
    times, findings = started(0.0, 0.1)
    assert times.place(5.0, lambda: None) == 5.0
    assert findings.notes == []


@pytest.mark.parametrize("leap_s", [10.0, 600.0])
def test_a_gap_beyond_the_limit_is_a_leap(leap_s: float) -> None:
    times, findings = started(3.0, 3.1, leap_s=leap_s)
    assert times.place(3.2 + leap_s, lambda: 3.3 + leap_s) == pytest.approx(0.2)
    assert findings.clock == [(0.0, 3.0), (pytest.approx(0.2), pytest.approx(3.0 + leap_s))]
    assert times.origin_s == pytest.approx(3.0 + leap_s)
    assert times.place(3.3 + leap_s, never) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("wild_s", "after_s", "placed_s"),
    [(9.0, 0.3, 0.2), (-9.0, 0.3, 0.2), (9.0, 0.15, 0.125), (9.0, 1.1, 0.2), (-9.0, 1.1, 0.2)],
)
def test_one_wild_time_is_left_out_where_the_next_one_goes_on(wild_s: float, after_s: float, placed_s: float) -> None:
    times, findings = started(3.0, 3.1)
    assert times.place(3.0 + wild_s, lambda: 3.0 + after_s) == pytest.approx(placed_s)
    assert findings.notes == ["the file has a wild time at 0.10 s: it was left out"]
    assert (times.plain, len(findings.clock)) == (False, 1)
    assert times.place(3.0 + after_s, lambda: None) == pytest.approx(after_s)


@pytest.mark.parametrize("after_s", [1.2, 0.1, 0.05])
def test_a_step_back_after_which_the_old_clock_does_not_go_on_is_a_leap(after_s: float) -> None:
    times, findings = started(0.0, 0.1)
    assert times.place(-9.0, lambda: after_s) == pytest.approx(0.2)
    assert len(findings.clock) == 2


def test_only_the_first_trouble_is_told() -> None:
    times, findings = started(0.0, 0.1)
    times.place(-50.0)
    times.place(900.0, lambda: 900.1)
    assert len(findings.clock) == 3
    assert findings.notes == ["the file's clock leaps at 0.10 s: times go on from there by the usual step"]


@pytest.mark.parametrize(("back_s", "placed_s", "stretch"), [(0.5, 0.5, 0.0), (0.45, 0.45, 0.0), (0.65, 0.4, 0.25)])
def test_a_clock_that_comes_back_within_three_steps_is_the_earlier_one(back_s, placed_s, stretch) -> None:
    times, findings = started(3.0, 3.1, 3.2, leap_s=10.0)
    assert times.place(500.0, lambda: 500.1) == pytest.approx(0.3)
    assert times.place(3.0 + back_s, lambda: 3.1 + back_s) == pytest.approx(placed_s)
    assert findings.clock[-1] == (pytest.approx(placed_s), pytest.approx(3.0 + stretch))


def test_after_a_seek_any_time_is_right() -> None:
    times, findings = started(0.0, 0.1, 0.2)
    times.jump()
    assert times.end_s == 0.0
    assert times.place(0.05, never) == 0.05
    times.jump()
    assert times.place(5000.0, never) == 5000.0
    assert (times.plain, findings.notes) == (True, [])


# ---- by format ------------------------------------------------------------------------------------------------------


def opened_as(flags: int, guessed: int | None = None, average: int | None = None) -> tuple[Any, Any]:
    stream = SimpleNamespace(guessed_rate=guessed, average_rate=average)
    return SimpleNamespace(format=SimpleNamespace(flags=flags)), stream


def test_only_the_formats_of_broadcasting_leap() -> None:
    assert [clock_may_leap(opened_as(flags)[0]) for flags in (0x0, 0x200, 0x2A0, 0x180)] == [False, True, True, False]


@pytest.mark.parametrize(("guessed", "average", "rate"), [(50, 24, 50), (None, 24, 24), (None, None, 25)])
def test_a_format_without_times_gets_the_best_rate_that_is_known(guessed, average, rate) -> None:
    findings = SourceFindings()
    times = media_times(*opened_as(0x80, guessed, average), findings)
    assert [times.place(time_s) for time_s in (3.0, 8.0)] == pytest.approx([0.0, 1 / rate])
    assert findings.time_note == f"the file carries no times: {rate} pictures per second are assumed"
    assert findings.notes == [findings.time_note]


@pytest.mark.parametrize(("flags", "gap_s", "real"), [(0x200, 11.0, False), (0x0, 11.0, True), (0x0, 601.0, False)])
def test_a_gap_is_a_leap_by_the_rules_of_the_format(flags: int, gap_s: float, real: bool) -> None:
    findings = SourceFindings()
    times = media_times(*opened_as(flags, average=20), findings)
    assert times.step_s == 1 / 20
    times.place(0.0)
    assert times.place(gap_s, lambda: gap_s + 0.05) == pytest.approx(gap_s if real else 0.05)
    assert len(findings.clock) == (1 if real else 2), "and the findings are those that were given"


def test_a_format_that_names_no_rate_has_thirty_pictures_a_second() -> None:
    assert media_times(*opened_as(0), SourceFindings()).step_s == pytest.approx(1 / 30)


# ---- live -----------------------------------------------------------------------------------------------------------


def test_a_senders_times_are_believed_within_the_tolerance() -> None:
    times = ArrivalTimes(tolerance_s=1.0)
    assert times.place(100.0, 7.0) == 0.0
    assert times.place(100.5, 8.5) == 0.5, "a second late, as is allowed"
    assert times.place(102.0, 8.0) == 2.0, "a second early"
    assert times.place(103.0, 8.75) == 2.001, "too early: the arrival counts from here on, but time never stands still"
    assert times.place(104.0, 11.0) == 4.0


@pytest.mark.parametrize(("first_s", "next_s"), [(None, 5.0), (5.0, None), (5.0, 5.0), (5.0, 4.5)])
def test_without_good_times_the_arrival_counts(first_s, next_s) -> None:
    times = ArrivalTimes()
    assert times.place(first_s, 7.0) == 0.0
    assert times.place(next_s, 7.25) == 0.25
    assert times.place(6.0, 7.5) == 0.5, "once wrong, never believed again"
    assert times.place(6.0, 7.5) == 0.501, "two that arrive at once"


def test_an_unusual_drift_of_two_seconds_ends_the_trust() -> None:
    times = ArrivalTimes()
    times.place(0.0, 0.0)
    assert times.place(3.0, 1.0) == 3.0
    assert times.place(4.5, 2.0) == 3.001


def due(clock: FakeClock, *, stopped: bool = False) -> Any:
    asked = due_times(MediaTimes(STEP_S), clock, clock.sleep, lambda: stopped)
    return lambda time_s: asked(SimpleNamespace(time=time_s))


def test_frames_are_due_at_their_pace_and_late_ones_at_once() -> None:
    clock = FakeClock(50.0)
    wait = due(clock)
    assert wait(8.0) == (0.0, 50.0)
    assert wait(8.5) == (0.5, 50.5)
    assert clock() == 50.5
    clock.now_s = 52.0
    assert wait(9.0) == (1.0, 51.0)
    assert clock() == 52.0, "nothing is waited for"


def test_once_stopped_nothing_is_waited_for() -> None:
    clock = FakeClock(50.0)
    wait = due(clock, stopped=True)
    wait(8.0)
    assert wait(9.0) == (1.0, 51.0)
    assert clock() == 50.0
