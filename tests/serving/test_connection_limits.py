"""Who keeps a connection to the live page: idle, slow and many clients, and those who come after them."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.serving.connection_limits import (
    ACCEPTED_AT_ONCE,
    ACCEPTED_PER_S,
    MAX_CONNECTIONS,
    MAX_FROM_HERE,
    MAX_PER_ORIGIN,
    REQUEST_LIMIT_S,
    STALL_LIMIT_S,
    AcceptPace,
    Connection,
    ConnectionLimits,
    origin_of,
)
from realtime.serving.page_server import PageServer
from tests.support.clocks import FakeClock, until
from tests.support.fuzzing import FUZZ
from tests.support.pages.live_page import ask, grey, knock, noise, opened, publish

pytestmark = pytest.mark.timeout(60)

HERE, AWAY = "127.0.0.1", "192.0.2.7"


class Crowd:
    """Connections that are admitted by a clock that the test moves, and the order in which they are ended."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.limits = ConnectionLimits(self.clock)
        self.ended: list[int] = []
        self._count = 0

    def come(self, host: str = AWAY, *, answered: bool = False) -> Connection | None:
        number, self._count = self._count, self._count + 1
        connection = self.limits.admit(host, lambda: self.ended.append(number))
        if connection is not None and answered:
            self.limits.answers(connection, True)
        self.clock.now_s += 0.001
        return connection


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_network_is_one_visitor(host: str, origin: str) -> None:
    assert origin_of(host) == origin


def test_a_flood_of_connections_is_taken_slowly_and_a_page_at_once() -> None:
    clock = FakeClock(0.0)
    pace = AcceptPace(clock)
    assert [pace.wait_s() for _ in range(ACCEPTED_AT_ONCE)] == [0.0] * ACCEPTED_AT_ONCE
    count = 0
    while clock.now_s < 10.0:
        clock.sleep(pace.wait_s())
        count += 1
    assert count == pytest.approx(10 * ACCEPTED_PER_S, rel=0.01)
    clock.sleep(5.0)
    assert [pace.wait_s() for _ in range(ACCEPTED_AT_ONCE)] == [0.0] * ACCEPTED_AT_ONCE
    assert pace.wait_s() > 0, "a quiet time does not add up"


def test_somebody_new_takes_the_place_of_who_has_been_idle_longest() -> None:
    crowd = Crowd()
    busy = crowd.come(answered=True)
    for _ in range(MAX_PER_ORIGIN - 1):
        assert crowd.come()
    assert crowd.ended == []
    assert crowd.come()
    assert crowd.come()
    assert crowd.ended == [1, 2], "the oldest idle ones, not the one that is answered"
    assert len(crowd.limits) == MAX_PER_ORIGIN
    assert busy is not None
    crowd.limits.leave(busy)
    crowd.limits.leave(busy)
    assert len(crowd.limits) == MAX_PER_ORIGIN - 1


def test_who_is_answered_and_reads_keeps_the_place() -> None:
    crowd = Crowd()
    readers = [crowd.come(answered=True) for _ in range(MAX_PER_ORIGIN)]
    assert crowd.come() is None
    assert crowd.come("192.0.2.8") is not None, "another address has places of its own"
    slow = readers[5]
    assert slow is not None
    crowd.limits.stalls(slow, True)
    assert crowd.come() is None, "a moment's wait is nothing"
    crowd.clock.now_s += 1.5
    assert crowd.come() is not None
    assert crowd.ended == [5]


def test_one_address_leaves_places_for_others() -> None:
    crowd = Crowd()
    admitted = sum(crowd.come(HERE, answered=True) is not None for _ in range(2 * MAX_CONNECTIONS))
    assert admitted == MAX_FROM_HERE < MAX_CONNECTIONS
    assert crowd.come(AWAY) is not None


