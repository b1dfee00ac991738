from __future__ import annotations

import pytest

from realtime.smoothing.track_memory import TrackMemory


def test_a_track_is_forgotten_after_the_limit_and_not_at_it() -> None:
    memory: TrackMemory[str] = TrackMemory(2.0)
    memory.put(1, "a", 10.0)
    assert memory.forget(12.0) == []
    assert (memory.get(1), memory.seen_at(1)) == ("a", 10.0)
    assert memory.forget(12.001) == [1]
    assert (memory.get(1), 1 in memory, len(memory)) == (None, False, 0)
    with pytest.raises(KeyError):
        memory.seen_at(1)


@pytest.mark.parametrize(("back", "jump_to", "known"), [(None, 8.0, True), (None, 7.9, False), (0.0, 9.9, False)])
def test_time_may_jump_back_as_far_as_it_is_allowed_to(back: float | None, jump_to: float, known: bool) -> None:
    memory: TrackMemory[str] = TrackMemory(2.0, back)
    memory.put(1, "a", 10.0)
    memory.forget(jump_to)
    assert (1 in memory) == known


def test_seeing_a_track_again_keeps_it_and_its_place_in_the_order() -> None:
    memory: TrackMemory[str] = TrackMemory(2.0)
    memory.put(7, "a", 0.0)
    memory.put(3, "b", 0.0)
    memory.put(5, "c", 0.0)
    memory.touch(7, 3.0)
    memory.put(3, "B", 3.0)
    assert memory.forget(4.0) == [5]
    assert list(memory.values()) == ["a", "B"]


def test_seeing_an_unknown_track_makes_nothing_known_of_it() -> None:
    memory: TrackMemory[str] = TrackMemory(2.0)
    memory.touch(1, 0.0)
    assert 1 not in memory
    assert memory.forget(100.0) == []


def test_clearing_forgets_everybody() -> None:
    memory: TrackMemory[str] = TrackMemory(2.0)
    memory.put(1, "a", 0.0)
    memory.clear()
    assert (len(memory), memory.forget(100.0)) == (0, [])
