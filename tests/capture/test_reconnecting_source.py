"""Sources that break off and come back: media time goes on with the gap in it, and a stop ends the wait at once."""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from realtime.capture.open_source import CameraSource, source_for
from realtime.capture.reconnecting_source import ReconnectingSource
from realtime.core.errors import SourceError, SourceOpenError, SourceReadError
from realtime.core.protocols import SourceInfo
from realtime.core.types import Frame
from tests.support.clocks import LIMIT_S, FakeClock, Gate, in_background, until

STEP_S = 0.1
LOST = SourceReadError("cam broke off after 3 frames: it was reset; check the network")
GONE = SourceOpenError("cam did not open: connection refused")


class Connection:
    """One connection: so many frames 0.1 s apart by the clock, then its end; or it does not open."""

    def __init__(
        self,
        clock: FakeClock,
        frames: int = 3,
        end: SourceError | None = LOST,
        *,
        refused: bool = False,
        size_wh: tuple[int, int] = (64, 48),
        over: bool = False,
    ) -> None:
        self.live, self.dropped, self.damaged_packets = True, 2, 1
        self.farewell = "" if end else "cam ended: its sender closed it"
        self.over = over
        self._clock, self._left, self._end, self._refused, self._size_wh = clock, frames, end, refused, size_wh
        self._count = 0
        self.closed = self.interrupted = 0

    def open(self) -> SourceInfo:
        if self._refused:
            raise GONE
        return SourceInfo("cam", live=True, size_wh=self._size_wh, fps=10.0)

    def read(self) -> Frame | None:
        if self._count == self._left:
            if self._end is None:
                return None
            raise self._end
        image = np.zeros((self._size_wh[1], self._size_wh[0], 3), np.uint8)
        frame = Frame(image, self._count, self._count * STEP_S, self._clock())
        self._clock.sleep(STEP_S)
        self._count += 1
        return frame

    def interrupt(self) -> None:
        self.interrupted += 1

    def close(self) -> None:
        self.closed += 1


def chain(*kinds: Callable[[FakeClock], Connection], limit_s: float = 30.0, clock: FakeClock | None = None):
    """A source whose connections come one after the other, the last one again and again; lines and pauses beside it."""
    clock = clock or FakeClock()
    made: list[Connection] = []
    lines: list[str] = []
    pauses: list[float] = []

    def make() -> Connection:
        made.append(kinds[min(len(made), len(kinds) - 1)](clock))
        return made[-1]

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        clock.sleep(seconds)

    return ReconnectingSource(make, limit_s, clock=clock, wait=wait, notify=lines.append), made, lines, pauses


def take(source: ReconnectingSource, count: int) -> list[Frame]:
    frames = [source.read() for _ in range(count)]
    assert all(frame is not None for frame in frames)
    return frames  # type: ignore[return-value]


refused = functools.partial(Connection, refused=True)
lasting = functools.partial(Connection, frames=1000)


def test_a_source_that_comes_back_goes_on_with_the_gap_in_its_times() -> None:
    source, made, lines, pauses = chain(Connection, refused, refused, lasting)
    info = source.open()
    frames = take(source, 6)
    assert info.name == "cam"
    assert [frame.index for frame in frames] == list(range(6))
    # Broke at 0.3 s, came back after pauses of 0.5, 1 and 2 s.
    assert [frame.media_time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 3.8, 3.9, 4.0])
    assert [frame.captured_at_s - 50 for frame in frames] == pytest.approx([0, 0.1, 0.2, 3.8, 3.9, 4.0])
    assert pauses == [0.5, 1.0, 2.0]
    assert lines == [
        "cam broke off after 3 frames: it was reset; opening it again for up to 30 s (--reconnect)",
        "cam is back after 3.6 s",
    ]
    assert (source.dropped, source.damaged_packets) == (8, 4), "the counts of all connections"
    assert all(one.closed for one in made[:-1])
    source.close()
    assert made[-1].closed == 1


def test_an_unbroken_source_is_handed_through() -> None:
    source, _, lines, pauses = chain(functools.partial(Connection, frames=3, end=None, over=True))
    source.open()
    assert [frame.media_time_s for frame in take(source, 3)] == pytest.approx([0, 0.1, 0.2])
    assert source.read() is None
    assert source.farewell == "cam ended: its sender closed it"
    assert (lines, pauses) == ([], [])


def test_pauses_grow_and_the_limit_ends_the_run_with_the_cause() -> None:
    source, made, _, pauses = chain(Connection, refused, limit_s=60.0)
    source.open()
    take(source, 3)
    with pytest.raises(SourceReadError) as caught:
        source.read()
    assert str(caught.value) == (
        "cam broke off after 3 frames: it was reset; it did not come back within 60 s: wait longer (--reconnect)"
    )
    assert pauses[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0]
    assert sum(pauses) == pytest.approx(60)
    assert all(one.closed for one in made)


