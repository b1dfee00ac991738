"""Playback: what is made ahead, what is left out, and that a busy window is given no more than it can draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.app.jobs.player import Player, Shown
from tests.support.clocks import FakeClock, until
from tests.support.pictures.made_clips import write_clip
from tests.support.values.analysed import analysis_of

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def player(tmp_path: Path, clock: FakeClock) -> Player:
    """A player of three seconds at 30 pictures a second, whose thread was not started."""
    player = Player(analysis_of(write_clip(tmp_path / "clip.mp4", 90)), lambda job, event: None, clock)
    assert player._next_wish() == (0, True), "the first picture is shown before anybody asks"
    return player


def picture(index: int) -> Shown:
    return Shown(index, b"", (1, 1), 1.0)


def test_the_next_picture_is_made_shortly_before_its_moment(player: Player, clock: FakeClock) -> None:
    player.play()
    assert player._due_in_s() == pytest.approx(1 / 30)
    clock.sleep(0.02)
    assert player._next_wish() == (1, False), "less than half of the time is left"
    player._ready = picture(1)
    clock.sleep(0.02)
    assert player._next_wish() == (1, True)


def test_a_late_picture_that_is_ready_is_shown_and_else_the_newest_is_made(player: Player, clock: FakeClock) -> None:
    player.play()
    player._ready = picture(1)
    clock.sleep(0.11)
    assert player._next_wish() == (1, True)
    player._ready = None
    assert player._next_wish() == (3, True), "what was due meanwhile is left out"


def test_a_window_that_is_busy_is_given_no_more_pictures(player: Player, clock: FakeClock) -> None:
    player.play()
    player.pictures.put(picture(0))
    clock.sleep(0.11)
    assert player._next_wish() == (3, False), "one is made ahead, of what is due then"
    player._ready = picture(3)
    assert player._due_in_s() is not None
    assert not player._asked, "and no other one is asked for"
    assert player.pictures.take() is not None
    assert player._next_wish() == (3, True)


def test_the_thread_makes_the_pictures_in_the_size_that_was_asked_for_last(player: Player, clock: FakeClock) -> None:
    player.start()
    player.play()
    clock.sleep(0.03)
    player.resize((320, 192))
    shown: list[Shown] = []

    def came() -> bool:
        taken = player.pictures.take()
        shown.extend([taken] if taken else [])
        return bool(shown) and shown[-1].index == 1

    clock.sleep(0.01)
    until(came)
    assert shown[-1].size_wh == (320, 192)
    assert shown[-1].picture.startswith(b"P6 320 192 255\n")
    player.cancel()
