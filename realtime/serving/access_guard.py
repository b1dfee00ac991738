"""Access control of the live page: loopback only, or a token."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from realtime.serving.address import is_loopback

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


class AccessGuard:
    """ASGI middleware that rejects unauthorized requests.

    Without a token only addresses of this machine are served, and a request must also name one as its host: a site that
    lets its own name point to this machine (DNS rebinding) is turned away.

    Args:
        app: what is guarded.
        token: `str` or `None`; with one every request needs it, in the address or as the cookie that it is traded for.
        port: `int`, part of the cookie's name, so that several servers on one host do not share it.
    """

    def __init__(self, app: ASGIApp, token: str | None, port: int) -> None:
        self._app = app
        self._token = token
        self._cookie = f"emotion_live_{port}"
        self._pass = "" if token is None else _keyed(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_RAW_HEADERS]}
            await send(message)

        request = Request(scope)
        if request.method != "GET":
            answer: Response | None = PlainTextResponse("only GET is answered here\n", 405)
        elif self._token is None:
            answer = self._unless_from_here(request)
        else:
            answer = self._unless_known(request, self._token)
        await (answer or self._app)(scope, receive, send_guarded)

    def _unless_from_here(self, request: Request) -> Response | None:
        try:
            host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        except ValueError:
            host = ""
        if host == "localhost" or is_loopback(host):
            return None
        return PlainTextResponse("this page is for this machine only: open it as 127.0.0.1 or localhost\n", 403)

    def _unless_known(self, request: Request, token: str) -> Response | None:
        given = request.query_params.get("token")
        cookie = request.cookies.get(self._cookie, "")
        if not (_same(cookie, self._pass) if given is None else _same(given, token)):
            return PlainTextResponse("this page needs its token: open it once with /?token=TOKEN in its address\n", 403)
        if given is None or request.url.path != "/":
            return None
        # To a fixed place: a path of the visitor's making could lead to another site.
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="lax")
        return answer


def _keyed(token: str) -> str:
    """Return the cookie's value: it grants access without revealing the token."""
    return hmac.new(token.encode(), b"emotion-live cookie", hashlib.sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    """Compare in constant time, which does not reveal even the length."""
    digests = [hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in (given, wanted)]
    return hmac.compare_digest(*digests)
