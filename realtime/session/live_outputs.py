"""Where a run is shown besides its window: the live page and the virtual camera."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from realtime.core.errors import ConfigError
from realtime.core.options import RunOptions
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, ImageArray
from realtime.overlay.overlay import HudFacts
from realtime.serving.address import check_access
from realtime.serving.page_state import state_of
from realtime.serving.virtual_camera import VirtualCamera

if TYPE_CHECKING:
    from realtime.serving.page_server import PageServer

# Faster than anybody reads, slow enough for a phone to draw.
_STATE_STEP_S = 0.1


class Outlets:
    """The live page and the virtual camera of one run, those that its options ask for. Never waits for a viewer.

    Args:
        options: of the run.
        notify: receives one line for people for each of them.
        clock: monotonic seconds.

    Raises:
        ConfigError: a package is missing, or strangers could look.
        OutletError: the port cannot be had.
    """

    def __init__(
        self, options: RunOptions, notify: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._notify, self._clock = notify, clock
        self._said_at_s = float("-inf")
        self._token = options.serve_token
        self._camera = VirtualCamera() if options.virtual_camera else None
        self._page = None if options.serve is None else _page(options.serve, options.serve_token)

    @property
    def paced(self) -> bool:
        """Whether somebody may be looking, so that a file must be shown at its own speed."""
        return self._page is not None or self._camera is not None

    @property
    def wanted(self) -> bool:
        """Whether a picture would be seen by anybody now."""
        return self._camera is not None or (self._page is not None and self._page.watched)

    def open(self, info: SourceInfo) -> None:
        """Show from now on. Raises OutletError."""
        if self._camera is not None:
            self._camera.open(info)
            self._notify(f"virtual camera: {self._camera.device}")
        if self._page is not None:
            self._page.open(info)
            key = "" if self._token is None else "?token=TOKEN, with your token"
            self._notify(f"watch at {self._page.address.url}{key}")

    def write(self, analysed: Analysed, picture_bgr: ImageArray | None, hud: Callable[[], HudFacts]) -> None:
        """Show one frame.

        Args:
            analysed: what is known of it.
            picture_bgr: `(H, W, 3) uint8`, drawn and never written again; `None` where nobody looks.
            hud: asked now and then for the facts of the run.

        Raises:
            OutletError: an outlet has failed.
        """
        if self._camera is not None and picture_bgr is not None:
            self._camera.show(picture_bgr)
        if self._page is not None:
            now_s = self._clock()
            due = now_s - self._said_at_s >= _STATE_STEP_S
            self._said_at_s = now_s if due else self._said_at_s
            self._page.publish(picture_bgr, state_of(analysed, hud()) if due else None)

    def close(self) -> None:
        """Close both, the second even if the first fails; any number of times."""
        with ExitStack() as stack:
            if self._camera is not None:
                stack.callback(self._camera.close)
            if self._page is not None:
                stack.callback(self._page.close)


def _page(where: str, token: str | None) -> PageServer:
    """Return the page, its port taken. Raises ConfigError, OutletError."""
    address = check_access(where, token)
    try:
        from realtime.serving.page_server import PageServer
    except ImportError as error:
        raise ConfigError(
            f"--serve needs a package that is missing here ({error.name or error}): pip install 'emotion-live[serve]', "
            "or make setup-serve"
        ) from error
    return PageServer(address, token)
