"""Sink that serves the run as a web page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.core.errors import ConfigError
from realtime.core.sink import Run
from realtime.core.types import Analysed
from realtime.serving.address import check_access, tls_context
from realtime.serving.page_state import PageState, state_of

if TYPE_CHECKING:
    from realtime.serving.page_server import PageServer

# Faster than anybody reads, slow enough for a phone to draw.
_STATE_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class PageOptions:
    """A web page that shows the run; a file is then delivered at its own speed.

    Attributes:
        where: `str`, "HOST:PORT".
        token: `str` or `None`, what every visitor must know; `None` lets in this machine only.
        certificate: `Path` or `None`, PEM file; with one the page is encrypted.
        key: `Path` or `None`, PEM file with the certificate's private key; `None`: it is in the same file.
        token_shown: `bool`, whether the token is said with the address, since nobody knows it yet.
        behind_proxy: `bool`, whether a proxy on this machine says in X-Forwarded-For who a visitor is.
    """

    where: str
    token: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    key: Path | None = None
    token_shown: bool = False
    behind_proxy: bool = False
    watched = True

    def check(self) -> None:
        """Refuse an address, a page for others without a token, or a certificate. Raises ConfigError."""
        check_access(self.where, self.token)
        if self.certificate is not None:
            tls_context(self.certificate, self.key)

    def sink(self) -> PageSink:
        """Return the sink, its port taken. Raises ConfigError: a package is missing; OutletError: the port is taken."""
        return PageSink(self)


class PageSink:
    """Publishes pictures and states; never waits for a reader.

    Args:
        options: where, and for whom.
        clock: monotonic seconds.

    Raises:
        ConfigError: a package is missing.
        OutletError: the port cannot be had.
    """

    name = "page"
    blocks_seeking = ""
    written: Path | None = None

    def __init__(self, options: PageOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._options, self._clock = options, clock
        self._page = _page(options)
        self._run: Run | None = None
        self._said_at_s = float("-inf")
        self._state: PageState | None = None

    def open(self, run: Run) -> None:
        """Serve from now on. Raises OutletError."""
        self._run = run
        self._page.open(run.source)
        key = "" if self._options.token is None else "?token=TOKEN, with your token"
        if self._options.token_shown:
            key = f"?token={self._options.token}"
        run.notify(f"watch at {self._page.address.url}{key}")

    def write(self, analysed: Analysed) -> None:
        """Publish one frame; it is drawn only while somebody watches. Raises OutletError: the server has failed."""
        if self._run is None:
            return
        now_s = self._clock()
        due = now_s - self._said_at_s >= _STATE_STEP_S
        self._said_at_s = now_s if due else self._said_at_s
        draw_small = self._run.small_picture or self._run.picture
        picture = self._run.picture(analysed) if self._page.watched else None
        small = draw_small(analysed) if self._page.watched_small else None
        self._state = state_of(analysed, self._run.status()) if due else self._state
        self._page.publish(picture, self._state if due else None, small)

    def notice(self, text: str) -> None:
        """Say a line while no frame comes. Raises OutletError: the server has failed."""
        if self._state is not None:
            self._page.publish(None, replace(self._state, run={**self._state.run, "notice": text}))

    def close(self) -> None:
        """End the page; any number of times."""
        self._page.close()


def _page(options: PageOptions) -> PageServer:
    """Return the page, its port taken. Raises ConfigError, OutletError."""
    address = check_access(options.where, options.token)
    try:
        from realtime.serving.page_server import PageServer
    except ImportError as error:
        raise ConfigError(
            f"--serve needs a package that is missing here ({error.name or error}): pip install 'emotion-live[serve]', "
            "or make setup-serve"
        ) from error
    tls = None if options.certificate is None else tls_context(options.certificate, options.key)
    return PageServer(address, options.token, tls=tls, behind_proxy=options.behind_proxy)
