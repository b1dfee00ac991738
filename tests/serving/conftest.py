from __future__ import annotations

from collections.abc import Iterator

import pytest

from realtime.serving.page_server import PageServer
from tests.support.pages.live_page import opened


@pytest.fixture
def page() -> Iterator[PageServer]:
    """A page of this machine that shows nothing yet."""
    page = opened()
    yield page
    page.close()