def test_a_sender_that_closed_and_stays_away_is_an_ordinary_end() -> None:
    source, _, lines, pauses = chain(functools.partial(Connection, end=None), refused)
    source.open()
    take(source, 3)
    assert source.read() is None
    assert source.farewell == "cam ended: its sender closed it; it did not come back within 30 s"
    assert "opening it again" in lines[0]
    assert sum(pauses) == pytest.approx(30)


def test_a_source_that_fails_over_and_over_is_not_hammered() -> None:
    short = functools.partial(Connection, frames=1)
    source, made, _, pauses = chain(short)
    source.open()
    take(source, 8)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    steady, *_, pauses = chain(functools.partial(Connection, frames=150))
    steady.open()
    take(steady, 500)
    assert pauses == [0.5, 0.5, 0.5], "after a connection that lasted 15 s the pauses begin anew"
    assert len(made) == 8


def test_a_day_of_breaks_keeps_times_and_indices_growing() -> None:
    clock = FakeClock()
    source, *_ = chain(functools.partial(Connection, frames=600), clock=clock)
    source.open()
    last, began_s = source.read(), 50.0
    while clock() - began_s < 86_400:
        clock.sleep(60)
        frame = source.read()
        assert frame is not None
        assert frame.index == last.index + 1
        assert frame.media_time_s > last.media_time_s
        last = frame
    assert last.index > 1000


def test_a_changed_picture_size_is_said() -> None:
    source, _, lines, _ = chain(Connection, functools.partial(Connection, frames=9, size_wh=(32, 24)))
    source.open()
    assert [frame.size_wh for frame in take(source, 4)][-1] == (32, 24)
    assert lines[-1].endswith("; its pictures are 32x24 pixels now, 64x48 before: a recording scales them")


def test_what_did_not_open_at_first_is_not_tried_again() -> None:
    source, made, *_ = chain(refused)
    with pytest.raises(SourceOpenError, match="connection refused"):
        source.open()
    assert len(made) == 1


def test_a_stop_ends_the_wait_at_once_and_without_a_word() -> None:
    clock, gate, lines = FakeClock(), Gate(), []
    made = [Connection(clock), Connection(clock, refused=True)]
    source = ReconnectingSource(iter(made).__next__, clock=clock, wait=gate, notify=lines.append)
    source.open()
    take(source, 3)
    waiting = in_background(source.read)
    until(lambda: gate.reached)
    source.interrupt()
    gate.open()
    assert waiting.result(LIMIT_S) is None
    assert source.farewell == ""
    assert len(lines) == 1
    assert made[0].interrupted == 1


def test_by_default_the_wait_itself_is_interrupted() -> None:
    clock, said = FakeClock(), Gate()
    made = iter([Connection(clock)])
    source = ReconnectingSource(lambda: next(made, refused(clock)), float("inf"), clock=clock, notify=said)
    source.open()
    take(source, 3)
    waiting = in_background(source.read)
    until(lambda: said.reached)
    said.open()
    source.interrupt()
    assert waiting.result(LIMIT_S) is None


def test_an_interrupt_while_it_is_opened_again_reaches_the_new_connection() -> None:
    clock, inside = FakeClock(), Gate()

    class Slow(Connection):
        def open(self) -> SourceInfo:
            inside()
            raise GONE

    made: Sequence[Connection] = [Connection(clock), Slow(clock)]
    source = ReconnectingSource(iter(made).__next__, clock=clock, wait=clock.sleep)
    source.open()
    take(source, 3)
    waiting = in_background(source.read)
    until(lambda: inside.reached)
    source.interrupt()
    assert made[1].interrupted == 1
    inside.open()
    assert waiting.result(LIMIT_S) is None


@pytest.mark.parametrize(("name", "kind"), [("0", ReconnectingSource), ("rtsp://host/a", ReconnectingSource)])
def test_cameras_and_streams_are_opened_again_where_that_is_asked_for(name: str, kind: type) -> None:
    assert type(source_for(name, reconnect_s=5)) is kind
    assert type(source_for(name)) is not kind
    assert isinstance(source_for("/dev/video3"), CameraSource)


@pytest.mark.parametrize("breaks", [False, True])
def test_a_connection_that_is_over_leaves_nothing_even_where_it_refers_to_itself(breaks):
    class Looped(Connection):
        def __init__(self, clock: FakeClock) -> None:
            super().__init__(clock, end=None)
            self.itself = self

        def read(self) -> Frame | None:
            frame = super().read()
            if frame is None and breaks:
                raise SourceReadError("cam broke off")
            return frame

    clock = FakeClock()
    made: list[weakref.ref[Connection]] = []

    def make() -> Connection:
        connection = Looped(clock)
        made.append(weakref.ref(connection))
        return connection

    source = ReconnectingSource(make, clock=clock, wait=clock.sleep)
    gc.disable()
    try:
        source.open()
        for _ in range(10):
            source.read()
        assert [connection() is not None for connection in made] == [False, False, False, True]
    finally:
        gc.enable()
        source.close()
