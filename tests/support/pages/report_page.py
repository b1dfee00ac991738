"""A report with given content, and what an HTML reader finds in a page."""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from realtime.core.types import Analysed
from realtime.reports.html_page import PageFacts
from realtime.reports.html_report import HtmlReport
from tests.support.values.analysed import moment

FACTS = PageFacts("clip <1> & co.mp4", [("Program", "emotion-live"), ("Manifest", "<b>abc</b>")])
_VOID = ("meta", "img", "br")
_LOADERS = ("src", "href", "xlink:href", "srcset", "action", "data")


def written(path: Path, frames: Iterable[Analysed], **options: Any) -> str:
    """Write the report of these frames, close it twice, and return its text."""
    report = HtmlReport(path, lambda: FACTS, **options)
    for frame in frames:
        report.write(frame)
    report.close()
    report.close()
    return plain(path.read_text("utf-8"))


def plain(text: str) -> str:
    """A page's text with ordinary spaces in place of those that no line break parts."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def story() -> list[Analysed]:
    """Person 1: neutral, then happy, then uncertain; person 2 looks in for two seconds."""
    labels = ["neutral"] * 45 + ["happiness"] * 35 + ["uncertain"] * 20
    return [moment(n / 10, {1: label, **({2: "anger"} if 30 <= n < 50 else {})}) for n, label in enumerate(labels)]


def saved_tables(text: str) -> dict[str, list[dict[str, str]]]:
    """Return the tables that a page offers to save, by their names."""
    links = re.findall(r'download="([^"]+)" href="data:text/csv;base64,([A-Za-z0-9+/=]+)"', text)
    return {name: list(csv.DictReader(base64.b64decode(data).decode().splitlines())) for name, data in links}


class Elements(HTMLParser):
    """Collects tags, links and text, and checks that every element is closed; `open` is empty in a whole page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self._page = page
        self.feed(page)

    def self_contained(self) -> bool:
        """Whether the page loads nothing and runs nothing."""
        return (
            all(link.startswith(("data:", "#")) for link in self.links)
            and not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(self.tags)
            and not [name for name in self.attributes if name.startswith("on")]
            and "http" not in self._page.replace("http-equiv", "")
            and not re.search(r"@import|javascript:", self._page)
        )

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._note(tag, attributes)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._note(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def _note(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]
        self.links += [value or "" for name, value in attributes if name in _LOADERS]
