"""Who may see the live page."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from realtime.core.errors import ConfigError, OutletError
from realtime.serving.address import Address, check_access, is_loopback, listen, parse_address
from realtime.serving.page_server import PageServer
from tests.support.live_page import ask, opened

TOKEN = "correct-horse_battery.staple"


@pytest.fixture(scope="module")
def local() -> Iterator[PageServer]:
    page = opened()
    yield page
    page.close()


@pytest.fixture(scope="module")
def guarded() -> Iterator[PageServer]:
    page = opened(TOKEN, "0.0.0.0")
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
    with pytest.raises(ConfigError, match=r"for this machine only.*--serve-token TOKEN"):
        check_access(text, None)
    assert check_access(text, TOKEN) == parse_address(text)


@pytest.mark.parametrize("token", ["", "short", "with space", "with/slash", "ünïcödé!", "a" * 7])
def test_a_token_that_is_weak_or_cannot_stand_in_an_address_is_refused(token: str) -> None:
    with pytest.raises(ConfigError, match="--serve-token must have 8 or more") as caught:
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
