"""A report with given content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from realtime.core.types import Analysed
from realtime.reports.html_page import PageFacts
from realtime.reports.html_report import HtmlReport
from tests.support.analysed import moment

FACTS = PageFacts("clip <1> & co.mp4", [("Program", "emotion-live"), ("Manifest", "<b>abc</b>")])


def written(path: Path, frames: Iterable[Analysed], **options: Any) -> str:
    """Write the report of these frames, close it twice, and return its text."""
    report = HtmlReport(path, lambda: FACTS, **options)
    for frame in frames:
        report.write(frame)
    report.close()
    report.close()
    return path.read_text("utf-8")


def story() -> list[Analysed]:
    """Person 1: neutral, then happy, then uncertain; person 2 looks in for two seconds."""
    labels = ["neutral"] * 45 + ["happiness"] * 35 + ["uncertain"] * 20
    return [moment(n / 10, {1: label, **({2: "anger"} if 30 <= n < 50 else {})}) for n, label in enumerate(labels)]
