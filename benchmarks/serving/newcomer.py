"""How long somebody who comes to a crowded page waits for it, for its first picture and for its first event."""

from __future__ import annotations

import http.client
import time

from benchmarks.serving.visitors import HOST

LIMIT_S = 10.0
_PATHS = ("/", "/picture.mjpeg", "/events")


def entered_s(port: int) -> float | None:
    """Return the seconds until page, first picture and first event have come; `None`: one of them did not.

    Args:
        port: the page's, on 127.0.0.1.
    """
    began_s = time.monotonic()
    for path in _PATHS:
        client = http.client.HTTPConnection(HOST, port, timeout=LIMIT_S)
        try:
            client.request("GET", path)
            answer = client.getresponse()
            # The head of a picture comes before there is one.
            if answer.status != 200 or not answer.read(1000):
                return None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()
    return time.monotonic() - began_s
