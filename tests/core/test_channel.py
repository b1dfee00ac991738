from __future__ import annotations

import threading

import pytest

from realtime.core.channel import Channel, ChannelClosedError, OverflowPolicy
from tests.support.clocks import until


def producer(channel: Channel[int], count: int) -> threading.Thread:
    """Put so many numbers on another thread, and close the channel after them."""

    def produce() -> None:
        for item in range(count):
            channel.put(item)
        channel.close()

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    return thread


def test_live_keeps_the_newest_and_counts_what_it_drops() -> None:
    channel: Channel[int] = Channel(1, OverflowPolicy.DROP_OLDEST)
    for item in range(5):
        channel.put(item)
    assert channel.dropped == 4
    assert channel.get() == 4


def test_files_wait_for_room_and_lose_nothing() -> None:
    channel: Channel[int] = Channel(2, OverflowPolicy.WAIT)
    thread = producer(channel, 50)
    got = []
    with pytest.raises(ChannelClosedError):
        while True:
            got.append(channel.get(5))
    thread.join(5)
    assert got == list(range(50))
    assert channel.dropped == 0


@pytest.mark.timeout(10)
def test_close_wakes_a_blocked_producer_and_a_blocked_consumer() -> None:
    full: Channel[int] = Channel(1, OverflowPolicy.WAIT)
    full.put(1)
    empty: Channel[int] = Channel(1, OverflowPolicy.WAIT)
    ended = []

    def blocked(call: object) -> None:
        try:
            call()  # type: ignore[operator]
        except ChannelClosedError:
            ended.append(1)

    threads = [threading.Thread(target=blocked, args=(call,), daemon=True) for call in (lambda: full.put(2), empty.get)]
    for thread in threads:
        thread.start()
    # Nothing but the condition itself knows who waits.
    until(lambda: len(full._changed._waiters) == len(empty._changed._waiters) == 1)
    full.close()
    empty.close()
    for thread in threads:
        thread.join(5)
    assert len(ended) == 2
    assert full.get() == 1, "what waited before the close can still be taken"


def test_get_gives_up_after_its_timeout() -> None:
    channel: Channel[int] = Channel(1, OverflowPolicy.WAIT)
    with pytest.raises(TimeoutError):
        channel.get(0.01)


def test_take_waiting_never_blocks() -> None:
    channel: Channel[int] = Channel(3, OverflowPolicy.WAIT)
    assert channel.take_waiting(4) == []
    for item in range(3):
        channel.put(item)
    assert channel.take_waiting(2) == [0, 1]
    assert len(channel) == 1


@pytest.mark.timeout(10)
def test_take_waiting_waits_for_enough_but_not_for_what_cannot_come() -> None:
    channel: Channel[int] = Channel(3, OverflowPolicy.WAIT)
    thread = producer(channel, 8)
    got = [channel.take_waiting(2, 60.0), channel.take_waiting(9, 60.0), channel.take_waiting(9, 60.0)]
    thread.join(5)
    assert got == [[0, 1], [2, 3, 4], [5, 6, 7]], "as many as asked for, then as many as fit"
    assert channel.take_waiting(2, 60.0) == [], "closed"


def test_take_waiting_gives_what_there_is_when_the_time_is_over() -> None:
    channel: Channel[int] = Channel(3, OverflowPolicy.WAIT)
    channel.put(0)
    assert channel.take_waiting(2, 0.01) == [0]


def test_a_channel_knows_how_much_waited() -> None:
    channel: Channel[int] = Channel(3, OverflowPolicy.WAIT)
    for item in range(3):
        channel.put(item)  # found 0, 1, 2
    channel.take_waiting(3)
    channel.put(3)  # found 0
    assert channel.waiting == (0.75, 3)
    assert Channel(1, OverflowPolicy.WAIT).waiting == (0.0, 0)


def test_a_channel_needs_room() -> None:
    with pytest.raises(ValueError, match="received 0"):
        Channel(0, OverflowPolicy.WAIT)


@pytest.mark.timeout(10)
def test_clearing_makes_room_for_a_producer_that_waits_and_counts_nothing() -> None:
    channel: Channel[int] = Channel(2, OverflowPolicy.WAIT)
    thread = producer(channel, 3)
    until(lambda: len(channel._changed._waiters) == 1)
    channel.clear()
    thread.join(5)
    assert channel.take_waiting(9) == [2]
    assert channel.dropped == 0


@pytest.mark.timeout(10)
def test_taking_makes_room_for_a_producer_that_waits() -> None:
    channel: Channel[int] = Channel(1, OverflowPolicy.WAIT)
    thread = producer(channel, 3)
    for number in range(2):
        until(lambda: len(channel._changed._waiters) == 1)
        assert (channel.get(5) if number else channel.take_waiting(1)[0]) == number
    thread.join(5)
    assert channel.get() == 2
