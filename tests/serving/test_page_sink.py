"""Which pictures the page's sink draws: those that somebody watches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from realtime.core.types import Analysed
from realtime.serving import page_sink
from realtime.serving.page_sink import PageOptions
from tests.support.fakes import blank, make_run
from tests.support.pages.live_page import INFO
from tests.support.values.analysed import moment


class Watched:
    """A page whose visitors look at some sizes."""

    def __init__(self, sizes: set[str]) -> None:
        self.watched, self.watched_small = "large" in sizes, "small" in sizes
        self.published: list[tuple[Any, Any]] = []
        self.address = PageOptions("127.0.0.1:0")

    def open(self, _info: object) -> None:
        self.address = type("Address", (), {"url": "http://127.0.0.1/"})()

    def publish(self, picture: Any, _state: object, small: Any = None) -> None:
        self.published.append(tuple(None if one is None else int(one[0, 0, 0]) for one in (picture, small)))


@pytest.mark.parametrize("sizes", [set(), {"large"}, {"small"}, {"large", "small"}])
@pytest.mark.parametrize("has_small", [True, False])
def test_each_size_is_drawn_for_those_who_watch_it(
    monkeypatch: pytest.MonkeyPatch, sizes: set[str], has_small: bool
) -> None:
    page = Watched(sizes)
    monkeypatch.setattr(page_sink, "_page", lambda _options: page)
    sink = PageOptions("127.0.0.1:0").sink()

    def drawn(level: int) -> Any:
        def draw(_analysed: Analysed) -> np.ndarray:
            return blank(8, 8, level)

        return draw

    sink.open(make_run(INFO, picture=drawn(200), small_picture=drawn(50) if has_small else None))
    sink.write(moment(0.0, {1: "fear"}))
    small = 50 if has_small else 200
    assert page.published == [(200 if "large" in sizes else None, small if "small" in sizes else None)]
