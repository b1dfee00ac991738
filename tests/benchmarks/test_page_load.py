"""The crowd of the page's benchmark, and who comes to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from benchmarks.serving.newcomer import entered_s
from benchmarks.serving.visitors import Visitors
from realtime.serving.connection_limits import REQUEST_LIMIT_S, ConnectionLimits
from tests.support.clocks import FakeClock, in_background, until
from tests.support.pages.live_page import noise, opened, state

pytestmark = pytest.mark.timeout(60)


def test_a_newcomer_has_entered_with_page_picture_and_event() -> None:
    page = opened()
    entered = in_background(lambda: entered_s(page.address.port))

    def shown() -> bool:
        page.publish(noise(1), state(1.0, {1: "fear"}))
        return entered.done()

    until(shown)
    assert (entered.result() or 0) > 0
    page.close()
    assert entered_s(page.address.port) is None, "whoever is turned away has not entered"


def test_each_kind_of_visitor_does_what_it_is_named_after() -> None:
    clock = FakeClock(0.0)
    page = opened(limits=ConnectionLimits(clock))
    visitors = Visitors(page.address.port)

    async def crowd() -> None:
        tasks = [asyncio.create_task(visitors.stay(kind)) for kind in ("reading", "slow", "idle", "unfinished")]

        async def come(is_so: Callable[[], object]) -> None:
            while not is_so():
                page.publish(noise(1), None)
                await asyncio.sleep(0.005)

        await come(
            lambda: page._feed.pictures.watchers == 2 and len(page._limits) == 4 and visitors.received_bytes > 10_000
        )
        clock.now_s = REQUEST_LIMIT_S + 1
        await come(lambda: visitors.ended["idle"] and visitors.ended["unfinished"])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(asyncio.wait_for(crowd(), 30))
    assert visitors.ended["reading"] == visitors.ended["slow"] == 0
    page.close()
