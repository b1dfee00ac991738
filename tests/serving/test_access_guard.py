"""Who may see the live page."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import socket
from collections.abc import Iterable, Iterator

import pytest

from realtime.core.errors import ConfigError, OutletError
from realtime.serving import access_guard
from realtime.serving.access_guard import GuessLimiter
from realtime.serving.address import Address, check_access, is_loopback, listen, made_token, parse_address
from realtime.serving.page_server import PageServer
from tests.support.clocks import FakeClock
from tests.support.pages.live_page import ask, opened

TOKEN = "correct-horse_battery.staple"


@pytest.fixture(scope="module")
def local() -> Iterator[PageServer]:
    page = opened()
    yield page
    page.close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[PageServer]:
    page = opened(TOKEN, "0.0.0.0", guesses=GuessLimiter(itertools.count(0, 2).__next__))
    yield page
    page.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "localhost:9000", "127.8.8.8:8080", "[::1]:8080", "LOCALHOST"]
)
def test_names_of_this_machine_are_answered(local: PageServer, host: str) -> None:
    assert ask(local, Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5", "[", ""],
)
@pytest.mark.parametrize("path", ["/", "/events", "/picture.mjpeg", "/none"])
def test_a_site_that_points_its_name_here_is_turned_away(local: PageServer, host: str, path: str) -> None:
    answer = ask(local, path, Host=host)
    assert answer.status == 403
    assert b"this machine only" in answer.read()


@pytest.mark.parametrize("path", ["/", "/page.js", "/events", "/picture.mjpeg", "/none"])
@pytest.mark.parametrize(
    "given", ["", "?token=wrong", f"?token={TOKEN}x", f"?token={TOKEN[:-1]}", "?token=", "?token=%FF"]
)
def test_nothing_is_told_without_the_token(guarded: PageServer, path: str, given: str) -> None:
    answer = ask(guarded, path + given)
    assert answer.status == 403
    assert answer.getheader("Set-Cookie") is None
    assert TOKEN.encode() not in answer.read()


def test_the_token_is_traded_for_a_cookie_that_does_not_tell_it(guarded: PageServer) -> None:
    answer = ask(guarded, f"/?token={TOKEN}")
    assert (answer.status, answer.getheader("Location")) == (303, "/")
    cookie = answer.getheader("Set-Cookie") or ""
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    name_and_value = cookie.split(";")[0]
    assert ask(guarded, "/", Cookie=name_and_value).status == 200
    assert ask(guarded, "/page.js", Cookie=name_and_value, Host="camera.lan:8080").status == 200
    assert ask(guarded, "/", Cookie=name_and_value[:-1]).status == 403
    assert ask(guarded, "/?token=wrong", Cookie=name_and_value).status == 403


def test_a_cookie_of_an_earlier_run_is_worth_nothing(guarded: PageServer) -> None:
    other = opened(TOKEN)
    values = [
        (ask(page, f"/?token={TOKEN}").getheader("Set-Cookie") or "").split(";")[0].partition("=")[2]
        for page in (guarded, other)
    ]
    other.close()
    assert values[0] != values[1], "made from the token, it could be tried as fast as cookies can"


def test_head_is_answered_without_a_body(local: PageServer, guarded: PageServer) -> None:
    for path, kind in (("/", "text/html"), ("/picture.mjpeg", "multipart/x-mixed-replace"), ("/events", "text/event")):
        answer = ask(local, path, "HEAD")
        assert answer.status == 200
        assert (answer.getheader("Content-Type") or "").startswith(kind)
        assert answer.read() == b""
    connection = http.client.HTTPConnection("127.0.0.1", local.address.port, timeout=10)
    for path in ("/events", "/picture.mjpeg", "/page.css"):
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert answer.status == 200, "the answer before has ended, though what it is about has no end"
        answer.read()
    connection.close()
    assert ask(local, "/none", "HEAD").status == 404
    assert ask(guarded, "/", "HEAD").status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_else_is_answered_and_what_is_answered_is_said(local: PageServer, method: str) -> None:
    answer = ask(local, "/", method)
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")


def test_whoever_is_refused_keeps_no_connection(local: PageServer, guarded: PageServer) -> None:
    refused = (ask(guarded), ask(guarded, "/?token=wrong"), ask(local, "/", "POST"), ask(local, Host="evil.example"))
    for answer in refused:
        assert answer.getheader("Connection") == "close"


def test_the_name_that_is_served_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert host == "camera.lan"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", resolved)
        page = opened(None, str(check_access("Camera.lan:0", None).host))
    assert page.address.url.startswith("http://camera.lan:")
    assert ask(page, Host=page.address.url.split("/")[2]).status == 200
    assert ask(page, Host="other.lan").status == 403
    page.close()


class Tries:
    """Tries of tokens, on a clock that moves only where somebody waits."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.limiter = GuessLimiter(self.clock, self.sleep)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def turn(self, host: str) -> bool:
        return asyncio.run(self.limiter.turn(host))

    def guess(self, hosts: Iterable[str]) -> int:
        """Wrong tokens from each of `hosts`; returns how many were looked at."""

        async def all_of_them() -> int:
            looked_at = 0
            for host in hosts:
                if await self.limiter.turn(host):
                    looked_at += 1
                    self.limiter.wrong(host)
            return looked_at

        return asyncio.run(all_of_them())


