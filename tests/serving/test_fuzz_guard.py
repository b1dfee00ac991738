"""Requests of every kind at the page's guard: nobody passes whom it does not know, and none of them ends in a trace."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from realtime.serving.access_guard import AccessGuard, GuessLimiter
from realtime.serving.address import Address
from tests.support.clocks import FakeClock
from tests.support.fuzzing import FUZZ

TOKEN = "correct-horse_battery.staple"
PIECES = (b"token=", b"token", TOKEN.encode(), TOKEN[:-1].encode(), b"&", b";", b"=", b"%", b"%00", b"+", b"\xff", b"/")
QUERIES = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=6).map(b"".join)
COOKIES = st.lists(
    st.sampled_from([b"emotion_live_8080", b"=", b";", b'"', b"\\", b" ", TOKEN.encode()]) | st.binary(max_size=4),
    max_size=6,
).map(b"".join)
HOSTS = st.lists(
    st.sampled_from(
        [b"127.0.0.1", b"localhost", b"[::1]", b"evil.example", b":80", b":", b"@", b"[", b"]", b".", b"%", b"/"]
    )
    | st.binary(max_size=4),
    max_size=4,
).map(b"".join)


def asked(token: str | None, **scope: Any) -> tuple[int, bool]:
    """Send one request; return the answer's status and whether the page behind the guard was reached."""
    sent: list[dict[str, Any]] = []

    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    clock = FakeClock()
    guard = AccessGuard(page, token, Address("0.0.0.0", 8080), GuessLimiter(clock, lambda seconds: asyncio.sleep(0)))
    whole = {"type": "http", "scheme": "http", "server": ("127.0.0.1", 8080), "client": ("192.0.2.7", 9), **scope}
    asyncio.run(guard(whole, None, send))  # type: ignore[arg-type]
    headers = dict(sent[0]["headers"])
    assert headers[b"x-content-type-options"] == b"nosniff", "every answer carries the guard's own headers"
    return sent[0]["status"], sent[0]["status"] == 200


@FUZZ
@given(QUERIES, COOKIES, st.sampled_from(["GET", "HEAD", "POST", "", "get"]), st.sampled_from(["/", "/events", "//x"]))
@example(b"token=" + TOKEN.encode(), b"", "GET", "/")
@example(b"token=" + TOKEN.encode(), b"", "GET", "/events")
def test_only_the_token_opens_the_page(query: bytes, cookie: bytes, method: str, path: str) -> None:
    headers = [(b"host", b"camera.local"), (b"cookie", cookie)]
    status, passed = asked(TOKEN, method=method, path=path, query_string=query, headers=headers)
    if method not in ("GET", "HEAD"):
        assert status == 405
    elif TOKEN.encode() not in query:
        assert status == 403
    elif passed or status == 303:
        assert passed == (path != "/")
    else:
        assert status == 403


@FUZZ
@given(HOSTS)
@example(b"127.0.0.1:8080")
@example(b"localhost")
@example(b"[::1]:8080")
@example(b"evil.example[::1]")
@example(b"x@127.0.0.1")
def test_only_who_names_this_machine_passes_without_a_token(host: bytes) -> None:
    status, passed = asked(None, method="GET", path="/", query_string=b"", headers=[(b"host", host)])
    plain = re.sub(r":\d*$", "", host.decode("latin-1").lower())
    assert passed == (plain in ("localhost", "0.0.0.0", "[::1]") or re.fullmatch(r"127(\.\d+){3}", plain) is not None)
    assert passed or status == 403
