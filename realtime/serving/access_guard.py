"""Access control of the live page: loopback only, or a token that cannot be found by trying."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realtime.serving.address import Address, is_loopback
from realtime.serving.connection_limits import origin_of

# Loads only the page's own files, cannot be embedded by other sites, and sends no referrer.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
# What a browser sends as the host: an address in brackets or a name, and perhaps a port. A reader of whole addresses
# takes more: for that of Python 3.11 the host of "evil.example[::1]" is this machine.
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d*)?")

_GUESS_STEP_S = 1.0
_LONGEST_WAIT_S = 2.0
_MAX_GUESSERS = 1024


class GuessLimiter:
    """Lets each address try one token a second; a wrong one is what costs it the next second.

    Who comes earlier waits for a turn, two seconds at most. Right tokens cost nothing. Memory is bounded: where more
    addresses guess at the same time than are kept, those beyond share one turn.

    Args:
        clock: monotonic seconds.
        sleep: waits for the given seconds.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._next_s: dict[str, float] = {}
        self._forgot_s = float("-inf")

    async def turn(self, host: str) -> bool:
        """Wait until `host`, an IP address, may try a token; return `False` where that would take too long."""
        key, now_s = self._key(host), self._clock()
        turn_s = self._next_s.get(key, now_s)
        if turn_s <= now_s:
            return True
        if turn_s - now_s > _LONGEST_WAIT_S:
            return False
        self._next_s[key] = turn_s + _GUESS_STEP_S
        await self._sleep(turn_s - now_s)
        return True

    def wrong(self, host: str) -> None:
        """Note that what `host` tried was wrong."""
        key = self._key(host)
        self._next_s[key] = max(self._next_s.get(key, 0.0), self._clock() + _GUESS_STEP_S)

    def _key(self, host: str) -> str:
        key = origin_of(host)
        if key not in self._next_s and len(self._next_s) >= _MAX_GUESSERS:
            now_s = self._clock()
            # Not for every guess: then it would be the guessers who keep the server busy.
            if now_s - self._forgot_s >= _GUESS_STEP_S:
                self._next_s = {known: turn_s for known, turn_s in self._next_s.items() if turn_s > now_s}
                self._forgot_s = now_s
            if len(self._next_s) >= _MAX_GUESSERS:
                return ""
        return key


class AccessGuard:
    """ASGI middleware that rejects unauthorized requests.

    Without a token only addresses of this machine are served, and a request must also name one as its host: a site that
    lets its own name point to this machine (DNS rebinding) is turned away.

    Args:
        app: what is guarded.
        token: `str` or `None`; with one every request needs it, in the address or as the cookie that it is traded for.
        address: where it is served. Its name may stand in a request; its port is part of the cookie's name, so that
            several servers on one host do not share it.
        guesses: how fast tokens may be tried.
    """

    def __init__(self, app: ASGIApp, token: str | None, address: Address, guesses: GuessLimiter) -> None:
        self._app = app
        self._token = token
        self._name = address.host.lower()
        self._guesses = guesses
        self._cookie = f"emotion_live_{address.port}"
        # Random, not made from the token: who tries cookies would else be trying tokens, and cookies are not slowed.
        self._pass = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_RAW_HEADERS]}
            await send(message)

        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            answer: Response | None = _refusal("only GET and HEAD are answered here", 405, Allow="GET, HEAD")
        elif self._token is None:
            answer = self._unless_from_here(request)
        else:
            answer = await self._unless_known(request, self._token)
        await (answer or self._app)(scope, receive, send_guarded)

    def _unless_from_here(self, request: Request) -> Response | None:
        named = _HOST.fullmatch(request.headers.get("host", "").lower())
        host = "" if named is None else named[1] or named[2]
        if host in ("localhost", self._name) or is_loopback(host):
            return None
        return _refusal("this page is for this machine only: open it as 127.0.0.1 or localhost", 403)

    async def _unless_known(self, request: Request, token: str) -> Response | None:
        given = request.query_params.get("token")
        if given is None:
            known = _same(request.cookies.get(self._cookie, ""), self._pass)
            return None if known else _needs_token()
        host = request.client.host if request.client else ""
        if not await self._guesses.turn(host):
            return _refusal("too many wrong tokens came from your address: try again in a second", 429, Retry_After="1")
        if not _same(given, token):
            self._guesses.wrong(host)
            return _needs_token()
        if request.url.path != "/":
            return None
        # To a fixed place: a path of the visitor's making could lead to another site.
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="lax", secure=secure)
        return answer


def _needs_token() -> Response:
    return _refusal("this page needs its token: open it once with /?token=TOKEN in its address", 403)


def _refusal(text: str, status: int, **headers: str) -> Response:
    """Return an answer that also ends its connection: who is refused keeps no place."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PlainTextResponse(f"{text}\n", status, headers={**named, "Connection": "close"})


def _same(given: str, wanted: str) -> bool:
    """Compare in constant time, which does not reveal even the length."""
    digests = [hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in (given, wanted)]
    return hmac.compare_digest(*digests)