def test_one_address_tries_one_token_a_second() -> None:
    tries = Tries()
    looked_at = tries.guess(["10.0.0.1"] * 3400)
    assert looked_at <= 3, "the first, and those who wait two seconds at most"
    assert tries.slept == [1.0, 2.0]
    assert tries.turn("10.0.0.2"), "others are not slowed"
    assert tries.slept == [1.0, 2.0]
    for second in range(4, 104):
        tries.clock.now_s = float(second)
        looked_at += tries.guess(["10.0.0.1"])
    assert looked_at <= 103


def test_right_tokens_are_never_slowed() -> None:
    tries = Tries()
    assert all(tries.turn("10.0.0.1") for _ in range(100))
    assert tries.slept == []


def test_what_is_kept_of_guesses_is_bounded_and_so_are_the_guesses() -> None:
    tries = Tries()

    hosts = (f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}" for number in range(20_000))
    looked_at = tries.guess(hosts)
    assert len(tries.limiter._next_s) <= access_guard._MAX_GUESSERS + 1
    assert looked_at <= access_guard._MAX_GUESSERS + 3
    tries.clock.now_s = 5.0
    assert tries.turn("10.0.255.255")
    tries.limiter.wrong("10.0.255.255")
    assert len(tries.limiter._next_s) == 1, "what is over is forgotten"


def test_an_ipv6_network_is_one_guesser() -> None:
    tries = Tries()
    tries.limiter.wrong("2001:db8::1")
    tries.turn("2001:db8::2")
    assert tries.slept == [1.0]
    tries.turn("2001:db8:0:1::1")
    assert tries.slept == [1.0]


def test_guesses_are_slowed_at_the_door_and_a_cookie_is_not() -> None:
    clock = FakeClock(0.0)

    async def at_once(_: float) -> None:
        return None

    page = opened(TOKEN, guesses=GuessLimiter(clock, at_once))
    cookie = (ask(page, f"/?token={TOKEN}").getheader("Set-Cookie") or "").split(";")[0]
    # Without a proxy nobody's word is taken for who is asking.
    answers = [ask(page, f"/?token=wrong{n}", **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(20)]
    assert [answer.status for answer in answers] == [403] * 3 + [429] * 17
    assert answers[-1].getheader("Retry-After") == "1"
    assert ask(page, f"/?token={TOKEN}").status == 429, "it is not even looked at"
    assert ask(page, "/", Cookie=cookie).status == 200
    clock.now_s = 10.0
    assert ask(page, f"/?token={TOKEN}").status == 303
    page.close()


def test_behind_a_proxy_each_visitor_has_turns_of_their_own() -> None:
    page = opened(TOKEN, behind_proxy=True, guesses=GuessLimiter(FakeClock(0.0)))
    said = {"X-Forwarded-Proto": "https"}
    answers = [ask(page, f"/?token=wrong{n}", **said, **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(20)]
    assert {answer.status for answer in answers} == {403}
    answer = ask(page, f"/?token={TOKEN}", **said, **{"X-Forwarded-For": "10.0.0.99"})
    assert answer.status == 303
    assert "Secure" in (answer.getheader("Set-Cookie") or "")
    page.close()


def test_a_made_token_is_long_and_new_each_time() -> None:
    made = {made_token() for _ in range(50)}
    assert len(made) == 50
    assert {len(token) for token in made} == {22}
    assert all(check_access("0.0.0.0:1", token) for token in made)


def test_a_program_without_cookies_may_carry_the_token_along(guarded: PageServer) -> None:
    assert ask(guarded, f"/picture.mjpeg?token={TOKEN}").status == 200


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "host", "host:", "host:x", "127.0.0.1:70000", "h:1/x", "u@h:1", "::1:8080", "http://h:1"],
)
def test_an_address_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"must be HOST:PORT, as in 127\.0\.0\.1:8080; received") as caught:
        parse_address(text)
    assert "\n" not in str(caught.value)


def test_addresses_are_read_and_written() -> None:
    assert parse_address("[::1]:80") == Address("::1", 80)
    assert str(Address("::1", 80)) == "[::1]:80"
    assert str(parse_address("127.0.0.1:8080")) == "127.0.0.1:8080"
    assert Address("::1", 80).url == "http://[::1]:80/"
    assert Address("0.0.0.0", 80).url == f"http://{socket.gethostname()}:80/", "nobody can open 0.0.0.0 from elsewhere"


@pytest.mark.parametrize("text", ["0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080", "[2001:db8::1]:80"])
def test_without_a_token_only_this_machine_is_served(text: str) -> None:
    with pytest.raises(ConfigError, match=r"for this machine only.*--serve-token auto"):
        check_access(text, None)
    assert check_access(text, TOKEN) == parse_address(text)


@pytest.mark.parametrize("token", ["", "short", "with space", "with/slash", "ünïcödé! ünïcödé!", "a" * 15])
def test_a_token_that_is_weak_or_cannot_stand_in_an_address_is_refused(token: str) -> None:
    with pytest.raises(ConfigError, match="a token must have 16 or more") as caught:
        check_access("127.0.0.1:0", token)
    assert not token or token not in str(caught.value)


def test_a_name_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'no-such-host\.invalid', which has none"):
        check_access("no-such-host.invalid:8080", None)


def test_loopback_is_told_from_the_rest() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.evil", "")))


def test_an_address_of_another_machine_is_refused_in_one_line() -> None:
    with pytest.raises(OutletError, match=r"this machine has no such address; give 127\.0\.0\.1") as caught:
        listen(Address("192.0.2.1", 8080))
    assert "\n" not in str(caught.value)


def test_a_port_that_listens_already_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OutletError, match=f"cannot serve the page on 127.0.0.1:{port}: .*give another port"):
            listen(Address("127.0.0.1", port))