def test_many_addresses_stay_within_the_total_and_idle_ones_make_room() -> None:
    crowd = Crowd()
    for n in range(40):
        for _ in range(MAX_PER_ORIGIN):
            assert crowd.come(f"192.0.2.{n}")
    assert len(crowd.limits) == MAX_CONNECTIONS
    assert crowd.come("198.51.100.1") is not None
    full = Crowd()
    for n in range(MAX_CONNECTIONS // MAX_PER_ORIGIN):
        for _ in range(MAX_PER_ORIGIN):
            full.come(f"192.0.2.{n}", answered=True)
    assert full.come("198.51.100.1") is None
    assert full.ended == []


def test_a_request_has_its_time_however_many_parts_keep_coming() -> None:
    crowd = Crowd()
    slow, fast = crowd.come(), crowd.come(answered=True)
    assert slow is not None
    assert fast is not None
    for _ in range(9):
        crowd.clock.now_s += REQUEST_LIMIT_S / 10
        crowd.limits.answers(slow, False)
        crowd.limits.end_overdue()
    assert crowd.ended == []
    crowd.clock.now_s += REQUEST_LIMIT_S / 10
    crowd.limits.end_overdue()
    assert crowd.ended == [0]
    crowd.clock.now_s += 1000
    crowd.limits.end_overdue()
    assert crowd.ended == [0], "an answer may last as long as the run"
    crowd.limits.answers(fast, False)
    crowd.limits.stalls(fast, True)
    crowd.limits.answers(fast, True)
    crowd.clock.now_s += STALL_LIMIT_S
    crowd.limits.end_overdue()
    assert crowd.ended == [0, 1], "unless nobody takes it"


@pytest.fixture
def crowded() -> Iterator[tuple[PageServer, FakeClock]]:
    """A page of this machine, and the clock of its limits."""
    clock = FakeClock(0.0)
    page = opened(limits=ConnectionLimits(clock))
    yield page, clock
    page.close()


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[PageServer]:
    """A page to which every example goes."""
    page = opened()
    yield page
    page.close()


def call(page: PageServer, start: bytes = b"", source: str = HERE) -> socket.socket:
    """A connection that sends the start of a request, or nothing."""
    client = socket.create_connection((HERE, page.address.port), timeout=10, source_address=(source, 0))
    client.sendall(start)
    return client


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
def test_idle_connections_keep_nobody_out(crowded: tuple[PageServer, FakeClock], start: bytes) -> None:
    page, _ = crowded
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS + 40):
            stack.enter_context(call(page, start))
        for _ in range(5):
            assert ask(page).status == 200
        assert len(page._limits) <= MAX_CONNECTIONS


def test_clients_that_read_nothing_keep_nobody_out(crowded: tuple[PageServer, FakeClock]) -> None:
    page, clock = crowded
    with ExitStack() as stack:
        for _ in range(MAX_FROM_HERE):
            stack.enter_context(knock(page, "/picture.mjpeg", receive_bytes=4096))
        until(lambda: page._feed.pictures.watchers == MAX_FROM_HERE)
        assert call(page).recv(1000).startswith(b"HTTP/1.1 503 "), "they may only have begun"
        for n in range(8):
            publish(page, noise(n), None)
        until(lambda: sum(one.stalled_since_s is not None for one in page._limits._all) == MAX_FROM_HERE)
        clock.now_s = 2.0
        assert ask(page).status == 200


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only here all of 127.0.0.0/8 is this machine")
def test_an_address_that_holds_all_it_can_keeps_no_other_address_out(crowded: tuple[PageServer, FakeClock]) -> None:
    page, _ = crowded
    with ExitStack() as stack:
        for _ in range(MAX_FROM_HERE + 5):
            stack.enter_context(knock(page, "/picture.mjpeg"))
        other = stack.enter_context(call(page, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", source="127.0.0.2"))
        assert other.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: ", b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET"])
def test_a_request_that_does_not_come_is_not_waited_for(crowded: tuple[PageServer, FakeClock], start: bytes) -> None:
    page, clock = crowded
    watching = ask(page, "/picture.mjpeg")
    client = call(page, start)
    until(lambda: len(page._limits) == 2)
    if start.startswith(b"HEAD"):
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    until(lambda: sum(one.waiting_since_s is not None for one in page._limits._all) == 1)
    clock.now_s = REQUEST_LIMIT_S + 1
    with suppress(ConnectionResetError):
        assert client.recv(4096) == b""
    until(lambda: page.watched)
    page.publish(grey(3), None)
    assert watching.read(10) == b"--picture\r"


PIECES = [
    *(b"GET ", b"HEAD ", b"/ ", b"/%ff?token=%", b"//x:y@[ ", b" HTTP/1.1\r\n", b"\r\n\r\n", b"PRI * HTTP/2.0"),
    *(b"Host: [\r\n", b"Cookie: ;;=\x80\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n"),
    *(
        b"Content-Length: 9\r\n",
        b"Expect: 100-continue\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Range: bytes=0-,-\r\n",
    ),
]


@FUZZ
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(PIECES)), max_size=8))
def test_whatever_is_sent_the_page_goes_on(fuzzed: PageServer, parts: list[bytes]) -> None:
    with suppress(ConnectionError), call(fuzzed, b"".join(parts)) as client:
        client.shutdown(socket.SHUT_WR)
    assert ask(fuzzed).status == 200


def test_a_place_is_free_again_when_its_client_has_gone(crowded: tuple[PageServer, FakeClock]) -> None:
    page, _ = crowded
    for _ in range(3):
        client = http.client.HTTPConnection(HERE, page.address.port, timeout=10)
        client.request("GET", "/")
        assert client.getresponse().read()
        client.close()
    call(page, b"\x16\x03\x01 not HTTP \r\n\r\n").close()
    until(lambda: len(page._limits) == 0)
    assert page._limits._by_origin == {}
